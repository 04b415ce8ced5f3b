"""Detection of a source tree's project kind and of its services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from blocks.project_spec import ProjectSpec, ServiceSpec
from tasks.errors import BadInputError, NotFoundError
from tasks.launch.kinds.interface import Kind
from tasks.launch.kinds.node import NodeKind
from tasks.launch.kinds.procfile import ProcfileKind, procfile_release, procfile_services
from tasks.launch.kinds.python import PythonKind
from tasks.launch.proposal import containers, remedy
from tasks.launch.sources.repository import is_bare

KINDS: dict[str, Kind] = {kind.name: kind for kind in (PythonKind(), NodeKind(), ProcfileKind())}


def kind_of(project: str, spec: ProjectSpec, source: Path) -> Kind:
    """Return how ``source`` is built: as it is configured, else by its manifests.

    A project that only has workloads needs no manifest.

    Raises:
        BadInputError: Nothing says how, or two manifests say different things.
    """
    if spec.kind != "auto":
        return KINDS[spec.kind]
    detected = [name for name, kind in KINDS.items() if kind.detects(source)]
    buildable = [name for name in detected if name != "procfile"] or detected
    if len(buildable) == 1:
        return KINDS[buildable[0]]
    if not buildable and spec.workloads and not spec.services:
        return KINDS["python" if _has_suite(spec) else "procfile"]
    problem = f"could be {' or '.join(buildable)}" if buildable else "no manifest says what it is"
    raise BadInputError(
        f"projects.{project}.kind",
        spec.kind,
        problem + containers(source),
        f"Write one of: {', '.join(KINDS)}.",
    )


def _has_suite(spec: ProjectSpec) -> bool:
    """Tell whether it has tests to run, which takes a Python of its own."""
    return any(workload.kind == "pytest" for workload in spec.workloads.values())


def services_of(
    project: str, spec: ProjectSpec, kind: Kind, source: Path
) -> Mapping[str, ServiceSpec]:
    """Return the services to run, each with a command and a replica.

    They are the configured ones and the processes of a Procfile; where there are neither, those
    that a manifest starts. A configured service without a command takes the command that is
    declared for its name, and is on the web only where that one is or it has a public port.

    Raises:
        BadInputError: A service has no command, or there is no service at all.
    """
    processes = procfile_services(source)
    declared = {**kind.services(source), **processes}
    services = {**processes, **spec.services} if spec.services else declared
    if not services:
        raise _no_command(project, "web", source)
    completed = {
        name: service if service.command else _completed(project, name, service, declared, source)
        for name, service in services.items()
    }
    running = {name: service for name, service in completed.items() if service.replicas > 0}
    if not running:
        field, problem = f"projects.{project}.services", "none has a replica: nothing would run"
        raise BadInputError(field, list(services), problem, "Use `stop` to stop all of them.")
    return running


def start_problem(project: str, spec: ProjectSpec, source: Path) -> str:
    """Return what keeps ``source`` from being launched as it stands; empty if nothing does.

    Only a plain folder is checked: a repository or an archive would have to be read first.
    """
    if not source.is_dir() or is_bare(source) or (spec.workloads and not spec.services):
        return ""
    try:
        services_of(project, spec, kind_of(project, spec, source), source)
    except BadInputError as error:
        return f"{project} is configured, and cannot be launched as its folder stands: {error}"
    return ""


def _completed(
    project: str, name: str, service: ServiceSpec, declared: Mapping[str, ServiceSpec], source: Path
) -> ServiceSpec:
    """Return ``service`` with the command that is ``declared`` for its name."""
    if name not in declared and declared:
        advice = "Write its command, or remove it there."
        raise NotFoundError(f"projects.{project}.services", name, list(declared), advice)
    if name not in declared:
        raise _no_command(project, name, source)
    web = service.web and (declared[name].web or service.port is not None)
    return service.model_copy(update={"command": declared[name].command, "web": web})


def before_of(project: str, spec: ProjectSpec, source: Path) -> Sequence[tuple[str, str]]:
    """Return the commands to run before ``source`` serves: pairs of (where configured, command)."""
    if spec.before is not None:
        field = f"projects.{project}.before"
        return [(f"{field}[{number}]", command) for number, command in enumerate(spec.before)]
    release = procfile_release(source)
    return [("Procfile: release", release)] if release else []


def _no_command(project: str, service: str, source: Path) -> BadInputError:
    return BadInputError(
        f"projects.{project}.services.{service}.command",
        "",
        f"neither a Procfile nor a manifest says how it starts{containers(source)}",
        remedy(source),
    )
