"""The line of a loop that leaves samples out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from compare.checker.cases import Array
from compare.checker.expected import among_values
from compare.checker.few_terms import few_terms
from compare.checker.flow import CLOSE, among, returned, spot
from compare.checker.left_out import (
    Loop,
    cut_short,
    loops_around,
    rows_there,
    statement_at,
    terms_there,
)
from compare.checker.lost import Lost
from compare.checker.seen import Seen
from compare.checker.trace import Binding

WEIGHTS = ("dW2", "dW1")


@dataclass(frozen=True, eq=False)
class Loops(Lost):
    """It is to blame where what was made of the other samples is right."""

    def cut_short(self, first: Seen) -> Binding | None:
        """The end of a loop that was run for some of the samples, where that is all that is wrong
        with what it made: rows, or a sum.
        """
        made = [s for s in self.flow.singles if spot(s) == spot(first)][-1]
        if self._there(made.value) is None:
            return None
        return cut_short(self.flow, made, self._there)

    def _there(self, value: Array) -> set[int] | None:
        """How many samples it may have."""
        rows = rows_there(value, self.right)
        return rows or terms_there(self.place.quantity, value, self.sound)

    def few_terms(self, first: Seen) -> Binding | None:
        return few_terms(self.flow, first, self.sound, self.scales)

    def skipped(self) -> Binding | None:
        """The head of a loop that adds the penalty to one of the weights' gradients, and not to the
        other, or twice: both had all the rest before.
        """
        mine = self.place.quantity
        if mine not in WEIGHTS:
            return None
        other = WEIGHTS[1 - WEIGHTS.index(mine)]
        weight = np.asarray(self.names[mine.removeprefix("d")], float)
        pairs = {q: self.terms_of(q, self.names) for q in WEIGHTS}
        (data, penalty), (rest, added) = pairs[mine] or (None, None), pairs[other] or (None, None)
        if data is None or penalty is None or rest is None or added is None:
            return None
        twice = among_values(data + 2 * penalty, self.final[:1])
        if not twice and not among_values(data, self.final[:1]):
            return None
        without = [rest + added] if twice else [data + penalty]
        made = [data + penalty] if twice else [rest + added]
        if any(among(s, without) for s in self.flow.singles):
            return None
        for seen in self.flow.singles:
            around = loops_around(self.flow, seen) if among(seen, made) else []
            if around:
                begin = self._begin(around[-1], seen)
                early = [s for s in self.flow.singles if s.order < begin]
                if all(any(among(s, [v]) for s in early) for v in (data, rest)):
                    head = statement_at(self.flow, around[-1].head, seen.binding.call)
                    branch = self.flow.branch_around(seen.binding)
                    return branch if branch and self._is_drawn(head, weight) else head
        return None

    def _is_drawn(self, head: Binding, weight: Array) -> bool:
        """The loop was run for it."""
        drawn = (s for s in self.flow.singles if s.binding.line == head.line)
        return any(among(s, [weight]) for s in drawn)

    def _begin(self, loop: Loop, seen: Seen) -> int:
        """When the loop was begun in which a statement stands."""
        mine = (s for s in self.flow.singles if s.binding.call == seen.binding.call)
        return min(s.order for s in mine if loop.head <= s.binding.line <= loop.last)

    def short_loop(self, first: Seen) -> Binding | None:
        """The head of a loop that leaves out some samples, if all that it made was kept."""
        if not any(returned(s) and s.binding.call == 0 for s in self.flow.singles):
            return None  # it was not followed to its end
        rights = [v for v in self.right if np.ndim(v) == 2 and len(v) == self.samples]
        for seen in self.flow.seen:
            if seen.order > first.order:
                break
            binding, rows = seen.binding, len(np.atleast_1d(seen.value))
            alone = seen.many or (binding.line, binding.name) not in self.flow.together
            if alone and seen.value.ndim == 2 and 0 < rows < self.samples:
                ends = [end for v in rights for end in (v[:rows], v[-rows:])]
                whole = not self.flow.branch_around(binding) and self.flow.is_whole(seen)
                some = whole and _some_rows(seen.value, rights)
                if some or among(seen, ends, whole=True):
                    return self.flow.loop_around(binding)
        return None


def _some_rows(value: Array, wholes: Sequence[Array]) -> bool:
    """All rows are rows of one of these."""
    for whole in wholes:
        if whole.shape[1] == value.shape[1] > 1:
            distances = [abs(whole - row).max(axis=1).min() for row in value]
            if max(distances) <= CLOSE * abs(value).max():
                return True
    return False
