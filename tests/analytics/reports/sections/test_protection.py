"""Deployments and backups."""

from __future__ import annotations

from dataclasses import replace

from analytics.reports.sections.protection import protection_figures, protection_sections
from tests.analytics.reports.recorded import PASSWORD, last_week, nothing, shop_history


def test_what_was_deployed_and_what_was_reverted() -> None:
    """A reverted deployment would count as one that serves."""
    context = last_week(shop_history())
    deployed, backed_up = protection_figures(context)
    assert (deployed.value, deployed.before) == (1, 0)
    assert (backed_up.value, backed_up.before) == (2, 1)
    deployments, backups = protection_sections(context)
    assert deployments.sentences[0].startswith("1 done, 1 reverted.")
    newest = deployments.tables[0].rows[0]
    assert newest[6:] == ("reverted", 9.0, newest[8], "GET /health: 500")
    [row] = backups.tables[0].rows
    assert (row[0], row[2], row[4], row[5], row[6]) == ("shop", 2, 1200, 80, 4)


def test_the_reason_of_a_revert_tells_no_secret() -> None:
    """A report would pass on what a service has printed."""
    everything = shop_history()
    document = {"reason": f"connect postgres://me:{PASSWORD}@db failed"}
    rollouts = tuple(replace(rollout, document=document) for rollout in everything.rollouts)
    sections = protection_sections(last_week(replace(everything, rollouts=rollouts)))
    assert PASSWORD not in str(sections)


def test_of_nothing_nothing_is_said() -> None:
    """An empty table would look like a fault."""
    assert all(
        not section.sentences and not section.tables for section in protection_sections(nothing())
    )
