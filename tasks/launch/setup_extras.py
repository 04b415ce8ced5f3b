"""The extras that a project's setup.cfg and setup.py declare, read without executing anything."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path

from tasks.errors import SlipwayError
from tasks.launch.kinds.manifest import setup_cfg

_MAX_NESTED_LEVELS = 10
TESTS_REQUIRE = "tests_require"
"""The key of what setuptools once installed for `setup.py test`, which is not a named extra."""


def extras_of_setup_cfg(source: Path) -> dict[str, list[str]]:
    """Return the extras of `[options.extras_require]` in setup.cfg, and `tests_require`.

    A file that cannot be read was reported when the project was built.
    """
    try:
        parser = setup_cfg(source)
    except SlipwayError:
        return {}
    section = "options.extras_require"
    extras = dict(parser.items(section)) if parser.has_section(section) else {}
    if tests := parser.get("options", TESTS_REQUIRE, fallback=""):
        extras[TESTS_REQUIRE] = tests
    return {name.partition(":")[0]: _setting_lines(source, text) for name, text in extras.items()}


def extras_of_setup_py(source: Path) -> dict[str, list[str]]:
    """Return the extras that setup.py hands to `setup` as literals, and `tests_require`.

    Values that it computes are not known without executing it.
    """
    path = source / "setup.py"
    if not path.is_file():
        return {}
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return {}
    names: dict[str, ast.expr] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            names[node.targets[0].id] = node.value
    extras: dict[str, list[str]] = {}
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if getattr(call.func, "id", getattr(call.func, "attr", "")) == "setup":
            arguments = {
                keyword.arg: _value(keyword.value, names)
                for keyword in call.keywords
                if keyword.arg
            }
            extras |= _strings(arguments.get("extras_require"))
            extras |= _strings({TESTS_REQUIRE: arguments.get(TESTS_REQUIRE)})
    return extras


def _setting_lines(source: Path, text: str) -> list[str]:
    """Return the lines of a value of setup.cfg; `file:` names files that hold them."""
    if text.strip().startswith("file:"):
        paths = [source / name.strip() for name in text.strip()[5:].split(",")]
        text = "\n".join(path.read_text("utf-8-sig", "replace") for path in paths if path.is_file())
    lines = (line.strip() for line in text.replace(";\n", "\n").splitlines())
    return [line for line in lines if line and line[0] != "#"]


def _value(node: ast.expr, names: Mapping[str, ast.expr], depth: int = 0) -> object:
    """Return the value of an expression of literals, names, sums and dictionaries, else None."""
    if depth > _MAX_NESTED_LEVELS:
        return None
    if isinstance(node, ast.Name):
        return _value(names[node.id], names, depth + 1) if node.id in names else None
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        return {
            _value(key, names, depth + 1): _value(value, names, depth + 1)
            for key, value in pairs
            if key is not None
        }
    if isinstance(node, ast.List | ast.Tuple):
        return [_value(item, names, depth + 1) for item in node.elts]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = (_value(side, names, depth + 1) for side in (node.left, node.right))
        return [*left, *right] if isinstance(left, list) and isinstance(right, list) else None
    return node.value if isinstance(node, ast.Constant) else None


def _strings(extras: object) -> dict[str, list[str]]:
    """Return the extras whose requirements are all known."""
    if not isinstance(extras, dict):
        return {}
    extras_by_name = {}
    for name, value in extras.items():
        lines = value.splitlines() if isinstance(value, str) else value
        if isinstance(name, str) and isinstance(lines, list):
            strings = [line for line in lines if isinstance(line, str) and line.strip()]
            if len(strings) == len(lines):
                extras_by_name[name.partition(":")[0]] = strings
    return extras_by_name
