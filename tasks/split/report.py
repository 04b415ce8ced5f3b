"""A split as Markdown: why so, what else was considered, and the graph. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.estimates import Estimates, estimate_of
from tasks.split.analysis import analyse
from tasks.split.shape import shape_lines
from tasks.workload import StepGraph

# A larger picture is neither drawn in reasonable time nor readable.
_MOST_DRAWN = 60


def split_report(graph: StepGraph, estimates: Estimates) -> str:
    """Return the decision and its alternatives; where there are needs, figures and a Mermaid graph.

    ``estimates`` say what the steps are expected to take.
    """
    lines = [f"## {graph.project}: {graph.workload}", "", graph.decision.reason, ""]
    lines += [*_alternatives(graph), *_shards(graph)]
    if any(step.needs for step in graph.steps):
        lines += [*_shape(graph, estimates), *_picture(graph)]
    return "\n".join(lines)


def _shape(graph: StepGraph, estimates: Estimates) -> Iterator[str]:
    expected = {step.id: estimate_of(step, estimates) for step in graph.steps}
    known = sum(estimate.source != "default" for estimate in expected.values())
    seconds = {step_id: estimate.p50_seconds for step_id, estimate in expected.items()}
    yield from shape_lines(analyse(graph, seconds), known)


def _alternatives(graph: StepGraph) -> Iterator[str]:
    if graph.decision.alternatives:
        yield from ("| parts | predicted |", "|---:|---:|")
        for parts, seconds in graph.decision.alternatives:
            chosen = " (chosen)" if parts == graph.decision.parts else ""
            yield f"| {parts}{chosen} | {seconds:.1f} s |"
        yield ""


def _shards(graph: StepGraph) -> Iterator[str]:
    if any(step.items for step in graph.steps):
        yield from ("| shard | tests |", "|---|---:|")
        yield from (f"| {step.id} | {len(step.items)} |" for step in graph.steps)
        yield ""


def _picture(graph: StepGraph) -> Iterator[str]:
    drawn = graph.steps[:_MOST_DRAWN]
    number = {step.id: f"s{index}" for index, step in enumerate(drawn)}
    yield from ("```mermaid", "flowchart LR")
    for step in drawn:
        yield f'  {number[step.id]}["{step.id}"]'
        label = "-. when .->" if step.when else "-->"
        yield from (f"  {number[need]} {label} {number[step.id]}" for need in step.needs)
    if len(graph.steps) > len(drawn):
        yield f'  more["and {len(graph.steps) - len(drawn)} more"]'
    yield "```"
