"""What the README claims holds: its tables are those of the code, and a test runs its commands."""

from __future__ import annotations

import json

import pytest
from pydantic import SecretStr

from blocks.goal import Goal
from stack.registration.deployments import read_deployments
from tasks.settings import Settings
from tests.readme import ROOT, TEXT, block, blocks, code, inline_commands, table
from tests.run_forms import Json, run_forms

ON_A_STACK = "tests/integration/test_readme.py"
OPERATIONS = 'curl -K "$AUTH" "$API/deployments/$(deployment configure)'
GOAL = 'curl -K "$AUTH" "$API/deployments/$(deployment run)'
LINES = {
    "python -m benchmarks.planning --instances DIR": "tests/benchmarks/test_planning.py",
    "python -m benchmarks.loop --instances DIR": "tests/benchmarks/test_loop.py",
    "make demo": ".ci/run",
    "make test": ".ci/run",
    "make up": ON_A_STACK,
    "make up TAKE=1": "tests/test_make.py",
    "make status": ON_A_STACK,
    "make down": "tests/test_make.py",
    "make down ALL=1": "tests/test_make.py",
    "python -m benchmarks.forecasts --history history.csv --json": (
        "tests/benchmarks/test_forecasts.py"
    ),
}
"""Where each line of make, and each command within the text, is run."""
BLOCKS = {
    "API=": ON_A_STACK,
    OPERATIONS: ON_A_STACK,
    GOAL: ON_A_STACK,
    "RUN=": ON_A_STACK,
    "export PATH=": ON_A_STACK,
    "schedule() {": ON_A_STACK,
}
"""Where each other block, found by its start, is run: all of its lines."""


def test_the_first_forty_lines_are_enough_to_begin() -> None:
    """A stranger would leave before knowing what it is and how to see it."""
    top = "\n".join(TEXT.splitlines()[:40])
    assert top.startswith("# Slipway\n\nSlipway launches your projects")
    [picture] = blocks("text", top)
    assert {"split", "plan", "allocate", "backup", "deploy:"} <= set(picture.split())
    assert blocks("sh", top)[:2] == ["make demo\n", "make test\n"]


def test_every_command_is_run_by_a_test() -> None:
    """The README would teach a command that has never worked."""
    of_make = [each for each in blocks("sh") if each.startswith("make ")]
    lines = {*inline_commands(), *(line for each in of_make for line in each.splitlines())}
    others = [each for each in blocks("sh") if each not in of_make]
    assert sorted(lines - set(LINES)) == []
    assert [each for each in others if not each.startswith(tuple(BLOCKS))] == []


@pytest.mark.parametrize(("command", "where"), [*LINES.items(), *BLOCKS.items()])
def test_the_test_named_for_a_command_knows_it(command: str, where: str) -> None:
    """A command would count as tested by a test that has forgotten it."""
    text = (ROOT / where).read_text(encoding="utf-8")
    assert command in text.splitlines() or f'"{command}"' in text or f"'{command}'" in text


def signature(form: Json) -> list[str]:
    """Return the parameters of a form as the README writes them."""
    ordered = sorted(form["properties"].items(), key=lambda item: int(item[1]["position"]))
    return [
        name if name in form["required"] else f"{name} = {json.dumps(field['default'])}"
        for name, field in ordered
    ]


def test_every_deployment_is_listed_with_its_parameters() -> None:
    """A call made from the README would be refused."""
    listed = {code(row[1])[0]: code(row[2]) for row in table("operation")}
    assert listed == {name: signature(form) for name, form in run_forms().items()}


def test_every_deployment_has_its_line() -> None:
    """How to start an operation would have to be guessed from its neighbours."""
    lines = block(OPERATIONS).splitlines()
    called = [line.partition("$(deployment ")[2].partition(")")[0] for line in lines]
    assert sorted(f"{name}/{name}" for name in called) == sorted(run_forms())


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
    assert {row[0]: {row[1]} for row in table("parameter")} == expected


def written(default: object) -> str:
    """Return a default as the README writes it."""
    plain = default.get_secret_value() if isinstance(default, SecretStr) else default
    text = str(plain).lower() if isinstance(plain, bool) else str(plain)
    return f"`{text}`" if text else ""


def test_every_part_of_a_goal_is_listed() -> None:
    """A user would not find what can be asked for, or believe another default."""
    assert {row[0]: row[1] for row in table("goal")} == {
        f"`{name}`": "" if field.default is None else f"`{field.default}`"
        for name, field in Goal.model_fields.items()
    }


def test_every_setting_is_listed() -> None:
    """A user would not find what can be set, or believe another default."""
    assert table("setting") == [
        (f"`SLIPWAY_{name.upper()}`", written(field.default), field.description)
        for name, field in Settings.model_fields.items()
    ]


def test_every_schedule_is_listed() -> None:
    """A user would be surprised by what runs at night, or wait for a backup that sleeps."""
    declared = {
        (
            each.entrypoint.rpartition(".")[2].removesuffix("_flow"),
            each.name,
            f"`{schedule['slug']}`",
        ): schedule
        for each in read_deployments(ROOT / "prefect.yaml")
        for schedule in each.schedules
    }
    assert {schedule["timezone"] for schedule in declared.values()} == {"UTC"}
    listed = {(*code(row[0])[0].split("/"), row[1]): row[2:] for row in table("deployment")}
    assert {name: (row[0], row[1].split(":")[0]) for name, row in listed.items()} == {
        name: (
            f"`{schedule['cron']}`",
            "active" if schedule["active"] else "paused",
        )
        for name, schedule in declared.items()
    }


def test_the_errors_it_explains_are_ours() -> None:
    """A user would look for words that are never said."""
    files = [
        path
        for folder in ("stack", "flows", "tasks", "blocks")
        for path in ROOT.glob(f"{folder}/**/*.py")
    ]
    said = "\n".join(
        path.read_text(encoding="utf-8") for path in [*files, ROOT / "scripts/bootstrap.sh"]
    )
    explained = [text for row in table("it says") for text in code(row[0])]
    assert explained
    assert [text for text in explained if text not in said] == []
