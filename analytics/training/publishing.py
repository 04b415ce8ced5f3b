"""What was learnt, as rows of the ledger and as files: all that anybody else reads of the models."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from analytics.demand.chart import DemandOutlook
from analytics.demand.step_demand import rows
from analytics.durations.model_selection import MODEL
from analytics.training.backtest import Backtest
from analytics.training.model_store import StoredModel, load, save, versions
from tasks.ledger.connection import Ledger
from tasks.ledger.estimates import publish_estimates
from tasks.ledger.forecasts import publish_forecasts
from tasks.ledger.models import TrainedModel, record_model

DURATIONS = "durations"
FAILURES = "failures"


def publish_learnt(ledger: Ledger, tested: Backtest, now: float) -> int:
    """Publish the estimates, where planning reads them; return how many."""
    published = 0
    for kind in tested.kinds:
        if found := tested.estimates(kind):
            publish_estimates(ledger, found, kind, now)
            published += len(found)
    return published


def publish_demand(ledger: Ledger, found: Mapping[str, DemandOutlook], now: float) -> int:
    """Publish the demand of the hours to come; return how many rows."""
    made = rows(found)
    publish_forecasts(ledger, made, now)
    return len(made)


def last_model(directory: Path) -> StoredModel | None:
    """Return the newest forest of durations that was ever champion; None where there is none.

    A file that cannot be read, such as one of another version, is as good as none.
    """
    for path in reversed(versions(directory, DURATIONS)):
        try:
            return load(path)
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return None


def record_learnt(
    ledger: Ledger, directory: Path, tested: Backtest, code: str, now: float
) -> list[TrainedModel]:
    """Record what was trained, and keep the forest in a file where it replaces the last one."""
    if tested.retraining.forest is None:
        return []
    found = [_durations(tested, code, now), *_failures(tested, code, now)]
    numbers = [record_model(ledger, one) for one in found]
    if tested.retraining.replaces:
        trained = found[0]
        save(
            directory,
            StoredModel(
                DURATIONS, numbers[0], trained.since, trained.until, trained.runs, code,
                trained.scores, tested.forecasts.run_features.names, tested.retraining.forest,
            ),
        )  # fmt: skip
    return found


def _durations(tested: Backtest, code: str, now: float) -> TrainedModel:
    accuracy, choice = tested.accuracy(), tested.retraining
    scores = {
        f"min_max_ratio of {name}": value for name, value in tested.selection.min_max_ratio.items()
    }
    if accuracy:
        scores |= {"min_max_ratio": accuracy.min_max_ratio, "within 10 %": accuracy.within}
        scores |= {
            f"coverage of p{level * 100:.0f}": tested.coverage(level) or 0.0
            for level in (0.8, 0.9, 0.95)
        }
    by = tested.selection.champion
    if by == MODEL:
        by = "this version" if choice.replaces else "the version before"
    return _trained(DURATIONS, tested, code, now, scores, by, choice.why)


def _failures(tested: Backtest, code: str, now: float) -> list[TrainedModel]:
    scored = tested.failure_scores()
    if scored is None:
        return []
    area, off = scored
    constant = tested.constant_brier or 0.0
    champion = MODEL if tested.beats_base_rate else "share of failures"
    why = f"Brier {off:.4f} against {constant:.4f} of the share of failures alone"
    scores = {"auc": area, "brier": off, "brier of the share alone": constant}
    return [_trained(FAILURES, tested, code, now, scores, champion, why)]


def _trained(  # noqa: PLR0917 - what a version consists of
    name: str,
    tested: Backtest,
    code: str,
    now: float,
    scores: Mapping[str, float],
    champion: str,
    why: str,
) -> TrainedModel:
    ended = tested.forecasts.table[tested.forecasts.table["ended_at"].notna()]
    submitted = ended["submitted_at"]
    return TrainedModel(
        name, 0, now, float(submitted.min()), float(submitted.max()), len(ended), code,
        {key: round(value, 4) for key, value in scores.items()}, champion, why,
    )  # fmt: skip
