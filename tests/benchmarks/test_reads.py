"""The benchmark of reads beside a workload."""

from __future__ import annotations

import asyncio
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks.reads import PATHS, PER_SECOND, Answer, ask, bars, percentile, summary


def test_percentiles_are_those_of_the_answers() -> None:
    """The slowest would be hidden, or decide alone."""
    values = [float(number) for number in range(1, 101)]
    assert [percentile(values, share) for share in (0.5, 0.95, 0.99, 1.0)] == [50, 95, 99, 100]
    assert percentile([7.0], 0.95) == 7.0


def test_the_bars_are_of_quick_and_good_answers_while_work_goes_on() -> None:
    """Refusals are quick; and nothing is slow once the workload has ended."""
    quick = [Answer("/queue?limit=1", 200, 10.0)] * 95 + [Answer("/status", 200, 500.0)] * 5
    assert all(each.met for each in bars(quick, ran_throughout=True).values())
    assert not bars(quick, ran_throughout=False)["workload_ran_throughout"].met
    slow = [*quick, Answer("/status", 200, 500.0)]
    assert not bars(slow, ran_throughout=True)["p95_ms"].met
    refused = [*quick[:-1], Answer("/status", 503, 1.0)]
    assert not bars(refused, ran_throughout=True)["answered_share"].met
    figures = summary(slow)
    assert figures["p95_ms_by_path"] == {"/queue": 10.0, "/status": 500.0}
    assert figures["statuses"] == {"200": 101}


@pytest.mark.slow
def test_every_path_is_asked_for_in_turn() -> None:
    """A read that is slow alone would not be measured."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer nothing."""
            asked.append(self.path)
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    answers = asyncio.run(ask(url, {}, len(PATHS) / PER_SECOND))
    server.shutdown()
    server.server_close()
    assert sorted(asked) == sorted(PATHS)
    assert {each.status for each in answers} == {200}
