"""A report in a word, in a line, as a score, and as plain data; and a class's reports in short."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from compare.checker.example import example_data
from compare.checker.lines import STEPS
from compare.checker.records import Finding, Hint, Judged
from compare.checker.report import Report
from compare.checker.said import said
from compare.checker.words import OPEN
from compare.text import count, number, printable, wrapped

WIDEST_LABEL = 60
NOT_RIGHT = ("wrong", "to do", "failed")


def verdicts(report: Report) -> dict[str, str]:
    """The word for each quantity."""
    return {q.name: q.verdict for q in report.quantities}


def summary_text(reports: Sequence[Report], hint: Hint) -> str:
    """What is said of each file, the count, and how often each mistake occurred."""
    names = [printable(report.name) for report in reports]
    width = max(map(len, names))
    lines = [
        _beside(f"{name:<{width}}  ", summary(report, hint))
        for name, report in zip(names, reports, strict=True)
    ]
    counts = Counter(overall(report) for report in reports)
    right = sum(report.right for report in reports)
    others = "".join(f", {counts[word]} {word}" for word in NOT_RIGHT if counts[word])
    seeds = {report.seed for report in reports if report.seed is not None}
    again = f" (--seed {seeds.pop()})" if len(seeds) == 1 else ""
    lines.append(f"{right} of {len(reports)} right{others}.{again}")
    return "\n".join([*lines, *(_often(reports) if hint != "where" else ())])


def _beside(label: str, words: str) -> str:
    """In lines of up to 80 columns; beside a longer label, a few words all the same."""
    width = min(len(label), WIDEST_LABEL)
    return label + wrapped(words, " " * width, " " * 4)[width:]


def _often(reports: Sequence[Report]) -> list[str]:
    """How many files have each mistake; of those that one file alone has, how many there are."""
    found = Counter(title for report in reports for title in {f.title for f in report.wrong})
    often = [(title, times) for title, times in found.most_common() if times > 1]
    lines = [f"{times} of {len(reports)}: {title}" for title, times in often]
    alone = len(found) - len(often)
    if often and alone:
        lines.append(f"in one file alone: {count(alone, 'other mistake')}")
    return [wrapped(line, "  ", " " * 4) for line in lines]


def overall(report: Report) -> str:
    """The verdict on a file, in a word."""
    if report.wrong:
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
    word, wrong = overall(report), report.wrong
    if word == "wrong":
        return f"wrong: {', '.join(dict.fromkeys(in_short(f, hint) for f in wrong))}"
    if word == "failed":
        return f"failed: {report.error}"
    if word == "to do":
        return f"to do: {', '.join(_open(report))}"
    words = {"edge": "right, with an edge: ", "remark": "right, with remarks: "}.get(word, "right")
    return words + ", ".join(in_short(f, hint) for f in (*report.edges, *report.remarks))


def in_short(finding: Finding, hint: Hint) -> str:
    """With --hint where, a mistake has no name."""
    named = hint != "where" or finding.kind != "mistake"
    return f"{finding.quantity} ({finding.id})" if named else finding.quantity


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
        "at": None if q.max_abs_diff is None else list(q.at),
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
