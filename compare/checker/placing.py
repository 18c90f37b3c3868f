"""In which of the learner's own lines a quantity, or a mistake, stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from compare.checker.cases import Array, Case
from compare.checker.flow import Flow, same
from compare.checker.lines import ANCESTORS, STEPS
from compare.checker.mistaken_line import MistakenLine
from compare.checker.reading import Reading
from compare.checker.records import Finding
from compare.checker.sandbox import Answer
from compare.checker.seen import Seen, first_of
from compare.checker.state import Place
from compare.checker.statements import statements
from compare.checker.trace import Binding, Raised


@dataclass(frozen=True, eq=False)
class Code:
    """The learner's lines, as far as they were followed."""

    case: Case | None = None  # the batch on which they were followed
    reading: Reading | None = None
    raised: Raised | None = None
    source: str = ""
    begins: tuple[int, ...] = ()  # of a notebook: the lines of the source where its cells begin
    wrong: tuple[str, ...] = ()  # what was returned, and is not right on every ordinary batch
    unread: Mapping[str, str] = field(default_factory=dict)  # of what is returned, why it is no use

    @property
    def stopped(self) -> bool:
        """It raised on the batch on which it was followed."""
        return self.raised is not None and self.case is not None and self.case.raised

    @cached_property
    def flow(self) -> Flow:
        seen = self.reading.seen if self.reading else ()
        return Flow(seen, statements(self.source), self.source)

    @cached_property
    def first_float32(self) -> Binding | None:
        """The first line that makes such numbers, where the batch has float64."""
        if self.case is None or self.reading is None or self.case.problem.dtype != "float64":
            return None
        return first_of(np.float32, (seen.binding for seen in self.reading.seen))

    def writes_over(self, quantity: str) -> bool:
        """The name of the quantity's value has another value later; or its line was not found."""
        binding = self.reading.bindings.get(quantity) if self.reading else None
        if binding is None or self.reading is None:
            return True
        mine = [s for s in self.reading.seen if s.binding.name == binding.name]
        first = next((s.order for s in mine if s.binding is binding), 0)
        return any(
            s.order > first and not np.array_equal(s.binding.value, binding.value) for s in mine
        )

    def computes(self, quantity: str) -> bool:
        """One of the lines has it, or has the notes' name for what it makes."""
        if self.reading is None:
            return False
        named = (quantity, f"[{quantity!r}]")
        return quantity in self.reading.bindings or any(
            seen.binding.name == named[0] or seen.binding.name.endswith(named[1])
            for seen in self.reading.seen
        )

    @property
    def has_one_hot(self) -> bool:
        """Whole numbers for each sample and class, if the lines were followed: else it may be."""
        if self.case is None or self.reading is None:
            return True
        shape = np.shape(self.case.right["Y_ind"])
        whole = (
            seen.value for seen in self.reading.seen if seen.value.shape in (shape, shape[::-1])
        )
        return any((value == np.round(value)).all() for value in whole)

    def misshapen(self) -> tuple[str, Seen, Seen] | None:
        """In the statement that raised, a quantity that is right but for its size: more rows or
        columns than the right one, or fewer. The value, and the first one of that name and size.
        """
        if not self.stopped or self.case is None or self.reading is None or self.raised is None:
            return None
        statement = self.flow.statements.get(self.raised.line)
        for name in sorted(statement.read) if statement else ():
            values = [s for s in self.flow.singles if s.binding.name == name]
            for quantity in STEPS if values else ():
                right = np.asarray(self.case.right[quantity])
                if quantity not in self.reading.values and _other_size(values[-1].value, right):
                    size = values[-1].value.shape
                    mine = values[-1].binding.call
                    first = [s for s in values if s.binding.call == mine and s.value.shape == size]
                    return quantity, values[-1], first[0]
        return None

    def line_of(self, place: Place, lines: Mapping[str, str]) -> Binding | None:
        """The line to show for a mistake: one that was followed, or the one that raised."""
        found = None
        if self.case is not None and self.reading is not None:
            found = MistakenLine(self.case, self.reading, self.flow, place, lines).binding()
        if found is None and self.stopped and self.raised is not None:
            raised = self.raised
            return Binding(raised.line, raised.source, "", np.zeros(0), 0, raised.line)
        return found

    def binding(self, quantity: str, findings: Sequence[Finding]) -> Binding | None:
        """The line to show for a quantity: that of its mistake, or the one that computes it."""
        for finding in findings:
            if finding.quantity == quantity and finding.line is not None:
                known = self.reading.seen if self.reading else ()
                for seen in known:
                    if seen.binding.line == finding.line:
                        return seen.binding
                return Binding(finding.line, finding.source, "", np.zeros(0), 0, finding.line)
        return self.reading.bindings.get(quantity) if self.reading else None


def as_named(reading: Reading, case: Case) -> Reading:
    """Of code that raised: without what has the notes' name of an earlier quantity, which was found
    nowhere, and has not its shape. It is that one, wrong, though a later one has its numbers.
    """
    if not case.raised:
        return reading
    kept = {q for q in reading.values if not _is_misnamed(q, reading, case)}
    return replace(
        reading,
        values={q: value for q, value in reading.values.items() if q in kept},
        bindings={q: binding for q, binding in reading.bindings.items() if q in kept},
    )


def _is_misnamed(quantity: str, reading: Reading, case: Case) -> bool:
    binding = reading.bindings[quantity]
    name = binding.name
    other = name in ANCESTORS[quantity] and name not in reading.values
    return other and binding.value.shape != np.shape(case.right[name])


def _other_size(value: Array, right: Array) -> bool:
    """The same where both have something; zeros where the value has more."""
    if value.ndim != 2 or right.ndim != 2 or value.shape == right.shape:
        return False
    rows, columns = np.minimum(value.shape, right.shape)
    both = right[:rows, :columns]
    rest = np.count_nonzero(value) == np.count_nonzero(value[:rows, :columns])
    return min(rows, columns) > 1 and rest and same(value[:rows, :columns], both)


def unread_in(answer: Answer) -> dict[str, str]:
    """Of each value that is returned and is nowhere an array of real numbers, why. One that is too
    large for one batch, and is read on another, comes of what is wrong there.
    """
    why: dict[str, str] = {}
    for run in answer.runs.values():
        why |= {name: words for name, words in run.unread.items() if name not in why}
    read = {name for run in answer.runs.values() for name in run.values}
    return {name: words for name, words in why.items() if name not in read}


def raised_in(answer: Answer) -> Raised | None:
    return next((run.raised for run in answer.runs.values() if run.raised is not None), None)
