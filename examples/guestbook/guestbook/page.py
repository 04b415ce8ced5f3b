"""The page that a visitor sees."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from guestbook.entry import AUTHOR_LIMIT, MESSAGE_LIMIT, Entry

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem}"
    "form{display:grid;gap:.5rem}li{margin:.5rem 0}footer{color:#667;margin-top:2rem}"
)


def render(entries: Sequence[Entry], total: int, version: str) -> str:
    """Return the HTML page with ``entries``, newest first, and the form to write another."""
    items = "".join(_item(entry) for entry in entries) or "<li>Nobody has written yet.</li>"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Guestbook</title>'
        f"<style>{_STYLE}</style></head><body><h1>Guestbook</h1>{_FORM}"
        f"<h2>{_heading(len(entries), total)}</h2><ul>{items}</ul>"
        f"<footer>Guestbook {escape(version)}</footer></body></html>"
    )


def _heading(shown: int, total: int) -> str:
    if shown < total:
        return f"The last {shown} of {total} entries"
    return f"{total} {'entry' if total == 1 else 'entries'}"


def _item(entry: Entry) -> str:
    return f"<li><b>{escape(entry.author)}</b>: {escape(entry.message)}</li>"


_FORM = (
    '<form method="post" action="/entries">'
    f'<input name="author" placeholder="Your name" maxlength="{AUTHOR_LIMIT}" required>'
    f'<textarea name="message" placeholder="Your message" maxlength="{MESSAGE_LIMIT}" required>'
    "</textarea><button>Sign the guestbook</button></form>"
)
