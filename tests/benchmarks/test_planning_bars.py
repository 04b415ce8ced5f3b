"""What plans must reach."""

from __future__ import annotations

import pytest

from benchmarks.planning_bars import plan_bars, scale_bars, time_bars


def limits(family: str, noise: float, *groups: str) -> dict[str, object]:
    """Return the limits that hold for a family's groups."""
    bars = plan_bars(family, noise, dict.fromkeys(groups, 0.0), 0.0, 0)
    return {name: bar.limit for name, bar in bars.items()}


@pytest.mark.parametrize(
    ("family", "noise", "groups", "bars"),
    [
        ("stg", 0.0, ("8 providers",), {"worse_than_greedy": 0, "mean_gap_percent": 0.5}),
        (
            "psplib",
            0.0,
            ("J30", "J60", "J120"),
            {
                "worse_than_greedy": 0,
                "J30: mean_gap_percent": 0.0,
                "J60: mean_gap_percent": 0.5,
                "J120: mean_gap_percent": 2.0,
            },
        ),
        (
            "wfformat",
            0.0,
            ("8 providers", "het8 providers"),
            {
                "worse_than_greedy": 0,
                "8 providers: mean_gap_percent": 1.0,
                "het8 providers: mean_gap_percent": 3.0,
            },
        ),
        (
            "wfformat",
            0.3,
            ("8 providers", "het8 providers"),
            {"8 providers: mean_gap_percent": 3.0, "het8 providers: mean_gap_percent": 7.0},
        ),
        ("wfformat", 0.5, ("8 providers",), {}),
        ("mmlib", 0.0, ("J50",), {"worse_than_greedy": 0}),
    ],
)
def test_each_family_has_its_own_bars(
    family: str, noise: float, groups: tuple[str, ...], bars: dict[str, object]
) -> None:
    """A plan would be held against the limit of another kind of instances."""
    assert limits(family, noise, *groups) == bars


def test_a_gap_beyond_its_limit_is_missed() -> None:
    """The benchmark would pass whatever plans cost."""
    bars = plan_bars("wfformat", 0.0, {"8 providers": 1.1, "het8 providers": 2.9}, 2.0, 1)
    assert {name for name, bar in bars.items() if not bar.met} == {
        "worse_than_greedy",
        "8 providers: mean_gap_percent",
    }


def test_a_first_plan_has_a_time_by_its_size() -> None:
    """Nobody would notice that planning had become slow."""
    bars = scale_bars({"10000 lanes": 0.1, "100000 vectors": 3.1, "500 lanes": 9.0})
    assert {name: (bar.limit, bar.met) for name, bar in bars.items()} == {
        "10000 lanes: first_plan_seconds": (0.2, True),
        "100000 vectors: first_plan_seconds": (3.0, False),
    }


def test_small_plans_and_large_dry_runs_have_a_time() -> None:
    """A user would wait for a plan longer than for the steps."""
    bars = time_bars(0.11, 4.9)
    assert {name: (bar.limit, bar.met) for name, bar in bars.items()} == {
        "small_plan_seconds": (0.1, False),
        "dry_run_1000_seconds": (5.0, True),
    }
