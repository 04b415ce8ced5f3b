"""The report of a split as Markdown: its reason, the alternatives, and the graph; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tasks.estimates import Estimates, estimate_of
from tasks.split.analysis import analyse
from tasks.split.shape import shape_lines
from tasks.workload import Step, StepGraph

# A larger graph takes too long to draw and cannot be read.
_MAX_STEPS_DRAWN = 60


def split_report(graph: StepGraph, estimates: Estimates) -> str:
    """Return the decision and its alternatives; where there are needs, figures and a Mermaid graph.

    ``estimates`` are those of the steps.
    """
    lines = [f"## {graph.project}: {graph.workload}", "", graph.decision.reason, ""]
    lines += [*_alternatives(graph), *_shards(graph)]
    if any(step.needs for step in graph.steps):
        lines += [*_shape(graph, estimates), *_picture(graph)]
    return "\n".join(lines)


def _shape(graph: StepGraph, estimates: Estimates) -> Iterator[str]:
    expected = {step.id: estimate_of(step, estimates) for step in graph.steps}
    with_history = sum(estimate.source != "default" for estimate in expected.values())
    seconds = {step_id: estimate.p50_seconds for step_id, estimate in expected.items()}
    yield from shape_lines(analyse(graph, seconds), with_history)


def _alternatives(graph: StepGraph) -> Iterator[str]:
    if graph.decision.alternatives:
        yield from ("| parts | predicted |", "|---:|---:|")
        for parts, seconds in graph.decision.alternatives:
            mark = " (chosen)" if parts == graph.decision.parts else ""
            yield f"| {parts}{mark} | {seconds:.1f} s |"
        yield ""


def _shards(graph: StepGraph) -> Iterator[str]:
    if any(step.items for step in graph.steps):
        yield from ("| shard | tests |", "|---|---:|")
        yield from (f"| {step.id} | {len(step.items)} |" for step in graph.steps)
        yield ""


def _picture(graph: StepGraph) -> Iterator[str]:
    """Draw the graph; the steps of a matrix are one node, as their arrows would be too many."""
    nodes: dict[str, list[Step]] = {}
    for step in graph.steps:
        nodes.setdefault(step.group or step.id, []).append(step)
    node_of = {step.id: node for node, steps in nodes.items() for step in steps}
    number = {node: f"s{index}" for index, node in enumerate(list(nodes)[:_MAX_STEPS_DRAWN])}
    yield from ("```mermaid", "flowchart LR")
    for node, number_of_node in number.items():
        steps = nodes[node]
        yield f'  {number_of_node}["{node}{_times(steps)}"]'
        label = "-. when .->" if steps[0].when else "-->"
        needs = dict.fromkeys(node_of[need] for step in steps for need in step.needs)
        yield from (
            f"  {number[need]} {label} {number_of_node}" for need in needs if need in number
        )
    if len(nodes) > len(number):
        yield f'  more["and {len(nodes) - len(number)} more"]'
    yield "```"


def _times(steps: Sequence[Step]) -> str:
    several = f" ({len(steps)})" if steps[0].group else ""
    return f"{several} for each item" if steps[0].foreach else several
