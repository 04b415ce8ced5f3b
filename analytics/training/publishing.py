"""Publishing of trained models: estimates as ledger rows, forests as files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from analytics.durations.model_selection import MODEL
from analytics.training.backtest import Backtest
from analytics.training.model_store import StoredModel, load, save, versions
from tasks.ledger.connection import Ledger
from tasks.ledger.estimates import publish_estimates
from tasks.ledger.models import TrainedModel, record_model

DURATIONS = "durations"
FAILURES = "failures"


def publish_backtest(ledger: Ledger, backtest: Backtest, now: float) -> int:
    """Publish the estimates, where planning reads them; return how many."""
    published = 0
    for kind in backtest.kinds:
        if estimates := backtest.estimates(kind):
            publish_estimates(ledger, estimates, kind, now)
            published += len(estimates)
    return published


def last_model(directory: Path) -> StoredModel | None:
    """Return the newest stored forest of durations; None if there is none.

    A file that cannot be read, such as one of another version, is skipped.
    """
    for path in reversed(versions(directory, DURATIONS)):
        try:
            return load(path)
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return None


def record_models(
    ledger: Ledger, directory: Path, backtest: Backtest, code: str, now: float
) -> list[TrainedModel]:
    """Record the trained models, and save the forest where it replaces the last one."""
    if backtest.promotion.forest is None:
        return []
    trained_models = [_durations(backtest, code, now), *_failures(backtest, code, now)]
    numbers = [record_model(ledger, trained_model) for trained_model in trained_models]
    if backtest.promotion.replaces:
        trained = trained_models[0]
        save(
            directory,
            StoredModel(
                DURATIONS, numbers[0], trained.since, trained.until, trained.runs, code,
                trained.scores, backtest.forecasts.run_features.names, backtest.promotion.forest,
            ),
        )  # fmt: skip
    return trained_models


def _durations(backtest: Backtest, code: str, now: float) -> TrainedModel:
    accuracy, promotion = backtest.accuracy(), backtest.promotion
    scores = {
        f"min_max_ratio of {name}": value
        for name, value in backtest.selection.min_max_ratio.items()
    }
    if accuracy:
        scores |= {"min_max_ratio": accuracy.min_max_ratio, "within 10 %": accuracy.within}
        scores |= {
            f"coverage of p{level * 100:.0f}": backtest.coverage(level) or 0.0
            for level in (0.8, 0.9, 0.95)
        }
    selected = backtest.selection.selected
    if selected == MODEL:
        selected = "this version" if promotion.replaces else "the version before"
    return _trained(DURATIONS, backtest, code, now, scores, selected, promotion.why)


def _failures(backtest: Backtest, code: str, now: float) -> list[TrainedModel]:
    scores_of_failures = backtest.failure_scores()
    if scores_of_failures is None:
        return []
    area, brier = scores_of_failures
    constant = backtest.constant_brier or 0.0
    selected = MODEL if backtest.beats_base_rate else "share of failures"
    why = f"Brier {brier:.4f} against {constant:.4f} of the share of failures alone"
    scores = {"auc": area, "brier": brier, "brier of the share alone": constant}
    return [_trained(FAILURES, backtest, code, now, scores, selected, why)]


def _trained(  # noqa: PLR0917 - what a version consists of
    name: str,
    backtest: Backtest,
    code: str,
    now: float,
    scores: Mapping[str, float],
    selected: str,
    why: str,
) -> TrainedModel:
    ended = backtest.forecasts.table[backtest.forecasts.table["ended_at"].notna()]
    submitted = ended["submitted_at"]
    return TrainedModel(
        name, 0, now, float(submitted.min()), float(submitted.max()), len(ended), code,
        {key: round(value, 4) for key, value in scores.items()}, selected, why,
    )  # fmt: skip
