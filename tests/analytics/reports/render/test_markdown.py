"""A report as markdown."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.reports import cost
from analytics.reports.data.model import Column, Table
from analytics.reports.render.markdown import escaped, markdown, summary, table_text
from tests.analytics.reports.recorded import last_week, nothing, report_of_last_week, shop_history

EVIL = "a|b `c` <script>alert(1)</script> *d* [e](http://f)"


@pytest.mark.slow
def test_figures_tables_and_files_are_there() -> None:
    """The artifact would not say what the files say, or where they are."""
    report = report_of_last_week("executive")
    text = markdown(report, [Path("/home/reports/report.html")], "![charts](data:,)")
    assert text.startswith("# Executive report\n\n2024-09-27 to 2024-10-03, compared with")
    assert "| flow runs | **175** | ±0\N{NO-BREAK SPACE}% from 175 |" in text
    assert "## Deployments" in text
    assert "- `/home/reports/report.html`" in text
    assert "\n\n![charts](data:,)\n\n" in text


def test_long_tables_are_cut_and_say_so() -> None:
    """A thousand tests would hide the next section."""
    rows = tuple((f"key{turn}", turn) for turn in range(40))
    text = table_text(Table("t", "T", (Column("key"), Column("n", "count")), rows, shown=5))
    assert text.count("\n| `key") == 5
    assert "The first 5 of 40 rows." in text


def test_columns_that_say_nothing_are_left_out() -> None:
    """A narrow screen would be filled with dashes."""
    table = Table("t", "T", (Column("key"), Column("before", "s")), (("a", None), ("b", None)))
    assert "before" not in table_text(table)


def test_names_are_nobodys_markup() -> None:
    """A test id would shift the columns, or a message run in the reader's browser."""
    table = Table("t", "T", (Column("key"), Column("says")), ((EVIL, EVIL),))
    row = table_text(table).splitlines()[-1]
    assert "<script>" not in row.replace("\\<", "").replace("\\>", "")
    assert row.replace("\\|", "").count("|") == 3


@given(st.text())
def test_escaping_leaves_one_line(text: str) -> None:
    """A line break in a message would end the table."""
    assert len(escaped(text).splitlines()) <= 1


def test_a_number_is_not_broken_from_its_unit() -> None:
    """A narrow column would show 12 in one line and its minutes in the next."""
    gap = "\N{NO-BREAK SPACE}"
    assert escaped(f"5{gap}min \n\t 3{gap}s") == f"5{gap}min 3{gap}s"


@pytest.mark.slow
def test_the_summary_is_one_sentence() -> None:
    """The log would have to be read to its end."""
    sentence = summary(cost.report(last_week(shop_history(), "shop")))
    assert sentence.startswith("Cost report of shop, 2024-09-27 to 2024-10-03: spent ")
    assert summary(cost.report(nothing())).count("Nothing ended") == 1
