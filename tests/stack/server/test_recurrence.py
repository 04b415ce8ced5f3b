"""Tests of recurrence rules that Prefect's server cannot compute."""

from __future__ import annotations

import json

import pytest
from prefect.server.schemas.schedules import RRuleSchedule

from stack.server.main import end_schedules
from stack.server.recurrence import can_be_followed
from stack.server.request_validation import admitted
from tasks.errors import BadInputError

pytestmark = pytest.mark.prefect

ENDLESS = [
    "DTSTART:00010101T000000Z\nRRULE:FREQ=SECONDLY",
    "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
]


@pytest.mark.parametrize("rule", ENDLESS)
def test_a_rule_without_an_end_to_count_is_refused(rule: str) -> None:
    """Broken: the server answers nobody any more, nor after a restart, and takes all memory."""
    text = rule.replace("\n", "\\n")
    body = f'[{{"active": true, "schedule": {{"rrule": "{text}"}}}}]'.encode()
    with pytest.raises(BadInputError, match=r"0\.schedule\.rrule.*too many occurrences"):
        admitted("/deployments/1/schedules", body)
    hidden = body.replace(b"rrule", b"\\u0072rule")
    with pytest.raises(BadInputError):
        admitted("/deployments/1/schedules", hidden)


UNCOUNTABLE = [
    "FREQ=DAILY;UNTIL=20200101T000000Z",
    "FREQ=DAILY;UNTIL=21000101T000000Z",
    "FREQ=SECONDLY;BYHOUR=25",
]
"""What Prefect takes, and fails over whenever it plans runs."""


@pytest.mark.parametrize("rule", UNCOUNTABLE)
async def test_a_rule_that_gives_no_times_is_refused(
    monkeypatch: pytest.MonkeyPatch, rule: str
) -> None:
    """Broken: it is taken, no run of it ever comes, and planning it fails from then on."""
    body = json.dumps([{"schedule": {"rrule": rule}, "active": True}]).encode()
    with pytest.raises(BadInputError, match=r"0\.schedule\.rrule: gives no times"):
        admitted("/deployments/1/schedules", body)
    as_it_is = RRuleSchedule._get_dates_generator
    monkeypatch.setattr(RRuleSchedule, "_get_dates_generator", as_it_is)
    end_schedules()
    assert await RRuleSchedule(rrule=rule).get_dates(n=3) == []


@pytest.mark.parametrize(
    "rule",
    ["DTSTART:99991231T235959\nRRULE:FREQ=DAILY", "DTSTART:25001231T235959Z\nRRULE:FREQ=DAILY"],
)
async def test_a_rule_that_begins_far_away_is_refused(
    monkeypatch: pytest.MonkeyPatch, rule: str
) -> None:
    """Broken: planning it fails, and with it that of all schedules of its deployment."""
    body = json.dumps([{"schedule": {"rrule": rule, "timezone": "America/New_York"}}]).encode()
    with pytest.raises(
        BadInputError, match=r"0\.schedule\.rrule: has a next time that is more than"
    ):
        admitted("/deployments/1/schedules", body)
    as_it_is = RRuleSchedule._get_dates_generator
    monkeypatch.setattr(RRuleSchedule, "_get_dates_generator", as_it_is)
    end_schedules()
    assert len(await RRuleSchedule(rrule=rule, timezone="America/New_York").get_dates(n=2)) < 3


@pytest.mark.parametrize(
    "rule",
    ["FREQ=DAILY;UNTIL=20210101T000000", "DTSTART:20200101T000000Z\nRRULE:FREQ=DAILY;COUNT=3"],
)
def test_a_rule_that_is_over_is_refused(rule: str) -> None:
    """Broken: a schedule is taken, and no run of it ever comes."""
    body = json.dumps({"schedule": {"rrule": rule}}).encode()
    with pytest.raises(BadInputError, match=r"schedule\.rrule: never occurs any more"):
        admitted("/deployments/1/schedules/2", body)
    assert can_be_followed(rule)  # a stored one keeps what it had


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;INTERVAL=2",
        "DTSTART:20200101T000000\nRRULE:FREQ=MINUTELY;INTERVAL=15",
        "DTSTART:20200101T000000Z\nRRULE:FREQ=WEEKLY;BYDAY=MO,FR\nEXDATE:20300101T000000Z",
        "no rule",
    ],
)
def test_a_rule_in_use_comes_in(rule: str) -> None:
    """Broken: what people schedule is refused, or a value that is not a rule is called endless."""
    assert can_be_followed(rule)


async def test_a_stored_rule_without_an_end_has_no_dates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: a server that has one from before never answers again."""
    as_it_is = RRuleSchedule._get_dates_generator
    monkeypatch.setattr(RRuleSchedule, "_get_dates_generator", as_it_is)
    end_schedules()
    assert await RRuleSchedule(rrule=ENDLESS[0]).get_dates(n=3) == []
    assert len(await RRuleSchedule(rrule="FREQ=HOURLY").get_dates(n=3)) == 3
