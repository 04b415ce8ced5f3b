"""The campaign: sends a stack what its API must refuse, and what its operations must refuse."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx

from benchmarks.hostile.misuse import PROJECT, prepared
from benchmarks.hostile.report import Verdicts
from benchmarks.hostile.traces import traces
from benchmarks.hostile.values import Attack, Call, calls
from benchmarks.projects.stack import Stack
from stack.auth import auth_header, read_auth
from tasks.errors import SlipwayError
from tasks.home import Home

_BUSY = "Wait for its end."
_REMEDY = re.compile(r"\(got .*\)\. \S|It is: \S|Known are: \S", re.DOTALL)
_SECRET = "hunter2"  # noqa: S105 - what stands in a file that is not a configuration file
_ELSEWHERE = (
    ("/variables/", "value", {"name": "hostile", "value": "\ud800"}),
    ("/flows/", "name", {"name": "a\0"}),
    ("/concurrency_limits/", "concurrency_limit", {"tag": "x", "concurrency_limit": 2**70}),
    ("/work_pools/", "description", {"name": "hostile", "description": "\udfff"}),
)
"""Other ways of sending a server what it could not return."""


class Campaign:
    """One stack under attack, with a project that serves.

    Args:
        stack: It runs, and nothing is configured in it.
        most: How many attacks by the API on each operation; 0: all.
    """

    def __init__(self, stack: Stack, most: int = 0) -> None:
        self._stack, self._most = stack, most
        self.verdicts = Verdicts()
        self._client = httpx.Client(
            base_url=stack.settings.api_url,
            headers=auth_header(read_auth(Home(stack.home).auth_file)),
            timeout=60,
            trust_env=False,
        )

    def fight(self) -> Verdicts:
        """Send all attacks; then check whether everything still runs."""
        self._set_up()
        before = traces(self._stack)
        for name in self._stack.api.deployments():
            self._attack_api(name)
        for path, place, body in _ELSEWHERE:
            call = Call(Attack("unstorable", place, ""), body)
            self._judge(path, call, self._post(path, body))
        self.verdicts.left += traces(self._stack).beyond(before)
        self._misuse()
        self._see_all_run()
        return self.verdicts

    def _set_up(self) -> None:
        source = self._stack.folder / "source"
        source.mkdir()
        serve = "python -m http.server --bind $HOST $PORT"
        (source / "Procfile").write_text(f"web: {serve}\n", "utf-8")
        steps = {"kind": "steps", "steps": [{"id": "a", "run": "true"}]}
        project = {"source": str(source), "kind": "procfile", "workloads": {"tests": steps}}
        self._must(self._stack.configure({"projects": {PROJECT: project}}).failure)
        for operation in ("launch", "run", "backup"):
            self._must(self._stack.operate(operation, project=PROJECT).failure)

    def _must(self, failure: str) -> None:
        if failure:
            raise SlipwayError(failure)

    def _attack_api(self, name: str) -> None:
        """Ask for a run of the deployment ``name`` with each attack on its own schema."""
        deployment = self._stack.api.deployment(name)
        path = f"/deployments/{deployment['id']}/create_flow_run"
        every = list(calls(deployment["parameter_openapi_schema"]))
        step = max(1, len(every) // self._most) if self._most else 1
        for call in every[::step]:
            self._judge(name, call, self._post(path, {"parameters": call.parameters}))

    def _post(self, path: str, body: object) -> httpx.Response:
        # Not by httpx's own JSON, which refuses what is to be sent.
        content = json.dumps(body).encode()
        headers = {"content-type": "application/json"}
        for _ in range(3):
            try:
                return self._client.post(path, content=content, headers=headers)
            except httpx.RemoteProtocolError:
                continue  # a connection that was kept, and closed meanwhile
        return self._client.post(path, content=content, headers=headers)

    def _judge(self, name: str, call: Call, answer: httpx.Response) -> None:
        operation, attack = name.partition("/")[0], call.attack
        said = f"{operation}: {attack.kind} at {attack.place}: HTTP {answer.status_code}"
        self.verdicts.asked[operation] += 1
        if not answer.is_client_error:
            self.verdicts.taken.append(said)
        elif attack.place.partition(".")[0] not in answer.text or not _REMEDY.search(
            _detail(answer)
        ):
            self.verdicts.unexplained.append(f"{said} {answer.text[:300]}")

    def _misuse(self) -> None:
        """Ask for what only an operation can refuse, and see that it had no effect."""
        api, outside = self._stack.api, self._stack.folder.parent
        misuses = prepared(self._stack.folder / "misuse")
        before, beside = traces(self._stack), set(outside.iterdir())
        started: list[tuple[str, str, tuple[str, dict[str, Any]]]] = []
        for operation, parameters in misuses:
            said = f"{operation} {json.dumps(parameters)[:200]}"
            self.verdicts.asked[operation] += 1
            try:
                request = (f"{operation}/{operation}", parameters)
                started.append((said, api.trigger(*request), request))
            except SlipwayError as refusal:
                self._judge_words(said, str(refusal), "")
        for said, first_id, request in started:
            run_id = first_id
            while _BUSY in (run := api.wait(run_id)).message:  # another one of these had its turn
                run_id = api.trigger(*request)
            lines = "\n".join(record["message"] for record in api.logs(run_id))
            if run.state_type != "FAILED":
                self.verdicts.taken.append(f"{said}: {run.state_name}")
            self._judge_words(said, run.message, lines)
        after = traces(self._stack)
        self.verdicts.left += [each for each in after.beyond(before) if not _is_run(each)]
        self.verdicts.left += [f"{each}" for each in set(outside.iterdir()) - beside]

    def _judge_words(self, said: str, message: str, logged: str) -> None:
        if not _REMEDY.search(message):
            self.verdicts.unexplained.append(f"{said}: {message[:300]}")
        if _SECRET in message + logged:
            self.verdicts.leaked.append(said)

    def _see_all_run(self) -> None:
        """Run every kind of operation once more."""
        plain: dict[str, dict[str, Any]] = {
            "status": {},
            "launch": {"project": PROJECT},
            "run": {"project": PROJECT},
            "backup": {"project": PROJECT},
            "restore": {"project": PROJECT, "target": str(self._stack.folder / "restored")},
            "restart": {"project": PROJECT},
            "report": {"report": "executive", "formats": ["json"]},
            "train": {"since_days": 1},
            "stop": {"project": PROJECT},
            "forget": {"project": PROJECT},
        }
        for operation, parameters in plain.items():
            failure = self._stack.operate(operation, **parameters).failure
            self.verdicts.broken += [f"{operation}: {failure}"] if failure else []


def _is_run(trace: str) -> bool:
    """Tell whether it is the run that was asked for, which only an operation can refuse."""
    return trace.startswith("flow run")


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("detail", ""))
    except ValueError:
        return ""


def folder_of(path: Path) -> Path:
    """Return a folder for a stack below ``path``, so that what is written beside it is seen."""
    folder = path / "stack"
    folder.mkdir()
    return folder
