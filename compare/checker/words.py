"""What is said of a finding, and the last line of a report."""

from typing import TYPE_CHECKING

from compare.checker.records import Finding, Hint

if TYPE_CHECKING:
    from compare.checker.report import Report

OPEN = ("to do", "missing")


def finding_words(finding: Finding, hint: Hint, between: str = ": ") -> str:
    """Its title and what is seen of it, with `between` between the two."""
    if hint == "where" and finding.kind == "mistake":
        return ""
    words = between.join(filter(None, (finding.title, finding.evidence)))
    notes = []
    if finding.batch:
        extreme = finding.batch.startswith("where ")  # an edge's, which with --strict is a mistake
        notes.append(f"seen {finding.batch}" if extreme else f"on “{finding.batch}”")
    if finding.also:
        notes.append(f"{' and '.join(finding.also)} would give the same numbers, see --list")
    words += f" ({'; '.join(notes)})" if notes else ""
    shown = finding.right_line and finding.kind == "mistake" and finding.id != "missing"
    if hint == "formula" and shown:
        words += f"; the notes have {'; '.join(finding.right_line.splitlines())}"
    return words


def last_line(report: "Report") -> str:
    """What to do first. What is not written yet comes after what is wrong."""
    if report.wrong:
        return _first_to_mend(report, report.wrong[0])
    missing = [q.name for q in report.quantities if q.verdict == "missing"]
    returned = f"Return {', '.join(missing)}, too." if missing else ""
    to_do = f"To do: {', '.join(report.to_do)}." if report.to_do else ""
    if missing or to_do:
        return f"{returned} {to_do}".strip()
    if report.error:
        return "Nothing could be judged." if not report.quantities else "Not right yet."
    if report.edges:
        return "All right, but with an edge."
    return "All right." if not report.remarks else "All right, with remarks."


def _first_to_mend(report: "Report", first: Finding) -> str:
    if first.id == "unrecognised" and first.line is None:
        unseen = [
            q.name for q in report.quantities if q.verdict == "unseen" and q.name in first.others
        ]
        if unseen:
            where = "in one of them" if len(unseen) > 1 else "there"
            return f"Return {', '.join(unseen)}, too: the mistake may be {where}."
    return f"Fix {first.quantity} first."
