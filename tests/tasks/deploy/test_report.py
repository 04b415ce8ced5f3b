"""What people read of a rollout."""

from dataclasses import replace

from tasks.deploy.report import RolloutRevertedError, markdown_of, report_of
from tasks.deploy.rollout import Phase, Rollout

DONE = Rollout(
    "shop",
    "prod",
    "2",
    phase=Phase.DONE,
    to_release="f" * 64,
    from_version="1",
    serving=("o",),
    timeline=((Phase.PREPARING, 10.0), (Phase.SHIFTING, 12.5), (Phase.DONE, 12.75)),
)


def test_the_report_says_how_long_each_phase_took() -> None:
    """Otherwise a slow deploy cannot be explained."""
    report = report_of("r", DONE, {"web": "http://127.0.0.1:8300/"})
    assert report.phases == ((Phase.PREPARING, 2.5), (Phase.SHIFTING, 0.25))
    assert report.switch_seconds == 0.25
    text = markdown_of(report)
    assert "From **1** to **2**" in text
    assert "| shifting | 0.25 |" in text
    assert "| web | <http://127.0.0.1:8300/> |" in text
    assert "kept warm" in text


def test_a_reverted_rollout_says_why_and_what_serves() -> None:
    """Otherwise whoever deployed believes the site is down."""
    reverted = replace(DONE, phase=Phase.REVERTED, reason="web: answers 500")
    report = report_of("r", reverted, {})
    assert not report.succeeded
    assert not report.warm
    assert "Reverted. Version 1 still serves." in markdown_of(report)
    assert "```\nweb: answers 500\n```" in markdown_of(report)
    assert "Version 1 still serves" in str(RolloutRevertedError(report))


def test_a_withdrawn_rollout_says_what_serves_and_asks_for_nothing() -> None:
    """Otherwise its user mends a version that nothing is wrong with, and believes it serves."""
    reverted = replace(DONE, phase=Phase.REVERTED, from_version="2", version="3")
    withdrawn = replace(reverted, reason="it was withdrawn for a rollback, by the run 'x' (1)")
    report = replace(report_of("r", withdrawn, {}, "1"), withdrawn=True)
    message = str(RolloutRevertedError(report))
    assert "to 3 was taken back before it moved the traffic: it was withdrawn for a roll" in message
    assert "by the run 'x' (1). Version 1 serves. There is nothing to fix" in message
    assert "Version 2" not in message
    assert "Taken back. Version 1 serves." in markdown_of(report)
    assert "Nothing serves there." in str(RolloutRevertedError(replace(report, serves="")))


def test_a_reverted_first_rollout_claims_nothing_that_serves() -> None:
    """Otherwise the report speaks of a version that never was."""
    first = replace(DONE, phase=Phase.REVERTED, from_version="", serving=())
    assert "still serves" not in markdown_of(report_of("r", replace(first, reason="ill"), {}))
