"""In which of the learner's own lines a quantity, or a mistake, stands."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from compare.checker.cases import Array, Case, environment, walk
from compare.checker.diagnosis import Place
from compare.checker.lines import ANCESTORS, RIGHT, STEPS, inputs, run_line
from compare.checker.reading import Reading, Seen
from compare.checker.records import Finding
from compare.checker.sandbox import Answer
from compare.checker.trace import Binding, Raised

CLOSE = 1e-9  # of the largest value: two of the learner's values on one batch are the same


@dataclass(frozen=True, eq=False)
class Code:
    """The learner's lines, as far as they were followed."""

    case: Case | None = None  # the batch on which they were followed
    reading: Reading | None = None
    raised: Raised | None = None

    @property
    def stopped(self) -> bool:
        """It raised on the batch on which it was followed."""
        return self.raised is not None and self.case is not None and self.case.raised

    def line_of(self, place: Place, lines: Mapping[str, str]) -> Binding | None:
        """The line to show for a mistake: one that was followed, or the one that raised."""
        found = self._followed(place, lines)
        if found is None and self.stopped and self.raised is not None:
            raised = self.raised
            return Binding(raised.line, raised.source, "", np.zeros(0), 0, raised.line)
        return found

    def _followed(self, place: Place, lines: Mapping[str, str]) -> Binding | None:
        """The first line whose value comes of the mistake, and of no right line before it."""
        if self.case is None or self.reading is None:
            return None
        computed = walk(self.case, lines)
        if computed is None:
            return self.reading.bindings.get(place.quantity)
        names = environment(self.case, computed)
        before = {q: line for q, line in lines.items() if q in ANCESTORS[place.quantity]}
        untouched = walk(self.case, before) or {}
        sound = environment(self.case, untouched)
        before_steps = STEPS[: STEPS.index(place.quantity)]
        right = [RIGHT[q] for q in (*before_steps, place.quantity)]
        usual = [v for line in right for v in _parts(line, sound)]
        notes = {**inputs(self.case.problem), **self.case.right}
        usual += [v for line in RIGHT.values() for v in _parts(line, notes)]
        wrong = [lines[place.quantity]] if place.quantity in lines else []
        spoilt = [v for line in wrong for v in _parts(line, names)]
        later = [q for q in STEPS if q == place.quantity or place.quantity in ANCESTORS[q]]
        spoilt += [np.asarray(self.case.values.get(q, computed[q]), float) for q in later]
        spoilt += [v for q in later[1:] for v in _parts(RIGHT[q], names)]
        own = self.reading.bindings.get(place.quantity)
        claimed = {(b.line, b.name) for q, b in self.reading.bindings.items() if q in before_steps}
        final = [np.asarray(names[place.quantity], float)] if wrong else []
        samples = len(self.case.problem.X)  # some code divides by N at the end
        odd = [v for v in spoilt if not _among_values(v, usual)]
        helpers = self._right_elsewhere(usual)
        for seen in self.reading.seen:
            if (seen.binding.line, seen.binding.name) in claimed:
                continue
            if own is not None and seen.binding is own:
                if self._passed_on(seen, [seen.value]):
                    continue
                return own
            if seen.binding.line in helpers:
                continue
            if _among(seen, final) and not self._passed_on(seen, final):
                return seen.binding
            if _among(seen, odd, samples):
                return seen.binding
        return own

    def _passed_on(self, seen: Seen, values: Sequence[Array]) -> bool:
        """A helper returns it as it was made before, or it is bound to what a helper returned."""
        assert self.reading is not None
        earlier = [one for one in self.reading.seen if one.order < seen.order]
        if seen.binding.name.startswith("return"):
            mine = [one for one in earlier if one.binding.call == seen.binding.call]
            return any(_among(one, values) for one in mine)
        last = [one for one in earlier[-8:] if one.binding.name.startswith("return")]
        return bool(last) and last[-1].binding.call > seen.binding.call and _among(last[-1], values)

    def _right_elsewhere(self, usual: Sequence[Array]) -> set[int]:
        """Lines of a helper that gave the notes' values in another call: its caller is to blame."""
        assert self.reading is not None
        calls: dict[int, set[int]] = {}
        for seen in self.reading.seen:
            calls.setdefault(seen.binding.line, set()).add(seen.binding.call)
        return {
            seen.binding.line
            for seen in self.reading.seen
            if len(calls[seen.binding.line]) > 1 and _among(seen, usual)
        }

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


def _parts(line: str, names: Mapping[str, object]) -> Iterator[Array]:
    """The values of all parts of a line that are more than a name or a number."""
    scope = dict(names)
    with np.errstate(all="ignore"):
        for statement in ast.parse(line).body:
            assert isinstance(statement, ast.Assign)
            for node in ast.walk(statement.value):
                if isinstance(node, ast.BinOp | ast.Call | ast.Compare | ast.UnaryOp):
                    code = compile(ast.Expression(node), "<part>", "eval")
                    try:
                        value = np.asarray(eval(code, scope))
                    except Exception:
                        continue
                    if value.dtype.kind in "fiub" and (value.size > 1 or value.dtype.kind == "f"):
                        yield value.astype(float)
            target = statement.targets[0]
            assert isinstance(target, ast.Name)
            scope[target.id] = run_line(ast.unparse(statement), target.id, scope)


def _among(seen: Seen, values: Sequence[Array], scale: float = 1) -> bool:
    """The value is one of these, or so many times one of them."""
    return any(
        _same(form, value) or (scale != 1 and _same(form / scale, value))
        for value in values
        for form in seen.forms(np.shape(value))
    )


def _among_values(one: Array, values: Sequence[Array]) -> bool:
    return any(np.shape(one) == np.shape(value) and _same(one, value) for value in values)


def _same(a: Array, b: Array) -> bool:
    largest = float(np.max(abs(b), initial=0))
    return bool((abs(a - b) <= CLOSE * largest).all()) and largest > 0


def raised_in(answer: Answer) -> Raised | None:
    return next((run.raised for run in answer.runs.values() if run.raised is not None), None)
