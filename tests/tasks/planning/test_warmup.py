"""tasks.planning.warmup: the kernels of planning are compiled before a user waits for them."""

from __future__ import annotations

import pytest

from tasks.planning.kernels import anneal, construct, perturb, simulate
from tasks.planning.warmup import plans


@pytest.mark.slow
def test_it_meets_the_kernels_of_a_first_plan_and_of_its_improvement() -> None:
    """The first workload would wait a quarter of a minute for the compiler."""
    assert [len(planned.placements) for planned in plans()] == [20, 20, 20]
    met = (
        (construct, ("finishes", "on_lanes", "on_vectors")),
        (anneal, ("anneal",)),
        (perturb, ("perturb",)),
        (simulate, ("dispatched_on_lanes", "dispatched_on_vectors")),
    )
    for module, kernels in met:
        assert [name for name in kernels if not getattr(module, name).compiled.signatures] == []
