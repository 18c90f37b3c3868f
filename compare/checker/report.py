"""The report on a learner's file."""

from dataclasses import dataclass, replace
from typing import TypeVar

from compare.checker.cases import Case
from compare.checker.example import Example, example
from compare.checker.html import report_html
from compare.checker.records import Finding, Hint, Judged
from compare.checker.said import report_text, verdict_line
from compare.checker.source import in_cell
from compare.checker.trace import Raised
from compare.text import printable

Placed = TypeVar("Placed", Finding, Judged)


@dataclass(frozen=True, repr=False)
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
    def wrong(self) -> tuple[Finding, ...]:
        """The mistakes in what was returned."""
        return tuple(f for f in self.mistakes if f.id != "missing")

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

    def __repr__(self) -> str:
        return f"<Report on {printable(self.name)}: {verdict_line(self)}>".replace("\xa0", " ")

    def _repr_html_(self) -> str:
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
