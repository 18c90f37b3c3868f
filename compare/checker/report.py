"""Reports on learners' files -> text for people, HTML for notebooks, plain data for JSON."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from compare.checker.records import Finding, Hint, Judged
from compare.text import number


@dataclass(frozen=True)
class Report:
    """What `check` found. `print` it, or leave it last in a notebook's cell."""

    name: str
    quantities: tuple[Judged, ...]
    findings: tuple[Finding, ...]
    error: str = ""  # why there is nothing, or not all, to judge

    @property
    def right(self) -> bool:
        return not self.error and not self.mistakes

    @property
    def mistakes(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if not f.remark)

    @property
    def remarks(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.remark)

    def __str__(self) -> str:
        return report_text(self, "what")

    def _repr_html_(self) -> str:
        return report_html(self)


def report_text(report: Report, hint: Hint) -> str:
    """One line for each quantity, then what to fix first."""
    lines = [report.name]
    lines += [f"  {_line(report, quantity, hint)}".rstrip() for quantity in report.quantities]
    named = {q.name for q in report.quantities}
    lines += [f"  {_words(f, hint)}" for f in report.findings if f.quantity not in named]
    if report.error:
        lines.append(f"  {report.error}")
    lines.append(_last_line(report))
    return "\n".join(lines)


def _line(report: Report, judged: Judged, hint: Hint) -> str:
    head = f"{judged.name:<6} {judged.verdict:<9}"
    words = [_words(f, hint) for f in report.findings if f.quantity == judged.name]
    return f"{head}  " + f"\n  {'':<17} ".join(filter(None, words))


def _words(finding: Finding, hint: Hint) -> str:
    if hint == "where" and not finding.remark:
        return ""
    words = f"{finding.title}: {finding.evidence}"
    if finding.also:
        words += f" (the same numbers: {', '.join(finding.also)})"
    if hint == "formula" and finding.right_line:
        right = finding.right_line.splitlines()
        indent = f"\n  {'':<17}   "
        words += indent + indent.join(["the right line:", *(f"  {line}" for line in right)])
    return words


def _last_line(report: Report) -> str:
    if report.mistakes:
        first = report.mistakes[0]
        before = itertools.takewhile(lambda q: q.name != first.quantity, report.quantities)
        if first.id == "unrecognised" and any(q.verdict == "missing" for q in before):
            return (
                f"Return the steps before {first.quantity}, too: the mistake may be in one of them."
            )
        return f"Fix {first.quantity} first."
    if report.error:
        return "Nothing could be judged." if not report.quantities else "Not right."
    return "All right." if not report.remarks else "All right, with remarks."


def summary_text(reports: Sequence[Report], hint: Hint) -> str:
    """One line for each file, and a count."""
    width = max(len(report.name) for report in reports)
    lines = [f"{report.name:<{width}}  {_summary(report, hint)}" for report in reports]
    right = sum(report.right for report in reports)
    return "\n".join([*lines, f"{right} of {len(reports)} right."])


def _summary(report: Report, hint: Hint) -> str:
    if report.mistakes and hint == "where":
        return "wrong: " + ", ".join(dict.fromkeys(f.quantity for f in report.mistakes))
    if report.mistakes:
        return "wrong: " + ", ".join(f"{f.quantity} ({f.id})" for f in report.mistakes)
    if report.error:
        return f"failed: {report.error}"
    remarks = ", ".join(f"{f.quantity} ({f.id})" for f in report.remarks)
    return f"right, with remarks: {remarks}" if remarks else "right"


def report_html(report: Report) -> str:
    """The report as a table, for notebooks."""
    rows = "".join(
        f"<tr><th>{escape(q.name)}</th><td>{q.verdict}</td><td style='text-align:left'>"
        + "<br>".join(escape(_words(f, "what")) for f in report.findings if f.quantity == q.name)
        + "</td></tr>"
        for q in report.quantities
    )
    named = {q.name for q in report.quantities}
    others = [_words(f, "what") for f in report.findings if f.quantity not in named]
    tail = [*others, *([report.error] if report.error else []), _last_line(report)]
    return f"<table>{rows}</table>" + "".join(f"<p>{escape(line)}</p>" for line in tail)


def report_data(report: Report) -> dict[str, Any]:
    """The report as plain data for JSON."""
    return {
        "file": report.name,
        "right": report.right,
        "error": report.error or None,
        "quantities": [
            {
                "name": q.name,
                "verdict": q.verdict,
                "max_abs_diff": None if q.max_abs_diff is None else number(q.max_abs_diff),
                "at": list(q.at),
                "allowed": None if q.allowed is None else number(q.allowed),
            }
            for q in report.quantities
        ],
        "mistakes": [_finding_data(f) for f in report.mistakes],
        "remarks": [_finding_data(f) for f in report.remarks],
    }


def _finding_data(finding: Finding) -> dict[str, Any]:
    return {
        "quantity": finding.quantity,
        "id": finding.id,
        "title": finding.title,
        "evidence": finding.evidence,
        "also": list(finding.also),
    }
