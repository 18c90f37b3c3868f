"""In which of the learner's own lines a quantity, or a mistake, stands."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from compare.checker.cases import Array, Case, environment, misfits, walk
from compare.checker.diagnosis import Place
from compare.checker.flow import CLOSE, Flow, among, returned, same
from compare.checker.lines import ANCESTORS, PARENTS, RIGHT, STEPS, inputs, run_line
from compare.checker.reading import Reading, Seen
from compare.checker.records import Finding
from compare.checker.sandbox import Answer
from compare.checker.statements import statements
from compare.checker.trace import Binding, Raised

# The loss, term by term.
PENALTIES = tuple(
    f"loss = {data} + 0.5 * reg * ({W}**2).sum()"
    for data in ("0.0", "-np.log((Y_ind * P).sum(axis=1)).sum() / N")
    for W in ("W1", "W2")
)


@dataclass(frozen=True, eq=False)
class Code:
    """The learner's lines, as far as they were followed."""

    case: Case | None = None  # the batch on which they were followed
    reading: Reading | None = None
    raised: Raised | None = None
    source: str = ""

    @property
    def stopped(self) -> bool:
        """It raised on the batch on which it was followed."""
        return self.raised is not None and self.case is not None and self.case.raised

    @cached_property
    def flow(self) -> Flow:
        return Flow(self.reading.seen if self.reading else (), statements(self.source))

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
            found = _Search(self.case, self.reading, self.flow, place, lines).line()
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


