"""The line of a learner's code in which one mistake stands."""

import ast
import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from compare.checker.backwards import Backwards
from compare.checker.cases import Array
from compare.checker.expected import among_values
from compare.checker.flow import CLOSE, Spot, among, equal, returned, spot
from compare.checker.labels import labels_of_others
from compare.checker.lines import PARENTS, RIGHT, STEPS
from compare.checker.moving import only_moves
from compare.checker.parts import kind_of, parents_of, parts, parts_in_place, turns_round
from compare.checker.scopes import functions
from compare.checker.seen import Seen
from compare.checker.trace import Binding

ELEMENT_OF_CALL = re.compile(r"\w+\[[^=]*\] = (\w+)\([^()]*\)$")


@dataclass(frozen=True, eq=False)
class MistakenLine(Backwards):
    """For the line of one mistake.

    It is the first one whose value comes of the mistake, and of no right line before it. Where what
    the mistake makes is not known, the way is backwards, from the wrong quantity to a line that
    reads right values alone. A step that is left out makes no value of its own: then it is where
    the value before it gets another name, or where a statement does nothing.
    """

    def binding(self) -> Binding | None:
        """Nothing where the statement calls a function of the file that could not be followed, as
        in another thread, or one for each element: the mistake may be in it as well.
        """
        found = self._found()
        unknown = found is not None and (self.calls_unseen(found) or self._goes_forward(found))
        return None if unknown else found

    def _found(self) -> Binding | None:
        if self.walked is None:
            return self.reading.bindings.get(self.place.quantity)
        lost = self.dropped() or self.written_over() or self.skipped()
        if lost is not None:
            return lost
        misshapen = self.misshapen()
        if misshapen is not None:
            return self.backwards(misshapen).binding
        if self.wrong_line and self.is_right_elsewhere:
            made = [s for s in self._alike() if not s.binding.given]
            if made:
                return self._left_out(made[0])
        first = self._first_odd() if self.wrong_line else None
        passed: set[Spot] = set()
        if first is not None and not among(first, self.own_parts, self.scales):
            first = self.further(first, passed)  # it is a later quantity
        if first is None and self.own is not None:
            first = self.further(self.own, passed)
        if first is None or (self.forward is not None and not first.value.any()):
            return None
        first = self.further(first, passed)
        if self._is_moved(first):
            first = self.run_by_run(self.own or first)
            if self._is_moved(first):
                return None
        elsewhere = self.cut_off(first) or self.one_place(first)
        elsewhere = elsewhere or self.last_alone(first) or self.few_terms(first)
        elsewhere = elsewhere or self.cut_short(first) or self.short_loop(first)
        elsewhere = elsewhere or labels_of_others(self.case.problem, self.flow, first)
        elsewhere = elsewhere or self._asked(first) or self.caller_to_blame(first)
        elsewhere = elsewhere or self.needless(first)
        return elsewhere or self._idle(first) or self._taken_for_another(first).binding

    def _is_moved(self, first: Seen) -> bool:
        """And was wrong before: its statement did not give a right value another name."""
        if not self.is_moved(first):
            return False
        alike = [s for s in self.read_by(first) if equal(s, first)]
        return not any(map(self.clean, alike))

    def _goes_forward(self, found: Binding) -> bool:
        """Each element of a gradient is what a function of the file gives, which goes forward."""
        names = {f.name for f in functions(self.flow.source) if isinstance(f, ast.FunctionDef)}
        called = ELEMENT_OF_CALL.match(found.source)
        return self.forward is not None and called is not None and called[1] in names

    def _first_odd(self) -> Seen | None:
        own = self.own
        for seen in self.flow.seen:
            binding = seen.binding
            place = (binding.line, binding.name, binding.call)
            if place in self.claimed and seen is not own and not among(seen, self.final):
                continue
            if spot(seen) in self.helpers:
                continue
            if seen is own and not self.passed_on(seen, [seen.value]):
                return seen
            together = self.flow.together.get((binding.line, binding.name))
            if together and among(together, self.right, self.scales) and seen is not own:
                continue  # right for each sample
            if self.has_right(seen, self.place.quantity) or _is_size(seen):
                continue
            if self.opposite(seen):
                found = next(
                    (r for r in self.flow.readers(seen) if self._turns_wrong(r, seen)), None
                )
                if found is not None:
                    return found
                continue
            right = among(seen, self.right, whole=True) and not among(seen, self.odd)
            if right and not self.flow.is_renaming(seen):
                continue  # it is N times what the mistake makes, and right as it is
            if among(seen, self.odd, self.scales, whole=True) or (
                among(seen, self.odd, self.scales) and not among(seen, self.right, whole=True)
            ):
                return seen
        return None

    def _turns_wrong(self, reader: Seen, mask: Seen) -> bool:
        """It turns the mask round, and makes nothing right of it."""
        if not turns_round(reader.binding.source, mask.binding.name):
            return False
        return not self.is_right_result(reader) or self.flow.is_renaming(reader)

    # Steps that are left out.

    def _left_out(self, made: Seen) -> Binding:
        """A right value was taken for the quantity: where a statement does nothing, or gives the
        value another name, or hands it on; else where it was made.
        """
        use = self._use(made)
        until = use.order if use else float("inf")
        alike = [s for s in self._alike() if s.order < until]
        idle = self.flow.idle_between(made, use, [s for s in alike if not s.binding.given])
        if idle is not None:
            return idle
        renamed = [
            seen
            for seen in alike
            if seen.order >= made.order and spot(seen) not in self.helpers
            if self.flow.is_renaming(seen)
        ]
        if among_values(self.final[0], self.given) and alike:
            return alike[-1].binding  # an input, until it was taken for something else
        worked = [s for s in renamed if not only_moves(s.binding.source)]
        renamed = [s for s in renamed if s in worked or self._goes_wrong(s)]
        caller = self.caller_to_blame(made)
        if caller is not None and not worked:
            return caller
        place = (made.binding.line, made.binding.name, made.binding.call)
        if worked:
            return self.backwards(worked[-1]).binding  # what it worked with may be the mistake
        if renamed and (place in self.claimed or any(map(self.harmless, alike))):
            return renamed[-1].binding
        if spot(made) in self.helpers:
            handed = [s for s in alike if spot(s) not in self.helpers and not s.binding.given]
            named = any(s.binding.name.isidentifier() and not returned(s) for s in handed)
            if use is not None or (handed and not named):
                return (self._in_entry(use) if use else handed[-1]).binding
        own = list(parts(RIGHT[self.place.quantity], self.sound))
        of_another = not self.is_scaled and not among_values(self.final[0], own)
        if use is not None and of_another and any(map(self.harmless, alike)):
            return use.binding
        statement = self.flow.statements.get(made.binding.line)
        written = made.binding.source.startswith(f"{made.binding.name} = ")
        if statement is not None and statement.stored and not written:
            for seen in alike:
                if returned(seen) and seen.binding.call == made.binding.call > 0:
                    return seen.binding
        return self.backwards(made).binding

    def _goes_wrong(self, renamed: Seen) -> bool:
        """It has a name of its own now, under which nothing right is made of it."""
        return renamed.binding.name.isidentifier() and not self.harmless(renamed)

    def _alike(self) -> list[Seen]:
        """The values that were taken for the quantity."""
        return [s for s in self.flow.seen if among(s, self.final, self.scales)]

    def _use(self, made: Seen) -> Seen | None:
        """The first value that is wrong because of this one."""
        later = (s for s in self.flow.seen if s.order > made.order)
        return next((s for s in later if among(s, self.odd, self.scales)), None)

    def _in_entry(self, use: Seen) -> Seen:
        """The caller's statement that led to it."""
        given = [s for s in self.flow.singles if s.binding.given and s.order < use.order]
        mine = [s for s in given if s.binding.call == use.binding.call]
        elsewhere = (s for s in self.flow.singles if s.binding.call != use.binding.call)
        again = (s for s in elsewhere if s.binding.line == use.binding.line)
        return mine[-1] if mine and any(map(self.is_right_result, again)) else use

    @cached_property
    def _instead(self) -> list[Array]:
        """Right values that stand in the wrong line where they should not, or where more should be
        made of them.
        """
        if not self.wrong_line:
            return []
        right = parents_of(RIGHT[self.place.quantity])
        read = [np.asarray(self.names[q], float) for q in PARENTS[self.place.quantity]]
        found = []
        for node, parent, value in parts_in_place(self.wrong_line, self.names):
            if not among_values(value, self.right):
                continue
            above = right.get(ast.dump(node), [])
            if not above:
                if value.size > 1 and not among_values(value, read):
                    found.append(value)
            elif kind_of(parent) != above[0] and kind_of(parent) in above[1:2]:
                found.append(value)
        return found

    def _taken_for_another(self, first: Seen) -> Seen:
        """The statement before it that gave a right value the name under which it is wrong, or that
        did not finish it.
        """
        if not self.wrong_line:
            return next((s for s in self.flow.operands(first) if self._unfinished(s, first)), first)
        if not self._instead:
            return first
        for operand in (*self.flow.operands(first), *self.read_by(first)):
            stands_there = operand.order < first.order and among(operand, self._instead)
            named = self._named(operand)
            if stands_there and (self.flow.is_renaming(named) or operand.value.ndim == 0):
                return named
        return first

    def _named(self, operand: Seen) -> Seen:
        """Of an argument, what the caller has it as."""
        before = self.flow.received(operand) if operand.binding.given else None
        return operand if before is None else self._named(before)

    def _unfinished(self, operand: Seen, first: Seen) -> bool:
        """It is a part of a quantity, and what is made of it is what a right line makes of that."""
        shapes = {q: np.shape(self.sound[q]) for q in STEPS}
        for quantity in STEPS:
            if shapes[quantity] != operand.value.shape or among(operand, [self.sound[quantity]]):
                continue
            if not among(operand, list(parts(RIGHT[quantity], self.sound)), whole=True):
                continue
            names = {**self.sound, quantity: operand.value}
            later = [RIGHT[q] for q in STEPS if quantity in PARENTS[q]]
            if any(among(first, list(parts(line, names)), whole=True) for line in later):
                return True
        return False

    def _asked(self, first: Seen) -> Binding | None:
        """The `if` around a line whose values are right, and that is run for the wrong ones."""
        before = {"a1": "z1", "dz1": "da1"}.get(self.place.quantity)
        head = self.flow.branch_around(first.binding)
        if head is None or before is None or not self.wrong_line:
            return None
        known = np.ravel(self.names[before])
        made = [s.value for s in self.flow.singles if spot(s) == spot(first)]
        scales = (1, *self.scales)
        if any(all(_holds(known * scale, value) for value in made) for scale in scales):
            return head
        return None

    def _idle(self, first: Seen) -> Binding | None:
        """A statement that does nothing, to which the wrong value is due."""
        if self.clean(first):
            return self.flow.idle_between(first, self._use(first))
        return self._idle_before(first) if self._instead or not self.wrong_line else None

    def _idle_before(self, first: Seen) -> Binding | None:
        """A statement that does nothing, between what the line reads and the line."""
        for operand in self.flow.operands(first):
            if operand.binding.call == first.binding.call and self.clean(operand):
                idle = self.flow.idle_between(operand, first)
                if idle is not None:
                    return idle
        return None


def _is_size(seen: Seen) -> bool:
    """A whole number, which may be anything's: N, divided by N, is a 1."""
    return seen.value.ndim == 0 and seen.binding.value.dtype.kind in "iu"


def _holds(values: Array, value: Array) -> bool:
    """One number that is one of these."""
    return value.ndim == 0 and bool((abs(values - value) <= CLOSE * abs(value)).any())
