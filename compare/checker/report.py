"""Reports on learners' files -> text for people, and plain data for JSON."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeVar

from compare.bounds.quantities import GRADIENTS
from compare.checker.cases import Case
from compare.checker.example import Example, example, example_data
from compare.checker.lines import RIGHT, STEPS
from compare.checker.next_step import next_step
from compare.checker.records import Finding, Hint, Judged
from compare.checker.source import in_cell, place_words
from compare.checker.trace import Raised
from compare.checker.words import OPEN, finding_words, last_line
from compare.text import count, number, printable, wrapped

WIDEST = 44  # characters of a learner's line
PRINTED = 20  # lines of what it printed
NOT_RIGHT = ("wrong", "to do", "failed")
CELLS = "cell: of the code cells, from 1; line: in its cell, from 1"

Placed = TypeVar("Placed", Finding, Judged)


@dataclass(frozen=True)
class Report:
    """What `check` found. `print` it, or leave it last in a notebook's cell."""

    name: str
    quantities: tuple[Judged, ...]
    findings: tuple[Finding, ...]
    error: str = ""  # why there is nothing, or not all, to judge
    seed: int | None = None  # of the batches: with it the run can be had again
    hint: Hint = "what"
    raised: Raised | None = None
    remarks_on_form: tuple[str, ...] = ()
    trace_note: str = ""
    output: str = ""  # what the learner's code printed
    source: str = ""
    cases: tuple[Case, ...] = ()
    begins: tuple[int, ...] = ()  # of a notebook: the lines of `source` where its cells begin
    with_example: bool = False  # shown with the report

    @property
    def right(self) -> bool:
        return not self.error and not self.mistakes and not self.to_do

    @property
    def to_do(self) -> tuple[str, ...]:
        """What is not written yet, which is no mistake."""
        return tuple(q.name for q in self.quantities if q.verdict == "to do")

    @property
    def mistakes(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.kind == "mistake")

    @property
    def remarks(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.kind == "remark")

    @property
    def edges(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.kind == "edge")

    @property
    def example(self) -> Example | None:
        """The first mistake, or else the first edge, on a batch of three samples: its formula's
        values beside the right ones. None where no formula is known, or no such batch shows it.
        """
        return example((*self.mistakes, *self.edges))

    def __str__(self) -> str:
        return report_text(self, self.hint)

    def _repr_html_(self) -> str:
        from compare.checker.html import report_html  # which reads reports

        return report_html(self)


def by_cells(report: Report, begins: tuple[int, ...]) -> Report:
    """With each line of a notebook's whole text as a cell and a line in it."""

    def placed(one: Placed) -> Placed:
        if one.line is None:
            return one
        cell, line = in_cell(one.line, begins)
        return replace(one, cell=cell, line=line)

    raised = report.raised
    if raised is not None:
        cell, line = in_cell(raised.line, begins)
        raised = raised._replace(cell=cell, line=line)
    return replace(
        report,
        quantities=tuple(map(placed, report.quantities)),
        findings=tuple(map(placed, report.findings)),
        raised=raised,
        begins=begins,
    )


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


def said(report: Report) -> Said:
    shown = [q for q in report.quantities if q.verdict != "unseen"]
    return Said(
        [Row(q, q.verdict, _told(report, q, report.hint)) for q in shown],
        _beside(report, report.hint),
        _error(report, report.hint),
        [*report.remarks_on_form, *filter(None, [report.trace_note])],
        report.output.splitlines()[:PRINTED],
        example_text(report),
    )


def example_text(report: Report) -> str:
    """The example, or why there is none."""
    found = report.example
    if found is not None:
        return str(found)
    told = [*report.mistakes, *report.edges]
    if any(f.wrong_line for f in told):
        return f"No example: a batch of three samples does not show what {told[0].quantity} has."
    if told:
        return f"No example: for what is told of {told[0].quantity}, no formula is known."
    return "No example: no line is known to be wrong."