@dataclass(frozen=True, eq=False)
class _Search:
    """For the line of one mistake.

    It is the first one whose value comes of the mistake, and of no right line before it. Where what
    the mistake makes is not known, the way is backwards, from the wrong quantity to a line that
    reads right values alone. A step that is left out makes no value of its own: then it is where
    the value before it gets another name, or where a statement does nothing.
    """

    case: Case
    reading: Reading
    flow: Flow
    place: Place
    lines: Mapping[str, str]

    def line(self) -> Binding | None:
        if self._walked is None:
            return self.reading.bindings.get(self.place.quantity)
        misshapen = self._misshapen()
        if misshapen is not None:
            return self._backwards(misshapen).binding
        if self._wrong_line and self._is_right_elsewhere:
            made = [s for s in self.flow.seen if among(s, self._final) and not s.binding.given]
            if made:
                return self._left_out(made[0])
        first = self._first_odd() if self._wrong_line else None
        if first is not None and not among(first, self._own_parts, self._samples):
            first = self._backwards(first)  # it is a later quantity
        if first is None and self._own is not None:
            first = self._backwards(self._own)
        if first is None:
            return None
        first = self._backwards(first)
        short, idle = self._short_loop(first), None
        if self._clean(first):
            idle = self.flow.idle_between(first, self._use(first))
        elif self._instead or not self._wrong_line:
            idle = self._idle_before(first)
        return short or idle or self._taken_for_another(first).binding

    # What the values of the code are held against.

    @cached_property
    def _walked(self) -> Mapping[str, Array] | None:
        return walk(self.case, self.lines)

    @property
    def _wrong_line(self) -> str:
        return self.lines.get(self.place.quantity, "")

    @cached_property
    def _names(self) -> dict[str, Any]:
        return environment(self.case, self._walked or {})

    @cached_property
    def _sound(self) -> dict[str, Any]:
        """What the lines up to the mistake read."""
        before = {q: s for q, s in self.lines.items() if q in ANCESTORS[self.place.quantity]}
        return environment(self.case, walk(self.case, before) or {})

    @cached_property
    def _right(self) -> list[Array]:
        """All that right lines make on the way: on the learner's values, and on the notes'."""
        earlier = STEPS[: STEPS.index(self.place.quantity) + 1]
        usual = [v for q in earlier for v in parts(RIGHT[q], self._sound)]
        notes = {**inputs(self.case.problem), **self.case.right}
        usual += [v for line in RIGHT.values() for v in parts(line, notes)]
        usual += [v for line in PENALTIES for v in parts(line, notes)]
        rows, y = np.arange(self._samples), self.case.problem.y
        scores = [v for v in usual if np.shape(v) == np.shape(self.case.right["z2"])]
        usual += [v[rows, y] for v in scores]
        return [*usual, *self._given]

    @cached_property
    def _given(self) -> list[Array]:
        """The arrays that the learner's function was called with."""
        return [np.asarray(v, float) for v in inputs(self.case.problem).values() if _big(v)]

    @cached_property
    def _later(self) -> list[str]:
        quantity = self.place.quantity
        return [q for q in STEPS if q == quantity or quantity in ANCESTORS[q]]

    @cached_property
    def _final(self) -> list[Array]:
        """The wrong quantity itself."""
        quantity = self.place.quantity
        computed = (self._walked or {}).get(quantity)
        known = [np.asarray(computed, float)] if self._wrong_line else []
        mine = self.case.returned.get(quantity, self.case.traced.get(quantity))
        return known if mine is None else [*known, np.asarray(mine, float)]

    @cached_property
    def _own_parts(self) -> list[Array]:
        made = parts(self._wrong_line, self._names) if self._wrong_line else ()
        return [*self._final, *(v for v in made if v.size > 1 or self.place.quantity == "loss")]

    @cached_property
    def _odd(self) -> list[Array]:
        """What comes of the mistake, and of no right line."""
        spoilt = list(self._own_parts)
        assert self._walked is not None
        for quantity in self._later:
            mine = self.case.values.get(quantity, self._walked[quantity])
            spoilt.append(np.asarray(mine, float))
        spoilt += [v for q in self._later[1:] for v in parts(RIGHT[q], self._names)]
        return [v for v in spoilt if not _among_values(v, self._right)]

    @cached_property
    def _is_right_elsewhere(self) -> bool:
        """What should be the quantity is what a right line makes on the way, or for another one."""
        return any(_among_values(v, self._right) for v in self._final[:1])

    @cached_property
    def _samples(self) -> int:
        return len(self.case.problem.X)  # some code divides by N at the end

    def _clean(self, seen: Seen) -> bool:
        """It is what a right line makes, for all samples or for one after the other."""
        key = (seen.binding.line, seen.binding.name)
        together = self.flow.together.get(key)
        for one in (seen, *([together] if together else [])):
            whole = one.binding.value.dtype.kind in "iub" and one.value.ndim <= 1
            if whole or not one.value.any() or among(one, self._right, self._samples):
                return True
        return seen.value.ndim == 1 and self._is_row(seen.value)

    def _is_row(self, value: Array) -> bool:
        """It is what a right line makes for one sample."""
        for right in self._right:
            if right.ndim == 2 and right.shape[1] == len(value) > 1:
                distance = abs(right - value).max(axis=1)
                if distance.min() <= CLOSE * abs(value).max():
                    return True
        return False

    def _is_right_result(self, seen: Seen) -> bool:
        tells = seen.value.size > 1 or seen.binding.value.dtype.kind == "f"
        return tells and among(seen, self._right, self._samples, whole=True)

    # Where the quantity stands.

    @cached_property
    def _claimed(self) -> set[tuple[int, str, int]]:
        """Where earlier quantities stand: lines, names and calls."""
        earlier = STEPS[: STEPS.index(self.place.quantity)]
        return {
            (binding.line, binding.name, binding.call)
            for quantity, binding in self.reading.bindings.items()
            if quantity in earlier
        }

    @cached_property
    def _helpers(self) -> set[int]:
        """Lines of a helper that gave right values in another call: its caller is to blame."""
        calls: dict[int, set[int]] = {}
        for seen in self.flow.singles:
            if not seen.binding.given:
                calls.setdefault(seen.binding.line, set()).add(seen.binding.call)
        mistaken = {self.place.quantity, *self.lines}
        mistaken |= misfits(self.case, {}, self.reading.values)
        wrong = [np.asarray(self._names[q], float) for q in mistaken]
        earlier = [self._sound[q] for q in STEPS[: STEPS.index(self.place.quantity)]]
        wrong = [v for v in wrong if not _among_values(v, earlier)]
        values = self.reading.values.items()
        follow = [*self._right, *(v for q, v in values if q not in mistaken)]
        follow = [v for v in follow if not _among_values(v, wrong)]
        return {
            seen.binding.line
            for seen in self.flow.singles
            if len(calls.get(seen.binding.line, ())) > 1 and among(seen, follow)
        }

    @cached_property
    def _own(self) -> Seen | None:
        """The value that is taken for the quantity; or in which it shows, as it was returned."""
        binding = self.reading.bindings.get(self.place.quantity)
        own = next((s for s in self.flow.seen if s.binding is binding), None)
        for quantity in (self.place.quantity, self.place.spoilt):
            if own is None or self._has_right(own, quantity):
                own = self._as_returned(quantity) or own
        while own is not None and own.binding.line in self._helpers:
            receipts = [s for s in self.flow.singles if self.flow.source(s) is own]
            if not receipts:
                break
            own = receipts[0]
        return own

    def _misshapen(self) -> Seen | None:
        """The first value that is what was returned, where this has not even the right shape."""
        mine = self.case.returned.get(self.place.quantity)
        if mine is None or mine.shape == np.shape(self.case.right[self.place.quantity]):
            return None
        exact = (
            s
            for s in self.flow.singles
            if s.value.shape == mine.shape and _identical(s.value, mine)
        )
        return next(exact, None)

    def _has_right(self, seen: Seen, quantity: str) -> bool:
        """The right value is in it; what was returned is another."""
        mine = self.case.returned.get(quantity)
        right = np.asarray(self._sound[quantity], float)
        wrong = mine is not None and not (mine.shape == right.shape and same(mine, right))
        return wrong and among(seen, [right])

    def _as_returned(self, quantity: str) -> Seen | None:
        """The last value that is what was returned, to the last bit, or else in another shape."""
        mine = self.case.returned.get(quantity)
        if mine is None:
            return None
        exact = [s for s in self.flow.singles if _identical(s.value, mine)]
        exact = exact or [s for s in self.flow.singles if among(s, [np.asarray(mine, float)])]
        named = [s for s in exact if not returned(s) and not s.binding.given]
        return next(iter([*reversed(named), *reversed(exact)]), None)

    def _first_odd(self) -> Seen | None:
        own = self._own
        for seen in self.flow.seen:
            binding = seen.binding
            claimed = (
                binding.line,
                binding.name,
                binding.call,
            ) in self._claimed and seen is not own
            if claimed and not among(seen, self._final):
                continue
            if binding.line in self._helpers:
                continue
            if seen is own and not self._passed_on(seen, [seen.value]):
                return seen
            together = self.flow.together.get((binding.line, binding.name))
            if together and among(together, self._right, self._samples) and seen is not own:
                continue  # right for each sample
            if among(seen, self._odd, self._samples) and not self._has_right(
                seen, self.place.quantity
            ):
                return seen
        return None

    def _passed_on(self, seen: Seen, values: Sequence[Array]) -> bool:
        """A helper returns it as it was made before, or it is bound to what a helper returned."""
        if returned(seen):
            mine = [s for s in self.flow.before(seen) if s.binding.call == seen.binding.call]
            return any(among(one, values) for one in mine)
        return self.flow.source(seen) is not None

    def _backwards(self, own: Seen) -> Seen:
        """From what is wrong to the first line that makes it so of right values."""
        now, passed = own, {(own.binding.line, own.binding.name)}
        while True:
            suspects = []
            for operand in self.flow.operands(now, self._helpers):
                key = (operand.binding.line, operand.binding.name)
                dirty = key not in passed and not self._clean(operand)
                if dirty and not self._harmless(operand) and not self.flow.adds_to(now, operand):
                    suspects.append(self.flow.together.get(key, operand))
                passed.add(key)
            if not suspects:
                return now
            now = min(suspects, key=lambda s: s.order)

    def _harmless(self, operand: Seen) -> bool:
        """Something right is made of it."""
        readers = self.flow.readers(operand)
        return any(self._is_right_result(r) and not among(r, self._final) for r in readers)

    # Steps that are left out.

    def _left_out(self, made: Seen) -> Binding:
        """A right value was taken for the quantity: where a statement does nothing, or gives the
        value another name, or hands it on; else where it was made.
        """
        use = self._use(made)
        until = use.order if use else float("inf")
        alike = [s for s in self.flow.seen if among(s, self._final) and s.order < until]
        idle = self.flow.idle_between(made, use, [s for s in alike if not s.binding.given])
        if idle is not None:
            return idle
        renamed = [
            seen
            for seen in alike
            if seen.order >= made.order and seen.binding.line not in self._helpers
            if self.flow.is_renaming(seen)
        ]
        if _among_values(self._final[0], self._given) and alike:
            return alike[-1].binding  # an input, until it was taken for something else
        worked = [seen for seen in renamed if not self.flow.is_plain(seen)]
        place = (made.binding.line, made.binding.name, made.binding.call)
        if worked or (renamed and (place in self._claimed or self._harmless(made))):
            return (worked or renamed)[-1].binding
        if made.binding.line in self._helpers and use is not None:
            return self._in_entry(use).binding
        statement = self.flow.statements.get(made.binding.line)
        written = made.binding.source.startswith(f"{made.binding.name} = ")
        if statement is not None and statement.stored and not written:
            for seen in alike:
                if returned(seen) and seen.binding.call == made.binding.call > 0:
                    return seen.binding
        return self._backwards(made).binding

    def _use(self, made: Seen) -> Seen | None:
        """The first value that is wrong because of this one."""
        later = (s for s in self.flow.seen if s.order > made.order)
        return next((s for s in later if among(s, self._odd, self._samples)), None)

    def _in_entry(self, use: Seen) -> Seen:
        """The caller's statement that led to it."""
        given = [s for s in self.flow.singles if s.binding.given and s.order < use.order]
        mine = [s for s in given if s.binding.call == use.binding.call]
        return mine[-1] if mine and use.binding.line in self._helpers else use

    @cached_property
    def _instead(self) -> list[Array]:
        """Right values that stand in the wrong line where they should not, or where more should be
        made of them.
        """
        if not self._wrong_line:
            return []
        right = _parents(RIGHT[self.place.quantity])
        read = [np.asarray(self._names[q], float) for q in PARENTS[self.place.quantity]]
        found = []
        for node, parent, value in _parts(self._wrong_line, self._names):
            if not _among_values(value, self._right):
                continue
            above = right.get(ast.dump(node), [])
            if not above:
                if value.size > 1 and not _among_values(value, read):
                    found.append(value)
            elif _kind(parent) != above[0] and _kind(parent) in above[1:2]:
                found.append(value)
        return found

    def _taken_for_another(self, first: Seen) -> Seen:
        """The statement before it that gave a right value the name under which it is wrong."""
        if not self._instead:
            return first
        for operand in self.flow.operands(first):
            stands_there = operand.order < first.order and among(operand, self._instead)
            if stands_there and (self.flow.is_renaming(operand) or operand.value.ndim == 0):
                return operand
        return first

    def _idle_before(self, first: Seen) -> Binding | None:
        """A statement that does nothing, between what the line reads and the line."""
        for operand in self.flow.operands(first):
            if operand.binding.call == first.binding.call and self._clean(operand):
                idle = self.flow.idle_between(operand, first)
                if idle is not None:
                    return idle
        return None

    def _short_loop(self, first: Seen) -> Binding | None:
        """The head of a loop that leaves out the first samples, or the last ones."""
        rights = [v for v in self._right if np.ndim(v) == 2 and len(v) == self._samples]
        for seen in self.flow.seen:
            if seen.order > first.order:
                break
            binding, rows = seen.binding, len(np.atleast_1d(seen.value))
            alone = seen.many or (binding.line, binding.name) not in self.flow.together
            if alone and seen.value.ndim == 2 and 0 < rows < self._samples:
                ends = [end for v in rights for end in (v[:rows], v[-rows:])]
                if among(seen, ends, whole=True):
                    return self.flow.loop_around(binding)
        return None


