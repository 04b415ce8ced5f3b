"""Tests of the keys of the cache by inputs."""

from __future__ import annotations

from dataclasses import replace

from tasks.reuse.step_keys import StepKeys, Surroundings
from tasks.workload import Step
from tests.tasks.planning.fakes import graph_of, step

AROUND = Surroundings("shop", {"API_KEY": "hunter2"}, "python 3", b"seal")
COMPILE = step("compile")
TEST = replace(step("test", "compile"), inputs=("a.py",))
FILES = {"test": {"a.py": "1"}}


def keys(*steps: Step, around: Surroundings = AROUND, **files: dict[str, str]) -> StepKeys:
    """Return the keys of those steps; ``files`` are their inputs, by step."""
    return StepKeys(graph_of(*(steps or (COMPILE, TEST))), files or FILES, {"HOME": "/x"}, around)


def test_the_key_is_of_all_that_decides_an_outcome() -> None:
    """A step would be skipped although its outcome could be another one."""
    same = keys().key_of(TEST)
    others = [
        keys(test={"a.py": "2"}),
        keys(test={"a.py": "1", "b.py": "1"}),
        keys(replace(COMPILE, argv=("make", "other")), TEST),
        keys(COMPILE, replace(TEST, environment={"LEVEL": "2"})),
        keys(around=replace(AROUND, variables={"API_KEY": "other"})),
        keys(around=replace(AROUND, programs="python 4")),
        keys(around=replace(AROUND, project="other")),
        keys(around=replace(AROUND, seal=b"other")),
    ]
    found = [same, *(each.key_of(TEST) for each in others)]
    found.append(keys().key_of(replace(TEST, argv=("false",))))
    assert len(set(found)) == len(found)


def test_what_changes_no_outcome_is_no_part_of_the_key() -> None:
    """Another limit, another place or another machine's variables would execute it again."""
    patient = replace(TEST, timeout_seconds=5.0, retries=2, environment={"HOME": "/x"})
    assert keys(COMPILE, patient).key_of(patient) == keys().key_of(TEST)


def test_items_have_keys_of_their_own() -> None:
    """All items of a list would take the outcome of the first."""
    each = replace(TEST, foreach="steps.compile.output")
    items = [
        replace(
            each, id=f"test[{item}]", group="test", foreach="", environment={"SLIPWAY_ITEM": item}
        )
        for item in "xy"
    ]
    listed = keys(COMPILE, each)
    assert listed.key_of(each) == ""
    assert len({listed.key_of(item) for item in items}) == 2
    assert {listed.context_of(item) for item in items} == {listed.contexts["test"]}


def test_a_step_without_inputs_has_no_key_and_no_secret_is_shown() -> None:
    """A step that declares nothing would be skipped; or a secret stand in a trace."""
    assert keys().key_of(COMPILE) == ""
    assert "hunter2" not in repr(AROUND)
