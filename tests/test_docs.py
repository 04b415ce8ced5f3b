"""Tests that the pages of docs/ can be found and read, and name only what exists."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest

from stack.reads.application import ENDPOINTS
from tasks.settings import Settings
from tests.readme import README, ROOT, Document, code, document, documents

OTHERS = [Document(ROOT / f"{name}.md") for name in ("CHANGELOG", "CONTRIBUTING", "SECURITY")]
MAX_LENGTH = 400
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
    "operations": ("API=", "start configure", "RUN=", "export PATH=", "schedule() {"),
    "goals": ("start run",),
    "api": ("curl -K",),
}
"""The starts of all other blocks, by page; all of their lines are run on a stack."""


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
    assert [each for each in paragraphs if len(each) > MAX_LENGTH] == []


@pytest.mark.parametrize("page", documents(), ids=_name)
def test_every_command_is_run_by_a_test(page: Document) -> None:
    """A page would teach a command that has never worked."""
    of_make = [each for each in page.blocks("sh") if each.startswith("make ")]
    lines = {*page.inline_commands(), *(line for each in of_make for line in each.splitlines())}
    others = [each for each in page.blocks("sh") if each not in of_make]
    assert sorted(lines - set(LINES)) == []
    assert [each for each in others if not each.startswith(BLOCKS.get(page.path.stem, ()))] == []


@pytest.mark.parametrize(("command", "where"), LINES.items())
def test_the_test_named_for_a_command_knows_it(command: str, where: str) -> None:
    """A command would count as tested by a test that has forgotten it."""
    text = (ROOT / where).read_text(encoding="utf-8")
    assert command in text.splitlines() or f'"{command}"' in text


@pytest.mark.parametrize("page", BLOCKS)
def test_the_test_on_a_stack_knows_each_block(page: str) -> None:
    """A block would count as tested by a test that has forgotten it."""
    text = (ROOT / ON_A_STACK).read_text(encoding="utf-8")
    assert f'document("{page}")' in text
    assert [each for each in BLOCKS[page] if f'block("{each}")' not in text.replace("'", '"')] == []


@pytest.mark.parametrize("page", documents(), ids=_name)
def test_the_settings_it_names_exist(page: Document) -> None:
    """A user would set what nothing reads."""
    named = set(re.findall(r"\bSLIPWAY_[A-Z_]+", page.text))
    known = {f"SLIPWAY_{name.upper()}" for name in Settings.model_fields}
    given = {"SLIPWAY_OUTPUT", "SLIPWAY_ITEM", "SLIPWAY_RUN_ID"}
    assert named - known - given == set()


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


def test_every_read_is_listed_with_its_parameters() -> None:
    """Who wants to know what runs would start a flow run for it."""
    listed = {code(row[0])[0]: set(code(row[2])) for row in document("api").table("read")}
    in_path = {each.path: set(re.findall(r"\{(\w+)\}", each.path)) for each in ENDPOINTS}
    assert listed == {
        each.path: set(each.parameters.model_fields) - in_path[each.path] for each in ENDPOINTS
    }