def _parents(line: str) -> dict[str, list[str]]:
    """For each part of a line, what it is a part of, and what that is a part of."""
    found: dict[str, list[str]] = {}
    for statement in ast.parse(line).body:
        for node in ast.walk(statement):  # from the outside in
            for child in ast.iter_child_nodes(node):
                found[ast.dump(child)] = [_kind(node), *found.get(ast.dump(node), [])]
    return found


def _kind(node: ast.AST) -> str:
    """The operator, or the function that is called."""
    inner = getattr(node, "op", None) or getattr(node, "func", None)
    return f"{type(node).__name__} {ast.dump(inner) if inner is not None else ''}"


def _other_size(value: Array, right: Array) -> bool:
    """The same where both have something; zeros where the value has more."""
    if value.ndim != 2 or right.ndim != 2 or value.shape == right.shape:
        return False
    rows, columns = np.minimum(value.shape, right.shape)
    both = right[:rows, :columns]
    rest = np.count_nonzero(value) == np.count_nonzero(value[:rows, :columns])
    return min(rows, columns) > 1 and rest and same(value[:rows, :columns], both)


def _identical(one: Array, other: Array) -> bool:
    """Bit for bit, whatever axes of one there are."""
    return one.size == other.size and np.array_equal(one.ravel(), other.ravel())


