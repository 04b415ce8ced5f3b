"""Tests that the tables of docs/ on operations, goals and reports agree with the code."""

from __future__ import annotations

import json

from blocks.goal import Goal
from stack.registration.deployments import read_deployments
from stack.registration.work_pool import LIMITS, QUEUES
from tests.readme import ROOT, code, document
from tests.run_forms import Json, run_forms

OPERATIONS = document("operations")


def signature(form: Json) -> list[str]:
    """Return the parameters of a form as the page writes them."""
    ordered = sorted(form["properties"].items(), key=lambda item: int(item[1]["position"]))
    return [
        name if name in form["required"] else f"{name} = {json.dumps(field['default'])}"
        for name, field in ordered
    ]


def test_every_deployment_is_listed_with_its_parameters() -> None:
    """A call made from the page would be refused."""
    listed = {code(row[1])[0]: code(row[2]) for row in OPERATIONS.table("operation")}
    assert listed == {name: signature(form) for name, form in run_forms().items()}


def test_every_deployment_has_its_line() -> None:
    """How to start an operation would have to be guessed from its neighbours."""
    lines = OPERATIONS.block("start configure").splitlines()
    assert sorted(f"{line.split()[1]}/{line.split()[1]}" for line in lines) == sorted(run_forms())


def kind(field: Json) -> str:
    """Return the type of a field in words."""
    if "anyOf" in field:
        return " or ".join(kind(each) for each in field["anyOf"])
    if values := field.get("enum", [field["const"]] if "const" in field else []):
        return "one of " + ", ".join(f"`{value}`" for value in values)
    if field.get("type") == "array":
        return f"list of {kind(field['items'])}"
    return str(field.get("type", "object"))


def test_every_parameter_is_explained_with_its_type() -> None:
    """A user would have to guess what to send."""
    expected: dict[str, set[str]] = {}
    for name, form in run_forms().items():
        for parameter, field in form["properties"].items():
            flow = name.partition("/")[0]
            optional = parameter == "workload" and flow in {"estimate", "replay"}
            is_own = parameter == "strategy" or optional
            ours = f" of `{flow}`" if is_own else ""
            expected.setdefault(f"`{parameter}`{ours}", set()).add(kind(field))
    assert {row[0]: {row[1]} for row in OPERATIONS.table("parameter")} == expected


def test_every_strategy_of_run_is_explained() -> None:
    """A user would choose a strategy without knowing what it does."""
    values = run_forms()["run/run"]["properties"]["strategy"]["enum"]
    assert {code(row[0])[0] for row in OPERATIONS.table("strategy")} == set(values)


def test_every_report_is_explained() -> None:
    """A user would not know which of the reports answers a question."""
    _all, *values = run_forms()["report/report"]["properties"]["report"]["enum"]
    assert [code(row[0])[0] for row in document("reports").table("report")] == values


def test_every_queue_is_listed_with_its_operations_and_its_limit() -> None:
    """A user whose run stays Scheduled would look at another queue, or for another limit."""
    operations: dict[str, set[str]] = {queue: set() for queue in QUEUES}
    for each in read_deployments(ROOT / "prefect.yaml"):
        operations[each.queue].add(each.name)
    listed = {row[0]: (set(code(row[1])), row[2]) for row in OPERATIONS.table("queue")}
    assert listed == {
        f"`{queue}`": (names, str(LIMITS.get(queue, "no limit")))
        for queue, names in operations.items()
    }


def test_every_part_of_a_goal_is_listed() -> None:
    """A user would not find what can be asked for, or believe another default."""
    assert {row[0]: row[1] for row in document("goals").table("goal")} == {
        f"`{name}`": "" if field.default is None else f"`{field.default}`"
        for name, field in Goal.model_fields.items()
    }


def test_every_schedule_is_listed() -> None:
    """A user would be surprised by what runs at night, or wait for a backup that sleeps."""
    declared = {
        (each.name, each.name, f"`{schedule['slug']}`"): schedule
        for each in read_deployments(ROOT / "prefect.yaml")
        for schedule in each.schedules
    }
    assert {schedule["timezone"] for schedule in declared.values()} == {"UTC"}
    rows = OPERATIONS.table("deployment")
    listed = {(*code(row[0])[0].split("/"), row[1]): row[2:] for row in rows}
    assert {name: (row[0], row[1].split(":")[0]) for name, row in listed.items()} == {
        name: (
            f"`{schedule['cron']}`",
            "active" if schedule["active"] else "paused",
        )
        for name, schedule in declared.items()
    }