def report_text(report: Report, hint: Hint) -> str:
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
        lines += ["  It printed:", *(f"    {line}" for line in printed)]
    if report.with_example:
        lines += [f"  {line}" for line in example_text(report).splitlines()]
    lines.append(wrapped(verdict_line(report)))
    return "\n".join(lines)


def verdict_line(report: Report) -> str:
    """What comes last, with the seed where another run could say something else."""
    judged = report.seed is not None and report.quantities
    again = judged and (report.error or _wrong(report))
    seed = f" (--seed\xa0{report.seed})" if again else ""
    return last_line(report) + seed


def _table(report: Report, hint: Hint) -> list[str]:
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


def _gradients_alone(report: Report) -> bool:
    """They are right, and nothing else was returned, but perhaps a right loss."""
    right = all(q.verdict in ("right", "unseen") for q in report.quantities)
    return right and _returned(report) <= {"loss", *GRADIENTS}


def _returned(report: Report) -> set[str]:
    return {name for case in report.cases for name in case.returned}


def _all_right(report: Report) -> list[str]:
    returned = _returned(report)
    names = [q.name for q in report.quantities if q.name in returned]
    seen = [q.name for q in report.quantities if q.line and q.name not in returned]
    also = [wrapped(f"{', '.join(seen)}: right in your code, too", "  ")]
    return [f"  {', '.join(names)}: right", *(also if seen else ())]


def verdicts(report: Report) -> dict[str, str]:
    """The word for each quantity."""
    return {q.name: q.verdict for q in report.quantities}


def _told(report: Report, judged: Judged, hint: Hint) -> list[str]:
    """Its mistakes and edges; of another convention there is a word below the table, and below the
    exception of what is in the line that raised it.
    """
    here = [f for f in report.findings if f.quantity == judged.name and not f.remark]
    return [words for f in here if not _raises(report, f) and (words := finding_words(f, hint))]


def _raises(report: Report, finding: Finding) -> bool:
    raised = report.raised
    return raised is not None and (finding.cell, finding.line) == (raised.cell, raised.line)


def _beside(report: Report, hint: Hint) -> list[str]:
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


def _clipped(source: str) -> str:
    text = printable(source, 400)
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"


def _error(report: Report, hint: Hint) -> list[str]:
    """Where it raised, what stands there, and the line of the notes that comes next."""
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
    next_ = next_step(report.raised, report.quantities)
    asked = report.raised.kind == "EOFError"  # for input: that is no step
    if next_ is not None and not asked and hint != "where":
        line = "; ".join(RIGHT[next_].splitlines())
        lines.append(wrapped(f"the notes have next: {line}", "  ", " " * 4))
    return lines


def summary_text(reports: Sequence[Report], hint: Hint) -> str:
    """One line for each file, the count, and how often each mistake occurred."""
    width = max(len(report.name) for report in reports)
    lines = [f"{report.name:<{width}}  {summary(report, hint)}" for report in reports]
    counts = Counter(overall(report) for report in reports)
    right = sum(report.right for report in reports)
    others = "".join(f", {counts[word]} {word}" for word in NOT_RIGHT if counts[word])
    seeds = {report.seed for report in reports if report.seed is not None}
    again = f" (--seed {seeds.pop()})" if len(seeds) == 1 else ""
    lines.append(f"{right} of {len(reports)} right{others}.{again}")
    return "\n".join([*lines, *(_often(reports) if hint != "where" else ())])


def _often(reports: Sequence[Report]) -> list[str]:
    """How many files have each mistake; of those that one file alone has, how many there are."""
    found = Counter(title for report in reports for title in {f.title for f in _wrong(report)})
    often = [(title, times) for title, times in found.most_common() if times > 1]
    lines = [f"{times} of {len(reports)}: {title}" for title, times in often]
    alone = len(found) - len(often)
    if often and alone:
        lines.append(f"in one file alone: {count(alone, 'other mistake')}")
    return [wrapped(line, "  ", " " * 4) for line in lines]


