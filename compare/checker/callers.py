"""Of a function of the learner's and the statement that calls it: in which the mistake stands."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from compare.checker.cases import Array, misfits
from compare.checker.expected import Expected, among_values
from compare.checker.flow import Spot, among, same, spot
from compare.checker.lines import RIGHT, STEPS
from compare.checker.parts import Change, changes_between, value_of
from compare.checker.scopes import UnknownError, functions, reached, takes_anything
from compare.checker.seen import Seen
from compare.checker.trace import Binding


@dataclass(frozen=True, eq=False)
class Callers(Expected):
    """A function is not to blame where it gave right values in another call, or where it was not
    given what a right line needs, and has no other way to it.
    """

    @cached_property
    def changes(self) -> list[Change]:
        """What stands in the wrong line instead of parts of the right one."""
        if not self.wrong_line:
            return []
        return changes_between(RIGHT[self.place.quantity], self.wrong_line)

    @cached_property
    def helpers(self) -> set[Spot]:
        """Where a function gave right values in another call: its caller is to blame."""
        if any(not (c.another_name or c.left_out or c.once_more) for c in self.changes):
            return set()
        calls: dict[Spot, set[int]] = {}
        for seen in self.flow.singles:
            if not (seen.binding.given or self._several(seen)):
                calls.setdefault(spot(seen), set()).add(seen.binding.call)
        mistaken = {self.place.quantity, *self.lines}
        mistaken |= misfits(self.case, {}, self.reading.values)
        wrong = [np.asarray(self.names[q], float) for q in mistaken]
        earlier = [self.sound[q] for q in STEPS[: STEPS.index(self.place.quantity)]]
        wrong = [v for v in wrong if not among_values(v, earlier)]
        values = self.reading.values.items()
        follow = [*self.right, *(v for q, v in values if q not in mistaken)]
        follow = [v for v in follow if not among_values(v, wrong)]
        return {
            spot(seen)
            for seen in self.flow.singles
            if len(calls.get(spot(seen), ())) > 1 and among(seen, follow)
        }

    def calls_unseen(self, binding: Binding) -> bool:
        """The statement hands on, or calls, a function of the file of which no line was seen."""
        statement = self.flow.statements.get(binding.line)
        names = (
            statement.passed - {s.binding.name for s in self.flow.singles} if statement else set()
        )
        return any(
            function.name in names
            and self.flow.lines.isdisjoint(range(function.lineno, (function.end_lineno or 0) + 1))
            for function in functions(self.flow.source)
            if isinstance(function, ast.FunctionDef)
        )

    def needless(self, first: Seen) -> Binding | None:
        """The statement that reads a value of which a function made too much, where it had the
        right one under another name; the statement that called the function made right values, too.
        """
        needed = [value_of(c.right, self.sound) for c in self.changes if c.once_more]
        right = [value for value in needed if value is not None]
        mine = [s for s in self.flow.singles if s.binding.call == first.binding.call]
        there = [s for s in mine if s.order < first.order and not s.binding.given]
        alike = [s for s in mine if s.binding.line == first.binding.line]
        if not (any(among(s, right) for s in there) and any(map(self.is_right_result, alike))):
            return None
        later = [s for s in self.flow.singles if s.order > first.order]
        read = [*self.flow.readers(first), *(s for s in later if self._is_handed(first, s))]
        return min(read, key=lambda s: s.order).binding if read else None

    def _is_handed(self, one: Seen, other: Seen) -> bool:
        return other.binding.given and self.flow.received(other) is one

    def caller_to_blame(self, first: Seen) -> Binding | None:
        """The statement that called the function in which this value was made, if the function has
        no way to what the right line needs.
        """
        if first.binding.call == 0 or first.binding.given:
            return None
        if self._has_columns(first):
            return self._caller(first)
        if not self.changes:
            return None
        reached = self._reached(first)
        if reached is None or not all(self._lacks(reached, change) for change in self.changes):
            return None
        return self._caller(first)

    def _reached(self, first: Seen) -> list[Seen] | None:
        """The values that a function can compute with; None if that cannot be told."""
        call = first.binding.call
        own = [s for s in self.flow.singles if s.binding.call == call]
        given = {s.binding.name for s in own if s.binding.given}
        try:
            names = reached(self.flow.source, first.binding.line, given)
        except UnknownError:
            return None
        others = [s for s in self.flow.singles if s.binding.name in names - given]
        if names - given - {s.binding.name for s in others}:
            return None
        together = (self.flow.together.get(spot(s)) for s in own if not self._several(s))
        return [*own, *filter(None, together), *others]

    def _has_columns(self, first: Seen) -> bool:
        """What the function was given, call by call, is the columns of scores, not the rows."""
        scores = np.asarray(self.sound["z2"], float) if self.place.quantity == "P" else None
        return scores is not None and any(
            self.flow.together[spot(s)].value.shape == scores.T.shape != scores.shape
            and same(self.flow.together[spot(s)].value, scores.T)
            for s in self.flow.singles
            if s.binding.given and s.binding.call == first.binding.call
            if spot(s) in self.flow.together
        )

    def _several(self, seen: Seen) -> bool:
        """Its line has more than one function."""
        statement = self.flow.statements.get(seen.binding.line)
        return statement is not None and statement.lambdas > 1

    def _lacks(self, reached: Sequence[Seen], change: Change) -> bool:
        """It does not reach what the right line needs; and what stands there instead it was given,
        if that is more than a part of it.
        """
        if change.left_out:
            needed = [self._value(name) for name in sorted(change.needs())]
            return any(v is not None and not self._is_among(reached, v) for v in needed)
        right = value_of(change.right, self.sound)
        wrong = value_of(change.wrong, self.names)
        if right is None or wrong is None or wrong.size < 2:
            return False
        given = [s for s in reached if s.binding.given]
        return self._is_among(given, wrong) and not self._is_among(reached, right)

    def _is_among(self, reached: Sequence[Seen], value: Array) -> bool:
        """The mask may be of a1 or of z1, and these may be computed once more."""
        ways = [[value]]
        if self.place.quantity == "dz1" and among_values(value, [self.sound["a1"]]):
            ways += [[self.sound["z1"]], [self.sound["X"], self.sound["W1"]]]
        return any(
            all(any(among(s, [part], self.scales) for s in reached) for part in way) for way in ways
        )

    def _value(self, name: str) -> Array | None:
        """Of what is more than a size."""
        value = self.sound.get(name)
        return np.asarray(value, float) if isinstance(value, np.ndarray | float) else None

    def _caller(self, first: Seen) -> Binding | None:
        call, line = first.binding.caller
        while takes_anything(self.flow.source, line):  # a wrapper, which hands on what it is given
            known = (s.binding.caller for s in self.flow.singles if s.binding.call == call)
            call, line = next(known, (-1, 0))
        statement = self.flow.statements.get(line)
        if statement is None:
            return None
        return Binding(line, statement.text, "", np.zeros(0), call, statement.last)
