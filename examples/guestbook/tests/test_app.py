"""Which request is answered with what."""

from __future__ import annotations

from pathlib import Path

import pytest
from guestbook.app import BODY_LIMIT, Guestbook
from guestbook.store import Store
from wsgi_client import Client

HELLO = {"id": "one", "author": "Ada", "message": "Hello"}


class TestReading:
    """Requests that change nothing."""

    def test_page(self, client: Client) -> None:
        """The front page would not be one."""
        client.post("/entries", HELLO)
        answer = client.get("/")
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/html")
        assert b"Hello" in answer.body

    def test_health_counts(self, client: Client) -> None:
        """A check could not tell an empty guestbook from a full one."""
        client.post("/entries", HELLO)
        assert client.get("/health").json() == {"status": "ok", "version": "9.8.7", "entries": 1}

    def test_version(self, client: Client) -> None:
        """Nobody could tell which version answers."""
        assert client.get("/version").json() == {"version": "9.8.7"}

    def test_list_is_newest_first_and_limited(self, client: Client) -> None:
        """A client could not page through the entries."""
        for number in range(3):
            client.post("/entries", HELLO | {"id": str(number)})
        listed = client.get("/entries?limit=2").json()
        assert listed["total"] == 3
        assert [entry["id"] for entry in listed["entries"]] == ["2", "1"]

    @pytest.mark.parametrize("limit", ["0", "-1", "1001", "many"])
    def test_list_refuses_limits(self, client: Client, limit: str) -> None:
        """A client could ask for everything at once."""
        assert client.get(f"/entries?limit={limit}").status == 400

    @pytest.mark.parametrize("path", ["/", "/health", "/version", "/entries"])
    def test_head_has_no_body(self, client: Client, path: str) -> None:
        """A keep-alive connection would be out of step after a HEAD."""
        answer = client.get(path, method="HEAD")
        assert (answer.status, answer.body) == (200, b"")
        assert int(answer.headers["Content-Length"]) > 0


class TestWriting:
    """Requests that add an entry."""

    def test_a_new_entry(self, client: Client) -> None:
        """An entry would not be there after it was acknowledged."""
        answer = client.post("/entries", HELLO)
        assert answer.status == 201
        assert answer.json() == {"id": "one", "executions": 1, "version": "9.8.7"}

    def test_the_same_id_again(self, client: Client) -> None:
        """A request executed twice would look like two requests."""
        client.post("/entries", HELLO)
        answer = client.post("/entries", HELLO)
        assert (answer.status, answer.json()["executions"]) == (409, 2)
        assert client.get("/executions").json() == {
            "requests": 2,
            "distinct": 1,
            "repeated": ["one"],
        }

    def test_the_form_leads_back_to_the_page(self, client: Client) -> None:
        """A reload after the form would write the entry again."""
        answer = client.submit("/entries", b"author=Ada&message=From+the+form")
        assert (answer.status, answer.headers["Location"]) == (303, "/")
        assert b"From the form" in client.get("/").body

    def test_a_bad_entry_is_the_clients_fault(self, client: Client) -> None:
        """A client could not tell what to mend."""
        answer = client.post("/entries", HELLO | {"author": ""})
        assert (answer.status, answer.json()) == (400, {"error": "author: must not be empty"})
        assert client.get("/health").json()["entries"] == 0

    def test_a_body_too_large_is_not_read(self, client: Client) -> None:
        """One request could fill the memory."""
        assert client.submit("/entries", b"x" * (BODY_LIMIT + 1)).status == 413


class TestRefused:
    """Requests that have no answer."""

    @pytest.mark.parametrize("path", ["/none", "/entries/1", "//"])
    def test_unknown_page(self, client: Client, path: str) -> None:
        """A wrong address would be answered with some other page."""
        assert client.get(path).status == 404

    @pytest.mark.parametrize(("method", "path"), [("POST", "/"), ("DELETE", "/entries")])
    def test_unknown_method(self, client: Client, method: str, path: str) -> None:
        """A request could do what its method does not mean."""
        assert client.get(path, method=method).status == 405

    @pytest.mark.parametrize("path", ["/", "/health", "/entries"])
    def test_a_database_that_fails_is_unavailable(self, tmp_path: Path, path: str) -> None:
        """A guestbook that cannot read its entries would be called healthy."""
        store = Store(tmp_path / "guestbook.db")
        store._connection().execute("DROP TABLE entries")  # noqa: SLF001 - the failure under test
        answer = Client(Guestbook(store)).get(path)
        assert answer.status == 503
        assert answer.json()["error"].startswith("database:")
        store.close()