def _wrong(report: Report) -> list[Finding]:
    """The mistakes in what is written already."""
    return [f for f in report.mistakes if f.id != "missing"]


def overall(report: Report) -> str:
    """The verdict on a file, in a word."""
    if _wrong(report):
        return "wrong"
    if report.error:
        return "failed"
    if report.mistakes or _open(report):
        return "to do"
    return "edge" if report.edges else "remark" if report.remarks else "right"


def _open(report: Report) -> list[str]:
    return [q.name for q in report.quantities if q.verdict in OPEN]


def summary(report: Report, hint: Hint = "what") -> str:
    """The verdict on a file, in a line."""
    word, wrong = overall(report), _wrong(report)
    if word == "wrong" and hint == "where":
        return f"wrong: {', '.join(dict.fromkeys(f.quantity for f in wrong))}"
    if word == "wrong":
        return f"wrong: {', '.join(map(in_short, wrong))}"
    if word == "failed":
        return f"failed: {report.error}"
    if word == "to do":
        return f"to do: {', '.join(_open(report))}"
    words = {"edge": "right, with an edge: ", "remark": "right, with remarks: "}.get(word, "right")
    return words + ", ".join(map(in_short, (*report.edges, *report.remarks)))


def in_short(finding: Finding) -> str:
    return f"{finding.quantity} ({finding.id})"


def score(report: Report) -> tuple[int, int]:
    """How many of the quantities are right, or follow from earlier ones; and of how many. What is
    neither returned nor computed separately counts in neither.
    """
    judged = [q for q in report.quantities if q.verdict != "unseen"]
    good = sum(q.verdict in ("right", "inherited", "remark", "edge") for q in judged)
    return good, len(judged) or len(STEPS)


def report_data(report: Report) -> dict[str, Any]:
    """The report as plain data for JSON, which gives away as much as the hint does."""
    found = report.example if report.with_example else None
    parts = said(report)
    return {
        "file": report.name,
        "right": report.right,
        "verdict": overall(report),
        "error": report.error or None,
        "error_cell": report.raised.cell if report.raised is not None else None,
        "error_line": report.raised.line if report.raised is not None else None,
        "seed": report.seed,
        "quantities": [_judged_data(q) for q in report.quantities],
        "mistakes": [_finding_data(report, f) for f in report.mistakes],
        "remarks": [_finding_data(report, f) for f in report.remarks],
        "edges": [_finding_data(report, f) for f in report.edges],
        "notes": parts.notes,
        "printed": report.output or None,
        "example": example_data(found) if found is not None else None,
    }


def _judged_data(q: Judged) -> dict[str, Any]:
    return {
        "name": q.name,
        "verdict": q.verdict,
        "max_abs_diff": None if q.max_abs_diff is None else number(q.max_abs_diff),
        "at": list(q.at),
        "allowed": None if q.allowed is None else number(q.allowed),
        "cell": q.cell,
        "line": q.line,
        "own_name": q.own_name or None,
        "source": q.source or None,
    }


def _finding_data(report: Report, finding: Finding) -> dict[str, Any]:
    """Its line is that of its quantity, unless it has one of its own."""
    judged = next((q for q in report.quantities if q.name == finding.quantity), None)
    own = finding if finding.line is not None else judged
    told = report.hint != "where" or finding.kind != "mistake"
    formula = report.hint == "formula" and finding.kind == "mistake" and finding.right_line
    return {
        "quantity": finding.quantity,
        "id": finding.id if told else None,
        "title": finding.title if told else None,
        "evidence": finding.evidence if told else None,
        "also": list(finding.also) if told else [],
        "batch": finding.batch or None,
        "cell": own.cell if own is not None else None,
        "line": own.line if own is not None else None,
        "source": (own.source if own is not None else "") or None,
        "formula": formula or None,
    }
