"""Readers of public instances: what stands in the file is what is planned."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.instances import mmlib, psplib

PATTERSON = """4 2
2 3
0 0 0 2 2 3
5 1 2 1 4
6 0 3 1 4
0 0 0 0
"""

MULTI_MODE = """jobs  (incl. supersource/sink ):\t4
RESOURCES
- renewable                 : 1 R
- nonrenewable              : 1 N
- doubly constrained        : 0 D
****
PRECEDENCE RELATIONS:
jobnr.\t#modes\t#successors\tsuccessors
1\t1\t2\t\t2 3
2\t2\t1\t\t4
3\t1\t1\t\t4
4\t1\t0
****
REQUESTS/DURATIONS
jobnr.\tmode\tdur\tR1\tN1
----
1\t1\t0\t0\t0
2\t1\t3\t2\t0
\t2\t5\t1\t4
3\t1\t2\t1\t1
4\t1\t0\t0\t0
****

 RESOURCE AVAILABILITIES
\tR 1\tN 1
\t2\t5

****
"""


def test_a_patterson_file(tmp_path: Path) -> None:
    """Another problem than the published one would be measured."""
    file = tmp_path / "J30_1.txt"
    file.write_text(PATTERSON)
    problem = psplib.read(file)
    assert [problem.needs_of(job).tolist() for job in range(4)] == [[], [0], [0], [1, 2]]
    assert problem.duration.tolist() == [0, 5, 6, 0]
    assert problem.demand.tolist() == [[0, 0], [1, 2], [0, 3], [0, 0]]
    assert problem.capacity.tolist() == [2, 3]


def test_a_multi_mode_file(tmp_path: Path) -> None:
    """Another problem than the published one would be measured."""
    file = tmp_path / "J501_1.txt"
    file.write_text(MULTI_MODE)
    problem = mmlib.read(file)
    assert [problem.needs_of(job).tolist() for job in range(4)] == [[], [0], [0], [1, 2]]
    assert problem.modes_at.tolist() == [0, 1, 3, 4, 5]
    assert problem.duration.tolist() == [0, 3, 5, 2, 0]
    assert problem.demand.tolist() == [[0], [2], [1], [1], [0]]
    assert problem.consumption.tolist() == [[0], [0], [4], [1], [0]]
    assert (problem.capacity.tolist(), problem.budget.tolist()) == ([2], [5])


@pytest.mark.parametrize(("family", "table"), [("psplib", "bks.csv"), ("mmlib", "mmlib_bks.csv")])
def test_instances_are_found(tmp_path: Path, family: str, table: str) -> None:
    """The benchmark would measure nothing, or files of another family."""
    (tmp_path / "J30_1.txt").write_text(PATTERSON)
    (tmp_path / table).touch()
    modules = {"psplib": psplib, "mmlib": mmlib}
    assert {name for name, module in modules.items() if module.holds(tmp_path)} == {family}
