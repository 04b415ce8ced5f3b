"""Tests that the README shows how to begin, and every operation and artifact there is."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.readme import README, ROOT, code
from tests.run_forms import run_forms


def test_the_first_forty_lines_are_enough_to_begin() -> None:
    """A stranger would leave before knowing what it is and how to see it."""
    top = "\n".join(README.text.splitlines()[:40])
    assert top.startswith("# Slipway\n\nSlipway launches your projects")
    picture = README.blocks("text")[0]
    assert picture in top
    assert {"split", "plan", "allocate", "backup", "deploy:"} <= set(picture.split())
    assert README.blocks("sh")[:2] == ["make demo\n", "make test\n"]
    assert "```sh\nmake test\n```" in top


def test_it_is_short() -> None:
    """Nobody would find an answer in it; what is long belongs into docs/."""
    assert len(README.text.splitlines()) <= 130
    assert len(README.blocks("yaml")[0].splitlines()) <= 15


def test_every_operation_is_listed() -> None:
    """A user would never hear of an operation, or look for one that is gone."""
    listed = {code(row[0])[0] for row in README.table("operation")}
    assert listed == {name.partition("/")[0] for name in run_forms()}


def artifact_keys(source: str) -> Iterator[str]:
    """Yield the key of each artifact that a module makes; `<name>` stands for a variable in it."""
    # Parsing takes far longer than reading, and few modules name one.
    for call in ast.walk(ast.parse(source)) if "_artifact" in source else ():
        if isinstance(call, ast.Call) and "_artifact" in ast.unparse(call.func):
            yield from (key_of(each.value) for each in call.keywords if each.arg == "key")


def key_of(key: ast.expr) -> str:
    """Return a key as the README writes it: its kind, and the names that it carries."""
    if not isinstance(key, ast.Call):
        return filled(key)
    kind, *names = key.args
    return "-".join([filled(kind), *(f"<{variable(name)}>" for name in names)])


def variable(name: ast.expr) -> str:
    """Return what a variable or an attribute is called."""
    return ast.unparse(name).rpartition(".")[2]


def filled(key: ast.expr) -> str:
    """Return the text of a literal; `<name>` stands for a variable in it."""
    parts = key.values if isinstance(key, ast.JoinedStr) else [key]
    return "".join(
        f"<{ast.unparse(part.value)}>"
        if isinstance(part, ast.FormattedValue)
        else str(ast.literal_eval(part))
        for part in parts
    )


def test_every_artifact_is_listed() -> None:
    """A user would not know where in the UI to look for a chart, or look for one that is gone."""
    made = {
        key
        for folder in ("flows", "tasks", "analytics")
        for path in ROOT.glob(f"{folder}/**/*.py")
        for key in artifact_keys(path.read_text(encoding="utf-8"))
    }
    assert {key for row in README.table("artifact") for key in code(row[0])} == made
