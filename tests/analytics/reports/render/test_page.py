"""A report as one HTML file."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from analytics.reports.catalogue import REPORTS
from analytics.reports.render.page import page
from tests.analytics.reports.recorded import last_week, nothing, report_of_last_week, shop_history

EVIL = "<script>alert(1)</script>\"'&"

pytestmark = pytest.mark.integration  # importing matplotlib takes a second


class Elements(HTMLParser):
    """Counts elements, and keeps the addresses that they refer to."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one."""
        self.names.append(tag)
        self.addresses += [v or "" for name, v in attrs if name in {"src", "href", "xlink:href"}]


def elements(text: str) -> Elements:
    """Return what a browser would build."""
    parser = Elements()
    parser.feed(text)
    return parser


@pytest.mark.parametrize("name", [*REPORTS])
def test_it_needs_nothing_else(name: str) -> None:
    """A page that was sent by mail would show no charts, or tell a server that it was read."""
    report = report_of_last_week(name)
    parsed = elements(page(report))
    assert {"script", "link", "img", "iframe"} & set(parsed.names) == set()
    assert [address for address in parsed.addresses if not address.startswith("#")] == []
    assert parsed.names.count("svg") == len(report.charts)
    assert parsed.names.count("table") >= len(report.tables)


def test_names_and_messages_are_escaped() -> None:
    """A step's name would run in the browser of whoever reads the report."""
    everything = shop_history()
    evil = replace(
        everything,
        steps=everything.steps.assign(key=EVIL, cause=EVIL, project=EVIL),
        flows=everything.flows.assign(flow=EVIL, cause=EVIL),
    )
    for make in REPORTS.values():
        text = page(make(last_week(evil)))
        assert "script" not in elements(text).names
        assert "<script" not in text


def test_colours_follow_the_reader() -> None:
    """On a dark screen the letters of the charts would be black on black."""
    text = page(report_of_last_week("executive"))
    assert "prefers-color-scheme: dark" in text
    assert "currentColor" in text
    charts = "".join(re.findall(r"<svg.*?</svg>", text, re.DOTALL))
    assert "#0a0b0c" not in charts


def test_an_empty_report_is_a_page_as_well() -> None:
    """The first report of an installation would fail."""
    assert "Nothing ended in this period" in page(REPORTS["cost"](nothing()))
