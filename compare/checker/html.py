"""A report as HTML, for a notebook and for a page: the learner's source, line by line, with what is
said of each line beside it, and below it what is said of none.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from compare.checker.glossary import WORDS
from compare.checker.records import Judged
from compare.checker.said import Row, Said, said, verdict_line
from compare.checker.source import in_cell
from compare.checker.trace import Raised

if TYPE_CHECKING:
    from compare.checker.report import Report

PAGE = "<!doctype html><!-- compare check -->"
# From the worst: a line has the colour of the first of its verdicts.
COLOURS = {
    "wrong": "#fbdada",
    "missing": "#fbdada",
    "edge": "#efe4fa",
    "remark": "#e4ecfa",
    "inherited": "#fdf1d6",
    "right": "#e6f4e6",
    "to do": "#ececec",
}
RAISED = "raised"
Place = tuple[int | None, int]  # the cell of a notebook, or None, and the line
STYLE = """<style>
.compare-check {font-family: sans-serif; color: #111; background: #fff}
.compare-check table {border-collapse: collapse; margin: 1em 0}
.compare-check th {text-align: left; font-weight: normal; color: #555}
.compare-check td, .compare-check th {padding: 0 .6em; vertical-align: top; text-align: left}
.compare-check td {color: #111}
.compare-check pre {margin: 0; white-space: pre-wrap}
.compare-check td pre {min-width: 60ch}
.compare-check td:first-child {text-align: right; color: #555}
.compare-check .raised {outline: 2px solid #c00; outline-offset: -2px}
.compare-check .legend {margin: 0; padding: 0; list-style: none}
.compare-check .legend span {padding: 0 .4em}
</style>"""


def report_html(report: "Report") -> str:
    """A part of a page, as a notebook shows it."""
    parts = said(report)
    lines = list(_lines(report))
    places = {line.at for line in lines}
    raised = _place(report.raised) if report.raised is not None else None
    beside = {raised: parts.error} if raised is not None and raised in places else {}
    rows = "".join([*_source(lines, parts, beside), *_elsewhere(places, parts)])
    head = "<tr><th>line</th><th>your code</th><th>quantity, verdict, and why</th></tr>"
    table = f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>" if rows else ""
    body = [
        f"<h2>{escape(report.name)}</h2>",
        f"<p><b>{escape(verdict_line(report))}</b></p>",
        _legend(parts, bool(beside)),
        table,
        *_below(report, parts, bool(beside)),
    ]
    return f"<div class='compare-check'>{STYLE}{''.join(body)}</div>"


def report_page(report: "Report") -> str:
    """The same as a page of its own."""
    return (
        f"{PAGE}<html lang='en'><meta charset='utf-8'><title>{escape(report.name)}</title>"
        f"<body>{report_html(report)}</body></html>\n"
    )


def _legend(parts: Said, raised: bool) -> str:
    """What the colours mean, of those that occur."""
    words = {row.word for row in parts.rows}
    items = [
        f"<li><span style='background:{colour}'>{word}</span> {escape(meaning)}</li>"
        for word, colour in COLOURS.items()
        for known, meaning in WORDS.items()
        if word == known and word in words
    ]
    if raised:
        items.append(f"<li><span class='{RAISED}'>a red frame</span> the line that raised</li>")
    return f"<ul class='legend'>{''.join(items)}</ul>" if items else ""


class Line(NamedTuple):
    at: Place
    text: str
    number: str  # nothing, above a notebook's cell


def _lines(report: "Report") -> Iterator[Line]:
    for number, text in enumerate(report.source.splitlines(), start=1):
        at = in_cell(number, report.begins)
        heading = number + 1 in report.begins
        yield Line((None, 0) if heading else at, text, "" if heading else str(at[1]))


def _place(one: Judged | Raised) -> Place:
    return one.cell, one.line or 0


def _source(lines: Sequence[Line], parts: Said, raised: Mapping[Place, list[str]]) -> Iterator[str]:
    """A row for each line, with the verdicts on what it computes."""
    for at, text, number in lines:
        here = [row for row in parts.rows if row.judged.line and _place(row.judged) == at]
        told = [_cell([row.judged.name], row) for row in here]
        told += [escape(_flowing(words)) for words in raised.get(at, ())]
        yield _row(number, text, told, _worst(here), RAISED if at in raised else "")


def _elsewhere(places: Collection[Place], parts: Said) -> Iterator[str]:
    """What stands in no line that is known; all in one row of which the same is said."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in parts.rows:
        if row.judged.line is None or _place(row.judged) not in places:
            groups.setdefault((row.word, *row.words), []).append(row)
    for rows in groups.values():
        told = _cell([row.judged.name for row in rows], rows[0])
        yield _row("", rows[0].judged.source, [told], rows[0].word)


def _cell(names: Sequence[str], row: Row) -> str:
    words = "".join(f"<br>{escape(_flowing(text))}" for text in row.words)
    return f"<b>{escape(', '.join(names))}</b> {row.word}{words}"


def _row(at: str, code: str, told: Sequence[str], word: str, kind: str = "") -> str:
    colour = f" style='background:{COLOURS[word]}'" if word in COLOURS else ""
    named = f" class='{kind}'" if kind else ""
    cells = f"<td>{at}</td><td><pre>{escape(code)}</pre></td><td>{'<br>'.join(told)}</td>"
    return f"<tr{named}{colour}>{cells}</tr>"


def _worst(rows: Sequence[Row]) -> str:
    words = {row.word for row in rows}
    return next((word for word in COLOURS if word in words), "")


def _below(report: "Report", parts: Said, error_is_told: bool) -> Iterator[str]:
    """What belongs to no line."""
    for text in (*([] if error_is_told else parts.error), *parts.beside, *parts.notes):
        yield f"<p>{escape(_flowing(text))}</p>"
    if parts.printed:
        printed = "\n".join(parts.printed)
        yield f"<p>It printed:</p><pre>{escape(printed)}</pre>"
    if parts.example:
        yield f"<pre>{escape(parts.example)}</pre>"


def _flowing(text: str) -> str:
    """Without the line breaks of a terminal."""
    return " ".join(text.split())
