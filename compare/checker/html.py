"""Reports as HTML: the table for a notebook, the learner's source line by line for a page."""

from html import escape
from typing import TYPE_CHECKING

from compare.checker.records import Finding, Judged
from compare.checker.source import in_cell, place_words
from compare.checker.words import finding_words, last_line

if TYPE_CHECKING:
    from compare.checker.report import Report

PAGE = "<!doctype html><!-- compare check -->"
COLOURS = {
    "right": "#e6f4e6",
    "wrong": "#fbdada",
    "inherited": "#fdf1d6",
    "remark": "#e4ecfa",
    "edge": "#efe4fa",
}


def report_html(report: "Report") -> str:
    """The report as a table, for notebooks."""
    rows = "".join(
        f"<tr><td>{_place(q)}</td><td><code>{escape(q.source)}</code></td>"
        f"<th>{escape(q.name)}</th><td>{q.verdict}</td><td style='text-align:left'>"
        + "<br>".join(escape(finding_words(f, report.hint)) for f in _of(report, q.name))
        + "</td></tr>"
        for q in report.quantities
        if q.verdict != "unseen"
    )
    named = {q.name for q in report.quantities}
    others = [finding_words(f, report.hint) for f in report.findings if f.quantity not in named]
    tail = [*others, *([report.error] if report.error else []), last_line(report)]
    return f"<table>{rows}</table>" + "".join(f"<p>{escape(line)}</p>" for line in tail)


def _place(q: Judged) -> str:
    """The line, or `cell 3, line 5`."""
    if q.line is None or q.cell is None:
        return f"{q.line or ''}"
    return place_words(q.cell, q.line)


def _of(report: "Report", quantity: str) -> list[Finding]:
    return [f for f in report.findings if f.quantity == quantity]


def report_page(report: "Report") -> str:
    """A page with the learner's source, each line in the colour of its verdict."""
    found: dict[tuple[int | None, int], list[tuple[str, str]]] = {}
    for q in report.quantities:
        if q.line is not None:
            words = "; ".join(finding_words(f, report.hint) for f in _of(report, q.name))
            told = (q.verdict, f"{q.name}: {q.verdict}. {words}")
            found.setdefault((q.cell, q.line), []).append(told)
    rows = []
    for number, text in enumerate(report.source.splitlines(), start=1):
        at = in_cell(number, report.begins)
        heading = number + 1 in report.begins  # of a cell
        verdicts = [verdict for verdict, _ in found.get(at, [])]
        worst = next((v for v in ("wrong", "edge", "inherited", *COLOURS) if v in verdicts), "")
        words = "<br>".join(escape(words) for _, words in found.get(at, []))
        line = "" if heading else at[1]
        rows.append(
            f"<tr style='background:{COLOURS.get(worst, '#fff')}'><td>{line}</td>"
            f"<td><pre>{escape(text)}</pre></td><td>{words}</td></tr>"
        )
    return (
        f"{PAGE}<html lang='en'><meta charset='utf-8'>"
        f"<title>{escape(report.name)}</title>"
        "<style>body{font-family:sans-serif}td{padding:0 .6em;vertical-align:top}pre{margin:0}"
        "table{border-collapse:collapse}</style>"
        f"<h1>{escape(report.name)}</h1><table>{''.join(rows)}</table>{report_html(report)}</html>"
    )
