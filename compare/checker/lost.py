"""Right values that a learner's code had, and lost on the way to the wrong quantity."""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from compare.checker.callers import Callers
from compare.checker.cases import Array
from compare.checker.expected import among_values
from compare.checker.flow import among, returned, spot
from compare.checker.lines import RIGHT, run_line
from compare.checker.parts import parts, value_of
from compare.checker.scopes import class_around
from compare.checker.seen import Seen
from compare.checker.trace import Binding

ELEMENT = re.compile(r"(\w+)(\[[^\[\]]+\]){2} [-+*/]?= ")  # a[i][j] += 1
ATTRIBUTE = re.compile(r"\w+\.(\w+)")
PLAIN = re.compile(r"[^=]*[^-+*/@=]= ")  # a[i] = 1, not a[i] += 1


@dataclass(frozen=True, eq=False)
class Lost(Callers):
    """Not kept, written over, cut off to whole numbers, or stored all in one place."""

    def dropped(self) -> Binding | None:
        """The statement that calls a function, has the right value from it, and does not keep it:
        nothing but the function ever had it.
        """
        right = np.asarray(run_line(RIGHT[self.place.quantity], self.place.quantity, self.sound))
        having = [s for s in self.flow.singles if among(s, [right])]
        for seen in having if all(map(returned, having)) else ():
            call, line = seen.binding.caller
            statement = self.flow.statements.get(line)
            if statement is not None and statement.bare:
                return Binding(line, statement.text, "", np.zeros(0), call, statement.last)
        return None

    def written_over(self) -> Binding | None:
        """The statement that gave a name one term of the right sum and later, in its place, the
        other one, which is all that the quantity has.
        """
        terms = self.terms_of(self.place.quantity, self.sound)
        for kept, lost in (terms, terms[::-1]) if terms else ():
            if not among_values(kept, self.final):
                continue
            earlier = {spot(s): s.order for s in reversed(self.flow.singles) if among(s, [lost])}
            for seen in self.flow.singles:
                plain = PLAIN.match(seen.binding.source)
                if (
                    plain
                    and among(seen, [kept])
                    and earlier.get(spot(seen), seen.order) < seen.order
                ):
                    return seen.binding
            for seen in self.flow.singles:
                if among(seen, [kept]) and self._replaces(seen, lost):
                    return seen.binding
        return None

    def _replaces(self, seen: Seen, lost: Array) -> bool:
        """A plain assignment to an attribute to which another statement of its class had added the
        lost term.
        """
        mine = ATTRIBUTE.fullmatch(seen.binding.name)
        if mine is None or _adds(seen.binding):
            return False
        if not seen.binding.source.startswith(f"{mine[0]} = "):
            return False
        own = class_around(self.flow.source, seen.binding.line)
        return own != "" and any(
            _adds(s.binding)
            and s.binding.name.endswith(f".{mine[1]}")
            and class_around(self.flow.source, s.binding.line) == own
            and among(s, [lost])
            for s in self.flow.before(seen)
        )

    def last_alone(self, first: Seen) -> Binding | None:
        """The statement of a loop that puts each term of a sum in the place of the one before: of
        these there is no sum, and the last one is what the wrong line has.
        """
        shape = np.shape(self.sound[self.place.quantity])
        sums = [v for v in parts(RIGHT[self.place.quantity], self.sound) if v.shape == shape]
        if any(among(s, sums, self.scales) for s in self.flow.singles):
            return None
        for operand in self.flow.operands(first):
            name = re.escape(operand.binding.name)
            plain = re.match(rf"{name} = (?!.*\b{name}\b)", operand.binding.source)
            runs = [s for s in self.flow.singles if spot(s) == spot(operand)]
            alone = plain and len(runs) > 1 and self.flow.loop_around(operand.binding)
            if alone and among(operand, self.own_parts, self.scales):
                return operand.binding
        return None

    def terms_of(self, quantity: str, names: Mapping[str, Any]) -> tuple[Array, Array] | None:
        """The two that the right line adds up."""
        last = ast.parse(RIGHT[quantity]).body[-1]
        assert isinstance(last, ast.Assign)
        if not (isinstance(last.value, ast.BinOp) and isinstance(last.value.op, ast.Add)):
            return None
        one, other = (value_of(side, names) for side in (last.value.left, last.value.right))
        return None if one is None or other is None else (one, other)

    def cut_off(self, first: Seen) -> Binding | None:
        """The statement that stores fractions in an array of whole numbers, before the wrong line
        reads it.
        """
        for operand in self.flow.operands(first):
            whole = operand.binding.value.dtype.kind in "iu" and operand.value.ndim == 2
            statement = self.flow.statements.get(operand.binding.line)
            if whole and statement is not None and operand.binding.name in statement.stored:
                made = [v for v in self.right if np.shape(v) == operand.value.shape]
                if any(np.array_equal(np.trunc(v), operand.value) and (v % 1).any() for v in made):
                    return operand.binding
        return None

    def one_place(self, first: Seen) -> Binding | None:
        """The statement that made rows which are one and the same list: what is stored in one of
        them is in all.
        """
        element = ELEMENT.match(first.binding.source)
        if element is None:
            return None
        mine = (s for s in self.flow.singles if s.binding.call == first.binding.call)
        values = [s for s in mine if s.binding.name == element[1] and s.order <= first.order]
        alike = all(s.value.ndim == 2 and (s.value == s.value[0]).all() for s in values)
        several = bool(values) and len(values[0].value) > 1 and values[-1].value.any()
        return values[0].binding if several and alike else None


def _adds(binding: Binding) -> bool:
    """To what was there: `a += 1`, or `a = a + 1`."""
    name = re.escape(binding.name)
    return re.match(rf"{name} (\+= |= {name} \+ )", binding.source) is not None
