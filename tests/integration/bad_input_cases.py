"""Flow runs that must be refused over the API, and what each has to say."""

from __future__ import annotations

from dataclasses import dataclass, field

from stack.api import Json


@dataclass(frozen=True)
class Case:
    """A flow run that must be refused, and what it has to say.

    ``{folder}`` and ``{port}`` in its values are filled in. ``told_by`` names the task runs that
    it may have: none where the flow itself refuses.
    """

    deployment: str
    parameters: Json
    message_parts: tuple[str, ...]
    environ: dict[str, str] = field(default_factory=dict)
    told_by: tuple[str, ...] = ()


def steps(*each: Json) -> Json:
    """Return a workload of steps."""
    return {"kind": "steps", "steps": [{"run": "true", **step} for step in each]}


def _run(workload: str | Json, *parts: str, **parameters: object) -> Case:
    parameters = {"project": "bad-input", "workload": workload, **parameters}
    return Case("run", parameters, parts)


def _restore(*parts: str, target: str, snapshot: str = "latest") -> Case:
    parameters = {"project": "bad-input", "target": target, "snapshot": snapshot}
    return Case("restore", parameters, parts, told_by=("restore",))


UNREADABLE = ("source that cannot be read", "unreadable source")
WITHOUT_PROGRAMS = {"PATH": "{folder}/nothing-installed"}
CASES = {
    "unknown project": Case(
        "launch",
        {"project": "bad-inptu"},
        ("project: unknown", "'bad-inptu'", "did you mean 'bad-input'?", "run `configure`"),
    ),
    "unknown environment": Case(
        "launch",
        {"project": "bad-input", "environment": "dve"},
        ("environment: unknown", "'dve'", "did you mean 'dev'?", "Configure it"),
    ),
    "unknown workload": _run(
        "fnie", "workload: unknown", "'fnie'", "did you mean 'fine'?", "workloads of bad-input"
    ),
    "unknown provider": _run(
        "fine", "provider: unknown", "'locla'", "run `configure`", providers=["locla"]
    ),
    "unknown key": Case(
        "configure",
        {"file": "{folder}/key.yaml"},
        ("projects.shop.services.web.comand: unknown key", "Did you mean 'command'?"),
    ),
    "size that cannot be read": Case(
        "configure",
        {"file": "{folder}/size.yaml"},
        ("providers.big.memory_mib: is not a whole number", "'2 GB'", "Memory it may hand out"),
    ),
    "unknown environment to inherit from": Case(
        "configure",
        {"file": "{folder}/inherits.yaml"},
        ("environments.qa.inherits: unknown; did you mean 'prod'?", "'prd'"),
    ),
    "unknown repository": Case(
        "configure",
        {"file": "{folder}/repository.yaml"},
        ("projects.shop.repository: unknown; did you mean 'local'?", "'locla'"),
    ),
    "port that is not public": Case(
        "configure",
        {"file": "{folder}/port.yaml"},
        ("projects.shop.services.web.port: the public ports are ", "SLIPWAY_ROUTER_SLOTS higher"),
    ),
    "file of a workload": _run(
        {"kind": "wfformat", "file": "{folder}/none.json"},
        "workloads.inline.file: No such file or directory",
        "none.json'",
        "Name a file that exists",
    ),
    "cycle": _run(
        steps(
            {"id": "fetch", "needs": ["pack"]},
            {"id": "build", "needs": ["fetch"]},
            {"id": "pack", "needs": ["build"]},
        ),
        "workloads.inline.steps.fetch.needs: the needs form a cycle",
        "fetch needs pack, pack needs build, build needs fetch",
        "Remove one of these needs",
    ),
    "demand beyond every provider": _run(
        steps({"id": "huge", "demand": {"cpus": 4096, "slots": 1}}),
        "workloads.inline.steps.huge.demand: beyond every provider",
        "'4096 cpus, 1 slots'",
        "local, has",
        "Lower the demand",
    ),
    "syntax of when": _run(
        steps({"id": "a"}, {"id": "b", "needs": ["a"], "when": "steps.a.succeeded &&"}),
        "workloads.inline.steps.b.when: is not a CEL expression: unexpected at character 21",
        "'steps.a.succeeded &&'",
        "Write e.g. steps.build.succeeded",
    ),
    "variable of when": _run(
        steps({"id": "a"}, {"id": "b", "needs": ["a"], "when": "stepps.a.succeeded"}),
        "workloads.inline.steps.b.when: names stepps, which is not known",
        "It may use environment, project, steps, version",
    ),
    "name of a matrix": _run(
        steps({"id": "a", "run": "x {matrix.oss}", "matrix": {"os": ["linux"]}}),
        "workloads.inline.steps.a.run: names {matrix.oss}, which is not known",
        "The matrix has os",
    ),
    "list that is none": _run(
        steps({"id": "a"}, {"id": "b", "needs": ["a"], "foreach": "steps.a.exit_code"}),
        "workloads.inline.steps.b.foreach: is 0, not a list (got 'steps.a.exit_code')",
        "Write e.g. steps.list.output",
    ),
    "missing restic": Case(
        "backup",
        {"project": "bad-input"},
        ("restic is not installed", "Install it with: ", "install restic"),
        WITHOUT_PROGRAMS,
    ),
    "missing restic of a ship": Case(
        "ship",
        {"project": "bad-input", "workload": "fine"},
        ("restic is not installed", "Install it with: ", "install restic"),
        WITHOUT_PROGRAMS,
    ),
    "taken port": Case(
        "launch",
        {"project": "bad-input"},
        ("no port is free on 127.0.0.1 from {port} to {port}", "SLIPWAY_SERVICE_PORT_HIGH"),
        {"SLIPWAY_SERVICE_PORT_LOW": "{port}", "SLIPWAY_SERVICE_PORT_HIGH": "{port}"},
        told_by=("build", "launch"),
    ),
    "source that is not there": Case(
        "configure",
        {"file": "{folder}/source.yaml"},
        ("projects.shop.source: there is no such file or folder", "'{folder}/nowhere'"),
    ),
    "source that cannot be read": Case(
        "configure",
        {"file": "{folder}/locked.yaml"},
        ("projects.shop.source: ", "cannot be read", "Let this user read it"),
    ),
    "missing data folder": Case(
        "ship",
        {"project": "bad-data", "workload": ""},
        ("projects.bad-data.data: no such folder", "'{folder}/nowhere'", "Create it"),
    ),
    "missing source": Case(
        "launch",
        {"project": "bad-source"},
        ("projects.bad-source.source: there is no such file or folder", "'{folder}/removed'"),
        told_by=("build",),
    ),
    "unreadable source": Case(
        "launch",
        {"project": "bad-locked"},
        ("projects.bad-locked.source: ", "cannot be read", "Let this user read it"),
        told_by=("build",),
    ),
    "target that climbs": _restore(
        "target: is not a full path without `..`",
        "'{folder}/new/../../away'",
        "Write it in full",
        target="{folder}/new/../../away",
    ),
    "file elsewhere": Case(
        "configure", {"file": "/etc/shadow"}, ("file: lies in none of ", "add its folder to")
    ),
    "file that is none": Case(
        "configure",
        {"file": "{folder}/source"},
        ("file: is a folder, not a regular file", "Name a text file"),
    ),
    "target elsewhere": Case(
        "restore",
        {"project": "bad-input", "target": "/etc/slipway-restored"},
        ("target: lies in none of ", "SLIPWAY_ROOTS"),
    ),
    "target in what is kept": Case(
        "restore",
        {"project": "bad-input", "target": "{folder}/../home/releases/new"},
        ("target: lies in the home of Slipway", "Give a folder elsewhere"),
    ),
    "target that is not empty": _restore(
        "target: is not empty", "'{folder}/source'", "Give a new", target="{folder}/source"
    ),
    "unknown snapshot": _restore(
        "snapshot: unknown",
        "'0abc'",
        "Give an id, or `latest`",
        target="{folder}/new",
        snapshot="0abc",
    ),
    "unknown version": Case(
        "deploy",
        {"project": "bad-input", "version": "v99"},
        ("version: ", "is one version only", "'v99'", "Ask for no version"),
        told_by=("deploy",),
    ),
    "key without history": Case(
        "estimate",
        {"key": "flow/never-ran"},
        ("key: unknown", "'flow/never-ran'", "Run it once, then `train`"),
    ),
    "nothing to roll back to": Case(
        "rollback",
        {"project": "bad-input"},
        ("has no former release", "'bad-input/dev'", "Deploy the version you want"),
        told_by=("roll",),
    ),
}
