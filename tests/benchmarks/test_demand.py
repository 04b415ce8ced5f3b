"""The benchmark of demand: its bars."""

from __future__ import annotations

from benchmarks.demand import M4_HORIZON, M4_NAME, bars


def log(*ratios: float) -> dict[str, object]:
    """Return the figures of a log with one series a ratio to the better seasonal naive."""
    series = {
        f"series {number}": {f"{hours} h": {"of_better_naive": ratio} for hours in (24, 168)}
        for number, ratio in enumerate(ratios)
    }
    return {"series": series}


def test_the_middle_series_decides() -> None:
    """One series that is easy would hide that the others are not forecast."""
    assert all(bar.met for bar in bars(log(0.2, 0.85, 1.4)).values())
    assert not any(bar.met for bar in bars(log(0.2, 0.86, 1.4)).values())
    assert set(bars(log(1.0))) == {"of_better_naive_median, 24 h", "of_better_naive_median, 168 h"}
    assert bars({"series": {}}) == {}


def test_m4_has_bars_of_its_own() -> None:
    """Its error would be held against a ratio."""
    figures = {"series": {M4_NAME: {f"{M4_HORIZON} h": {"mase": 1.01, "seconds": 59.0}}}}
    assert {name: bar.met for name, bar in bars(figures).items()} == {
        "mase": False,
        "seconds": True,
    }
