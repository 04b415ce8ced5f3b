"""Messages about data inside a project's own folder: what is carried over, and what is not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from blocks.project_spec import ProjectSpec
from tasks.launch.data.proposals import proposal_sentence, proposals
from tasks.launch.data.seeds import hidden, hidden_sentence
from tasks.launch.data.serving import ServingTrees
from tasks.launch.data.written import sentence

_PATHS_SHOWN = 3


def proposed_data(
    project: str,
    spec: ProjectSpec,
    source: Path,
    commands: Iterable[str],
    variables: Mapping[str, str],
) -> list[str]:
    """Return a sentence on what ``project`` should name under `data`; none if it names all."""
    if spec.stateless:
        return []
    proposed = proposals(source, list(commands), variables, spec.data)
    return [proposal_sentence(project, proposed, spec.data)] if proposed else []


def data_messages(trees: ServingTrees, environment: str, serving: str) -> list[str]:
    """Return warnings about data that is not carried over as it should be, one sentence each.

    Args:
        trees: The serving trees of one project in one environment.
        environment: The name of the environment.
        serving: The digest of the release that serves; empty: none does.
    """
    sentences, record = [], trees.record()
    if (unnamed := record.unnamed(trees.data)) and not trees.stateless:
        names, entries = ", ".join(unnamed), ", ".join([*trees.data, *unnamed])
        sentences.append(
            f"{names} is a database that {trees.project} had written into its own release: it is "
            f"carried over and kept in {record.kept}. Write `data: [{entries}]` under "
            f"projects.{trees.project} in slipway.yaml, or `stateless: true` if it is not data."
        )
    if serving and serving == record.latest:
        source, kept_folder = trees.releases / serving / "source", Path(record.kept)
        if hidden_names := hidden(source, kept_folder, record.renewed):
            sentences.append(hidden_sentence(trees.project, hidden_names, source, kept_folder))
    for tree in trees.written():
        if tree.digest == serving or not serving:
            sentences.append(sentence(trees.project, environment, tree.paths))
        else:
            listed = ", ".join(tree.paths[:_PATHS_SHOWN]) + (
                " ..." if tree.paths[_PATHS_SHOWN:] else ""
            )
            sentences.append(
                f"An earlier release of {trees.project} has written {listed}, which the release "
                f"that serves in {environment} does not have. NOT CARRIED OVER; it stays in "
                f"{tree.tree} until you "
                "have taken what you need and removed that folder."
            )
    return sentences
