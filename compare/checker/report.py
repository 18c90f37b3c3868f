"""Reports on learners' files -> text for people, and plain data for JSON."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from compare.bounds.quantities import GRADIENTS
from compare.checker.cases import Case
from compare.checker.html import report_html
from compare.checker.lines import RIGHT
from compare.checker.next_step import next_step
from compare.checker.records import Finding, Hint, Judged
from compare.checker.trace import Raised
from compare.checker.words import finding_words, last_line
from compare.text import number, printable, wrapped

WIDEST = 44  # characters of a learner's line


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

    def __str__(self) -> str:
        return report_text(self, self.hint)

    def _repr_html_(self) -> str:
        return report_html(self)


def report_text(report: Report, hint: Hint) -> str:
    """The learner's lines with the verdict on each quantity, then what to fix first. No line is
    wider than 80 columns.
    """
    lines = [printable(report.name, 80)]
    lines += _table(report, hint)
    lines += _beside(report, hint)
    lines += [wrapped(remark, "  ") for remark in report.remarks_on_form]
    lines += _error(report, hint)
    if report.trace_note:
        lines.append(wrapped(report.trace_note, "  "))
    if report.output:
        lines += ["  It printed:", *(f"    {line}" for line in report.output.splitlines()[:20])]
    wrong = report.error or any(f.id != "missing" for f in report.mistakes)
    again = report.seed is not None and wrong
    seed = f" (--seed\xa0{report.seed})" if again else ""
    lines.append(wrapped(last_line(report) + seed))
    return "\n".join(lines)


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
    rows = [f"  {'line':>4}  {'your code':<{width}}  quantity"] if placed else []
    for q in shown:
        where = f"  {q.line or '':>4}  {codes[q.name]:<{width}}" if placed else ""
        rows.append(f"{where}  {q.name:<6} {q.verdict}".rstrip())
        rows += [wrapped(words, " " * 8) for words in _told(report, q, hint)]
    return rows


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


def _told(report: Report, judged: Judged, hint: Hint) -> list[str]:
    """Its mistakes and edges; of another convention there is a word below the table, and below the
    exception of what is in the line that raised it.
    """
    here = [f for f in report.findings if f.quantity == judged.name and not f.remark]
    return [words for f in here if not _raises(report, f) and (words := finding_words(f, hint))]


def _raises(report: Report, finding: Finding) -> bool:
    return report.raised is not None and finding.line == report.raised.line


def _beside(report: Report, hint: Hint) -> list[str]:
    """Remarks, and what is no quantity's."""
    named = {q.name for q in report.quantities}
    others = [f for f in report.findings if f.remark or f.quantity not in named]
    texts: dict[str, list[str]] = {}
    for finding in others:
        label = "" if finding.quantity not in named else finding.quantity
        texts.setdefault(finding_words(finding, hint), []).append(label)
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
        lines.append(wrapped(f"line {report.raised.line}: {operands}", "  ", " " * 4))
    for finding in report.findings:
        if _raises(report, finding) and not finding.remark and finding_words(finding, hint):
            words = f"{finding.quantity}: {finding_words(finding, hint)}"
            lines.append(wrapped(words, "  ", " " * 4))
    next_ = next_step(report.raised, report.quantities)
    if next_ is not None and hint != "where":
        line = "; ".join(RIGHT[next_].splitlines())
        lines.append(wrapped(f"the notes have next: {line}", "  ", " " * 4))
    return lines


def summary_text(reports: Sequence[Report], hint: Hint) -> str:
    """One line for each file, the count, and how often each mistake occurred."""
    width = max(len(report.name) for report in reports)
    lines = [f"{report.name:<{width}}  {summary(report, hint)}" for report in reports]
    right = sum(report.right for report in reports)
    seeds = {report.seed for report in reports if report.seed is not None}
    again = f" (--seed {seeds.pop()})" if len(seeds) == 1 else ""
    lines.append(f"{right} of {len(reports)} right.{again}")
    if hint != "where":
        often = Counter(title for report in reports for title in {f.title for f in report.mistakes})
        lines += [
            f"  {times} of {len(reports)}: {title}"
            for title, times in often.most_common()
            if times > 1
        ]
    return "\n".join(lines)


def summary(report: Report, hint: Hint = "what") -> str:
    open_ = [name for name in report.to_do if name in GRADIENTS]
    to_do = f"to do: {', '.join(open_)}" if open_ else ""
    if report.mistakes:
        told = [
            f.quantity if hint == "where" else f"{f.quantity} ({f.id})" for f in report.mistakes
        ]
        wrong = f"wrong: {', '.join(dict.fromkeys(told))}"
        return f"{wrong}; {to_do}" if to_do else wrong
    if report.error:
        return f"failed: {report.error}"
    if to_do:
        return to_do
    remarks = ", ".join(f"{f.quantity} ({f.id})" for f in (*report.edges, *report.remarks))
    if report.edges:
        return f"right, with an edge: {remarks}"
    return f"right, with remarks: {remarks}" if remarks else "right"


def score(report: Report) -> int:
    """The quantities that are right, or follow from earlier ones, of those that were judged."""
    return sum(q.verdict in ("right", "inherited", "remark", "edge") for q in report.quantities)


def report_data(report: Report) -> dict[str, Any]:
    """The report as plain data for JSON."""
    return {
        "file": report.name,
        "right": report.right,
        "error": report.error or None,
        "seed": report.seed,
        "quantities": [
            {
                "name": q.name,
                "verdict": q.verdict,
                "max_abs_diff": None if q.max_abs_diff is None else number(q.max_abs_diff),
                "at": list(q.at),
                "allowed": None if q.allowed is None else number(q.allowed),
                "line": q.line,
                "own_name": q.own_name or None,
                "source": q.source or None,
            }
            for q in report.quantities
        ],
        "mistakes": [_finding_data(f) for f in report.mistakes],
        "remarks": [_finding_data(f) for f in report.remarks],
        "edges": [_finding_data(f) for f in report.edges],
    }


def _finding_data(finding: Finding) -> dict[str, Any]:
    return {
        "quantity": finding.quantity,
        "id": finding.id,
        "title": finding.title,
        "evidence": finding.evidence,
        "also": list(finding.also),
        "batch": finding.batch or None,
        "line": finding.line,
        "source": finding.source or None,
    }
