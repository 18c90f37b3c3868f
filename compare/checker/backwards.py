"""Back from a wrong value to the line that makes it of right ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from compare.checker.cases import Array
from compare.checker.expected import among_values
from compare.checker.flow import Spot, among, returned, same, spot
from compare.checker.lines import STEPS
from compare.checker.loops import Loops
from compare.checker.moving import only_moves
from compare.checker.parts import turns_round
from compare.checker.seen import Seen

RUNS = 8  # of a line in a loop


@dataclass(frozen=True, eq=False)
class Backwards(Loops):
    """Where the quantity stands in the learner's code, and what its value was made of."""

    @cached_property
    def claimed(self) -> set[tuple[int, str, int]]:
        """Where earlier quantities stand: lines, names and calls."""
        earlier = STEPS[: STEPS.index(self.place.quantity)]
        return {
            (binding.line, binding.name, binding.call)
            for quantity, binding in self.reading.bindings.items()
            if quantity in earlier
        }

    @cached_property
    def own(self) -> Seen | None:
        """The value that is taken for the quantity; or in which it shows, as it was returned."""
        binding = self.reading.bindings.get(self.place.quantity)
        size = np.size(self.reading.values.get(self.place.quantity, ()))
        mine = [s for s in self.flow.seen if s.binding is binding]  # one, or all of a loop together
        own = next((s for s in mine if s.value.size >= size), None)
        for quantity in (self.place.quantity, self.place.spoilt):
            if own is None or self.has_right(own, quantity):
                own = self._as_returned(quantity) or own
        while own is not None and spot(own) in self.helpers:
            receipts = [s for s in self.flow.singles if self.flow.received(s) is own]
            if not receipts:
                break
            own = receipts[0]
        return own

    def misshapen(self) -> Seen | None:
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

    def has_right(self, seen: Seen, quantity: str) -> bool:
        """The right value is in it; what was returned is another."""
        mine = self.case.returned.get(quantity)
        right = np.asarray(self.sound[quantity], float)
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

    def passed_on(self, seen: Seen, values: Sequence[Array]) -> bool:
        """A helper returns it as it was made before, or it is bound to what a helper returned."""
        if returned(seen):
            mine = [s for s in self.flow.before(seen) if s.binding.call == seen.binding.call]
            return any(among(one, values) for one in mine)
        return self.flow.received(seen) is not None

    def backwards(self, own: Seen) -> Seen:
        """From what is wrong to the first line that makes it so of right values."""
        return self.further(own, set())

    def further(self, own: Seen, passed: set[Spot]) -> Seen:
        """The same, and not back to where the way has passed already."""
        now = own
        passed.add(spot(own))
        while True:
            suspects = []
            for operand in self._operands(now):
                key = spot(operand)
                dirty = key not in passed and not self.clean(operand)
                dirty = dirty and not (self.opposite(operand) or self._stores_beside(now, operand))
                if dirty and not self.harmless(operand) and not self.flow.adds_to(now, operand):
                    suspects.append(self.flow.together.get(key, operand))
                passed.add(key)
            if not suspects:
                return now
            now = min(suspects, key=lambda s: s.order)

    def run_by_run(self, own: Seen) -> Seen:
        """From what is wrong back to the first line that makes it so, each run of a line by itself:
        where one loop goes through all steps, its lines are passed again and again.
        """
        now, wrong = own, own
        while True:
            suspects = [s for s in self.read_by(now) if not (s.many or self.clean(s))]
            suspects = [s for s in suspects if s.order < now.order and not self.harmless(s)]
            if not suspects:
                return wrong
            now = max(suspects, key=lambda s: s.order)
            if not (now.binding.given or self.is_moved(now)):
                wrong = now

    def is_moved(self, one: Seen) -> bool:
        """Its statement computes nothing, or the value is as a function of the file returned it."""
        received = self.flow.received(one)
        handed = received is not None and spot(received) not in self.helpers
        return handed or only_moves(one.binding.source)

    def _stores_beside(self, now: Seen, operand: Seen) -> bool:
        """In one loop both store into an array, and what the other one stores is right."""
        mine, other = now.binding, operand.binding
        together = (mine.name, mine.call) == (other.name, other.call)
        loop = together and {spot(now), spot(operand)} <= self.flow.together.keys()
        return loop and self.is_stored_right(operand)

    def _operands(self, now: Seen) -> list[Seen]:
        """Of a line in a loop, what it read the first times that it ran; what it made of its own
        earlier values, with what it had before the first of these.
        """
        runs = [s for s in self.flow.singles if spot(s) == spot(now)]
        if not now.many:
            first = next(s for s in runs if s.binding.call == now.binding.call)
            own = any(spot(s) == spot(now) for s in self.read_by(now))
            runs = [first, now] if own else [now]
        found = {spot(s): s for one in reversed(runs[:RUNS]) for s in self.read_by(one)}
        return list(found.values())

    def read_by(self, one: Seen) -> list[Seen]:
        return self.flow.operands(one, self.helpers)

    def opposite(self, seen: Seen) -> bool:
        """A right mask the other way round, which another statement turns round."""
        mask = seen.binding.value.dtype.kind == "b" and seen.value.ndim == 2
        right = mask and among_values(1.0 - seen.value, self.right)
        return right and any(
            turns_round(r.binding.source, seen.binding.name) for r in self.flow.readers(seen)
        )

    def harmless(self, operand: Seen) -> bool:
        """Something right is made of it."""
        readers = self.flow.readers(operand)
        readers = [r for r in readers if not self.flow.is_renaming(r)]
        return any(self.is_right_result(r) and not among(r, self.final) for r in readers)


def _identical(one: Array, other: Array) -> bool:
    """Bit for bit, whatever axes of one there are."""
    return one.size == other.size and np.array_equal(one.ravel(), other.ravel())
