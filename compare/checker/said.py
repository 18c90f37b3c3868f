"""What a report says, part by part, and as a text for people."""

from typing import TYPE_CHECKING, NamedTuple

from compare.bounds.quantities import GRADIENTS
from compare.checker.next_step import next_words
from compare.checker.records import Finding, Hint, Judged
from compare.checker.source import place_words
from compare.checker.words import finding_words, last_line
from compare.text import printable, wrapped

if TYPE_CHECKING:
    from compare.checker.report import Report

WIDEST = 44  # characters of a learner's line
PRINTED = 20  # lines of what it printed
NO_EXAMPLE = "No example: no line is known to be wrong."
CELLS = "cell: of the code cells, from 1; line: in its cell, from 1"


class Row(NamedTuple):
    """A quantity, the word for it, and what is said of it."""

    judged: Judged
    word: str
    words: list[str]


class Said(NamedTuple):
    """All that a report says, part by part, for whatever shows it."""

    rows: list[Row]
    beside: list[str]  # of several quantities, or of none
    error: list[str]
    notes: list[str]  # how the function was called, and read
    printed: list[str]
    example: str


def said(report: "Report") -> Said:
    shown = [q for q in report.quantities if q.verdict != "unseen"]
    return Said(
        [Row(q, q.verdict, _told(report, q, report.hint)) for q in shown],
        _beside(report, report.hint),
        _error(report, report.hint),
        [*report.remarks_on_form, *filter(None, [report.trace_note])],
        report.output.splitlines()[:PRINTED],
        example_text(report) if report.with_example else "",
    )


def example_text(report: "Report") -> str:
    """The example, or why there is none."""
    found = report.example
    if found is not None:
        return str(found)
    told = [*report.mistakes, *report.edges]
    if any(f.wrong_line for f in told):
        return f"No example: a batch of three samples does not show what {told[0].quantity} has."
    if told:
        return f"No example: for what is told of {told[0].quantity}, no formula is known."
    return "No example: nothing is wrong." if report.right else NO_EXAMPLE


def report_text(report: "Report", hint: Hint) -> str:
    """The learner's lines with the verdict on each quantity, then what to fix first. No line is
    wider than 80 columns.
    """
    lines = [printable(report.name, 80)]
    lines += _table(report, hint)
    lines += _beside(report, hint)
    lines += [wrapped(remark, "  ", " " * 4) for remark in report.remarks_on_form]
    lines += _error(report, hint)
    if report.trace_note:
        lines.append(wrapped(report.trace_note, "  ", " " * 4))
    if report.output:
        printed = report.output.splitlines()[:PRINTED]
        lines += ["  It printed:", *(f"    {_clipped(line, 76)}" for line in printed)]
    if report.with_example:
        lines += [f"  {line}" for line in example_text(report).splitlines()]
    lines.append(wrapped(verdict_line(report)))
    return "\n".join(lines)


def verdict_line(report: "Report") -> str:
    """What comes last, with the seed where another run could say something else."""
    judged = report.seed is not None and report.quantities
    again = judged and (report.error or report.wrong)
    seed = f" (--seed\xa0{report.seed})" if again else ""
    return last_line(report) + seed


def _table(report: "Report", hint: Hint) -> list[str]:
    """A row for each quantity, and what is said of it below."""
    if report.right and _gradients_alone(report):
        return _all_right(report)
    shown = [q for q in report.quantities if q.verdict != "unseen"]
    if not shown:
        return []
    codes = {q.name: _clipped(q.source) for q in shown}
    width = max(9, *(len(code) for code in codes.values()))
    placed = any(q.line for q in shown)
    cells = any(q.cell for q in shown)
    rows = [_row("cell" if cells else None, "line", "your code", width) + "  quantity"]
    rows = rows if placed else []
    for q in shown:
        cell = (q.cell or "") if cells else None
        where = _row(cell, q.line or "", codes[q.name], width) if placed else ""
        rows.append(f"{where}  {q.name:<6} {q.verdict}".rstrip())
        rows += [wrapped(words, " " * 8) for words in _told(report, q, hint)]
    return [*rows, *([f"  {CELLS}"] if cells else [])]


def _row(cell: int | str | None, line: int | str, code: str, width: int) -> str:
    """`cell` is None where there are no cells."""
    return ("" if cell is None else f"  {cell:>4}") + f"  {line:>4}  {code:<{width}}"


def _gradients_alone(report: "Report") -> bool:
    """They are right, and nothing else was returned, but perhaps a right loss."""
    right = all(q.verdict in ("right", "unseen") for q in report.quantities)
    return right and _returned(report) <= {"loss", *GRADIENTS}


def _returned(report: "Report") -> set[str]:
    return {name for case in report.cases for name in case.returned}


def _all_right(report: "Report") -> list[str]:
    returned = _returned(report)
    names = [q.name for q in report.quantities if q.name in returned]
    seen = [q.name for q in report.quantities if q.line and q.name not in returned]
    also = [wrapped(f"{', '.join(seen)}: right in your code, too", "  ")]
    return [f"  {', '.join(names)}: right", *(also if seen else ())]


def _told(report: "Report", judged: Judged, hint: Hint) -> list[str]:
    """Its mistakes and edges; of another convention there is a word below the table, and below the
    exception of what is in the line that raised it.
    """
    here = [f for f in report.findings if f.quantity == judged.name and not f.remark]
    return [words for f in here if not _raises(report, f) and (words := finding_words(f, hint))]


def _raises(report: "Report", finding: Finding) -> bool:
    raised = report.raised
    return raised is not None and (finding.cell, finding.line) == (raised.cell, raised.line)


def _beside(report: "Report", hint: Hint) -> list[str]:
    """Remarks, and what is no quantity's."""
    named = {q.name for q in report.quantities}
    others = [f for f in report.findings if f.remark or f.quantity not in named]
    texts: dict[str, list[str]] = {}
    for finding in others:
        label = "" if finding.quantity not in named else finding.quantity
        words = finding_words(finding, hint, "; " if label else ": ")
        texts.setdefault(words, []).append(label)
    return [
        wrapped(f"{', '.join(names)}: {words}" if any(names) else words, "  ", " " * 4)
        for words, names in texts.items()
        if words
    ]


def _clipped(source: str, widest: int = WIDEST) -> str:
    text = printable(source, 400)
    return text if len(text) <= widest else text[: widest - 1] + "…"


def _error(report: "Report", hint: Hint) -> list[str]:
    """Where it raised, what stands there, and what comes next."""
    if not report.error:
        return []
    lines = [wrapped(report.error, "  ", " " * 4)]
    if report.raised is None:
        return lines
    if report.raised.operands:
        operands = ", ".join(report.raised.operands)
        place = place_words(report.raised.cell, report.raised.line)
        lines.append(wrapped(f"{place}: {operands}", "  ", " " * 4))
    for finding in report.findings:
        if _raises(report, finding) and not finding.remark and finding_words(finding, hint):
            words = f"{finding.quantity}: {finding_words(finding, hint)}"
            lines.append(wrapped(words, "  ", " " * 4))
    next_ = next_words(report.raised, report.quantities, report.cases, hint)
    return [*lines, *(wrapped(words, "  ", " " * 4) for words in next_)]