def _big(value: object) -> bool:
    return isinstance(value, np.ndarray) and value.size > 1 and value.dtype.kind in "fiub"


def parts(line: str, names: Mapping[str, object]) -> Iterator[Array]:
    """The values of all parts of a line that are more than a name or a number."""
    return (value for node, _, value in _parts(line, names) if not isinstance(node, ast.Name))


def _parts(line: str, names: Mapping[str, object]) -> Iterator[tuple[ast.AST, ast.AST, Array]]:
    """Each part, and each name that is all that a statement assigns; what it is a part of; and its
    value.
    """
    scope = dict(names)
    with np.errstate(all="ignore"):
        for statement in ast.parse(line).body:
            assert isinstance(statement, ast.Assign)
            above = {c: node for node in ast.walk(statement) for c in ast.iter_child_nodes(node)}
            for node in ast.walk(statement.value):
                if isinstance(node, ast.BinOp | ast.Call | ast.Compare | ast.UnaryOp) or (
                    isinstance(node, ast.Name) and node is statement.value
                ):
                    code = compile(ast.Expression(node), "<part>", "eval")
                    try:
                        value = np.asarray(eval(code, scope))
                    except Exception:
                        continue
                    if value.dtype.kind in "fiub" and (value.size > 1 or value.dtype.kind == "f"):
                        yield node, above[node], value.astype(float)
            target = statement.targets[0]
            assert isinstance(target, ast.Name)
            scope[target.id] = run_line(ast.unparse(statement), target.id, scope)


def _among_values(one: Array, values: Sequence[Array]) -> bool:
    return any(np.shape(one) == np.shape(value) and same(one, value) for value in values)


def raised_in(answer: Answer) -> Raised | None:
    return next((run.raised for run in answer.runs.values() if run.raised is not None), None)
