"""The line of a loop that leaves samples out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from compare.checker.cases import Array
from compare.checker.flow import CLOSE, among, returned, spot
from compare.checker.left_out import cut_short, rows_there, terms_there
from compare.checker.lost import Lost
from compare.checker.seen import Seen
from compare.checker.trace import Binding


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
