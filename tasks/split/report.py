"""A split as Markdown: why so, what else was considered, and the graph. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.workload import StepGraph

# A larger picture is neither drawn in reasonable time nor readable.
_MOST_DRAWN = 60


def split_report(graph: StepGraph) -> str:
    """Return the decision, its alternatives, and a Mermaid graph where there are needs."""
    lines = [f"## {graph.project}: {graph.workload}", "", graph.decision.reason, ""]
    return "\n".join([*lines, *_alternatives(graph), *_shards(graph), *_picture(graph)])


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
    if not any(step.needs for step in graph.steps):
        return
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
