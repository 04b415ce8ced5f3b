"""Which runs are alike."""

from __future__ import annotations

import pandas as pd

from analytics.history.columns import typed
from analytics.history.run_context import groups


def test_what_has_no_finer_group_is_alone_with_its_key() -> None:
    """All keys of a kind would be taken for one finer group, whose past overrides their own."""
    rows = {"key": ["a", "b", "c"], "started_at": [0.0, 5.0, 10.0], "state": "succeeded"}
    table = typed(pd.DataFrame({**rows, "seconds": 1.0}))
    table["kind"] = ["shell", "shell", "prefect"]
    assert groups(table).keys() == {"key", "kind"}
    table["fine"] = ["", "", "with parameters"]
    assert len(set(groups(table)["fine"])) == 3
