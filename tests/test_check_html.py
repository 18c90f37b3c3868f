"""A report as HTML: each thing once, beside the line that it is said of."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from compare.__main__ import main
from compare.checker.check import check_file
from compare.checker.html import PAGE, report_html, report_page
from compare.checker.report import Report
from tests.learners import PLANTS, source

STOPPED = Path(__file__).parent / "learners_files" / "shown" / "stopped.py"


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Report:
    file = tmp_path_factory.mktemp("html") / "mine.py"
    printing = "    print('<b>shape</b>', X.shape)\n    n, c ="
    file.write_text(source(PLANTS[0]).replace("    n, c =", printing))
    return check_file(file, seed=1, search=0)


@pytest.fixture(scope="module")
def stopped() -> Report:
    return check_file(STOPPED, seed=1, search=0)


def rows(html: str) -> dict[str, str]:
    """By the line's number."""
    found = re.findall(r"<tr([^>]*)><td>(\d+)</td>(.*?)</tr>", html, re.DOTALL)
    return {number: look + cells for look, number, cells in found}


def test_a_line_has_its_colour_its_verdict_and_why(wrong: Report):
    row = rows(report_html(wrong))["17"]
    assert "#fbdada" in row
    assert "<pre>    dscores = probs - onehot</pre>" in row
    assert "<b>dz2</b> wrong<br>the 1/N is missing: 200.0 times the right one" in row


def test_every_line_of_the_source_is_there_once(wrong: Report):
    html = report_html(wrong)
    assert len(rows(html)) == len(wrong.source.splitlines())
    assert html.count("the 1/N is missing") == 1
    assert html.count("dscores = probs - onehot") == 1


def test_the_columns_and_the_colours_are_explained(wrong: Report):
    html = report_html(wrong)
    assert "<th>line</th><th>your code</th>" in html
    assert re.findall(r"<li><span[^>]*>(.*?)</span>", html) == ["wrong", "inherited", "right"]


def test_what_is_in_no_line_is_below(wrong: Report):
    *_, below = report_html(replace(wrong, trace_note="a note", with_example=True)).split(
        "</table>"
    )
    assert "&lt;b&gt;shape&lt;/b&gt; (200, 4)" in below
    assert wrong.output == "<b>shape</b> (200, 4)", "of the first call alone"
    assert "<p>a note</p>" in below
    assert "dz2 on 3 samples" in below
    assert "<b>Fix dz2 first. (--seed\xa01)</b>" in report_html(wrong)


def test_the_line_that_raised_is_marked_and_what_it_needs_is_beside_it(stopped: Report):
    html = report_html(stopped)
    row = rows(html)["18"]
    assert "class='raised'" in row
    assert "df is 200 × 3" in row
    assert "the notes have next: da1 = dz2 @ W2.T" in row
    assert html.count("not aligned") == 1
    assert "<b>da1, dz1, dW1, db1</b> to do" in html


def test_a_page_is_the_same_with_a_head(wrong: Report):
    page = report_page(wrong)
    assert page.startswith(PAGE)
    assert report_html(wrong) in page
    assert wrong._repr_html_() == report_html(wrong)


def test_that_a_page_was_written_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    page = tmp_path / "report.html"
    assert main(["check", str(STOPPED), "--html", str(page), "--search", "0"]) == 1
    assert capsys.readouterr().err == f"Written: {page}\n"
    assert page.read_text(encoding="utf-8").startswith(PAGE)


def test_a_file_that_cannot_be_judged_has_a_page(tmp_path: Path):
    html = report_html(Report("x", (), (), "no <such> file"))
    assert "<p>no &lt;such&gt; file</p>" in html
    assert "<table>" not in html
