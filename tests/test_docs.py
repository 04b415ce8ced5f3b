"""What docs/ claims holds: its tables are those of the code, and its links lead somewhere."""

from __future__ import annotations

import json
import re
from urllib.parse import unquote

import pytest
from pydantic import SecretStr

from blocks.goal import Goal
from stack.registration.deployments import read_deployments
from stack.registration.work_pool import LIMITS, QUEUES
from tasks.settings import Settings
from tests.readme import README, ROOT, Document, code, document, documents
from tests.run_forms import Json, run_forms

OPERATIONS = document("operations")
OTHERS = [Document(ROOT / f"{name}.md") for name in ("CHANGELOG", "CONTRIBUTING", "SECURITY")]
LONGEST = 400
"""How many characters a paragraph, an item of a list or a row of a table may have."""
ON_A_STACK = "tests/integration/test_readme.py"
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
    "start configure": ON_A_STACK,
    "start run": ON_A_STACK,
    "RUN=": ON_A_STACK,
    "export PATH=": ON_A_STACK,
    "schedule() {": ON_A_STACK,
}
"""Where each other block, found by its start, is run: all of its lines."""


def _name(each: Document) -> str:
    """Return how a page is called in a report of pytest."""
    return str(each.path.relative_to(ROOT))


@pytest.mark.parametrize("page", [*documents(), *OTHERS], ids=_name)
def test_every_link_leads_somewhere(page: Document) -> None:
    """A reader would meet an error in place of an answer."""
    lost = []
    for link in page.links():
        path, _, anchor = unquote(link).partition("#")
        target = Document((page.path.parent / path).resolve()) if path else page
        if not target.path.exists() or (anchor and anchor not in target.anchors()):
            lost.append(link)
    assert lost == []


def test_every_page_can_be_found() -> None:
    """A page that nothing leads to would be written for nobody."""
    index = document("README")
    linked = {(index.path.parent / link.partition("#")[0]).resolve() for link in index.links()}
    pages = documents()[1:]
    assert [_name(each) for each in pages if each.path not in {*linked, index.path}] == []
    assert "docs/README.md" in README.links()


@pytest.mark.parametrize("page", documents(), ids=_name)
def test_no_paragraph_is_long(page: Document) -> None:
    """Nobody with a question would find its answer."""
    paragraphs = re.split(r"\n\n|\n(?=[-|\d])", page.prose)
    assert [each for each in paragraphs if len(each) > LONGEST] == []


@pytest.mark.parametrize("page", documents(), ids=_name)
def test_every_command_is_run_by_a_test(page: Document) -> None:
    """A page would teach a command that has never worked."""
    of_make = [each for each in page.blocks("sh") if each.startswith("make ")]
    lines = {*page.inline_commands(), *(line for each in of_make for line in each.splitlines())}
    others = [each for each in page.blocks("sh") if each not in of_make]
    assert sorted(lines - set(LINES)) == []
    assert [each for each in others if not each.startswith(tuple(BLOCKS))] == []


@pytest.mark.parametrize(("command", "where"), [*LINES.items(), *BLOCKS.items()])
def test_the_test_named_for_a_command_knows_it(command: str, where: str) -> None:
    """A command would count as tested by a test that has forgotten it."""
    text = (ROOT / where).read_text(encoding="utf-8")
    assert command in text.splitlines() or f'"{command}"' in text or f"'{command}'" in text


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


def written(default: object) -> str:
    """Return the default of a setting as the page writes it."""
    plain = default.get_secret_value() if isinstance(default, SecretStr) else default
    text = str(plain).lower() if isinstance(plain, bool) else str(plain)
    return f"`{text}`" if text else ""


def test_every_setting_is_listed() -> None:
    """A user would not find what can be set, or believe another default."""
    assert document("configuration").table("setting") == [
        (f"`SLIPWAY_{name.upper()}`", written(field.default), field.description)
        for name, field in Settings.model_fields.items()
    ]


@pytest.mark.parametrize("page", documents(), ids=_name)
def test_the_settings_it_names_exist(page: Document) -> None:
    """A user would set what nothing reads."""
    named = set(re.findall(r"\bSLIPWAY_[A-Z_]+", page.text))
    known = {f"SLIPWAY_{name.upper()}" for name in Settings.model_fields}
    given = {"SLIPWAY_OUTPUT", "SLIPWAY_ITEM", "SLIPWAY_RUN_ID"}
    assert named - known - given == set()


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
    tables = [rows for rows in document("troubleshooting").tables() if rows[0][0] == "it says"]
    explained = [text for rows in tables for row in rows[2:] for text in code(row[0])]
    assert explained
    assert [text for text in explained if text not in said] == []


def test_the_places_in_the_code_exist() -> None:
    """Who wants to know how it works would look for a file that is gone."""
    named = [
        each
        for each in code(document("architecture").prose)
        if re.fullmatch(r"[\w./]+/[\w.]*", each)
    ]
    assert "stack/server/" in named
    assert [each for each in named if not (ROOT / each).exists()] == []


def test_the_glossary_is_in_order() -> None:
    """Who looks a word up would pass it by, or find it twice."""
    terms = [row[0].lower() for row in document("glossary").table("term")]
    assert terms == sorted(set(terms))
