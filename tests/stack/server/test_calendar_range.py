"""Tests of points in time that leave the calendar in UTC."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from stack.server.calendar_range import refuse_edges_in_query
from stack.server.request_validation import admitted
from tasks.errors import BadInputError

BEFORE = "0001-01-01T00:00:00+14:00"
AFTER = "9999-12-31T23:59:59-00:01"


@pytest.mark.parametrize("moment", [BEFORE, AFTER, "0001-01-01 00:00+0100"])
@pytest.mark.parametrize(
    "path", ["/flow_runs/filter", "/deployments/1/create_flow_run", "/logs/", "/events/filter"]
)
def test_a_point_that_is_in_no_calendar_is_refused(moment: str, path: str) -> None:
    """Broken: the server answers 500 or 503, and names neither field nor value."""
    body = json.dumps({"state": {"state_details": {"scheduled_time": moment}}}).encode()
    with pytest.raises(BadInputError) as error:
        admitted(path, body)
    message = str(error.value)
    assert message.startswith(
        "state.state_details.scheduled_time: is before year 1 or after year 9999"
    )
    assert f"(got '{moment}'). Write" in message
    with pytest.raises(BadInputError):
        admitted(path, body.replace(b"01", b"\\u0030\\u0031"))


@pytest.mark.parametrize(
    "moment",
    ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00-14:00", "9999-12-31", "0001-01-01", "0001-x"],
)
def test_the_edge_itself_comes_in(moment: str) -> None:
    """Broken: who asks for all runs, from the first day to the last, gets none."""
    body = json.dumps({"flow_runs": {"expected_start_time": {"after_": moment}}}).encode()
    assert admitted("/flow_runs/filter", body) == body


@pytest.mark.parametrize("moment", [BEFORE, AFTER])
def test_a_query_is_looked_at_as_well(moment: str) -> None:
    """Broken: the graph of a run answers 500 for such a point in its address."""
    query = f"limit=5&since={quote(moment)}".encode()
    with pytest.raises(BadInputError, match=r"^since: is before year 1 or after year 9999"):
        refuse_edges_in_query(query)
    refuse_edges_in_query(b"since=0001-01-01T00:00:00Z")
