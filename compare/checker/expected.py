"""What the values of a learner's code are held against, for the place of one mistake."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from compare.checker.cases import Array, Case, environment, walk
from compare.checker.flow import CLOSE, Flow, among, same
from compare.checker.lines import ANCESTORS, RIGHT, STEPS, inputs
from compare.checker.parts import parts
from compare.checker.reading import Reading
from compare.checker.seen import Seen
from compare.checker.state import Place

# What right lines make on other ways: a softmax that is not shifted, the way from the loss to the
# scores by log P.
OTHER_WAYS = ("P = np.exp(z2) / np.exp(z2).sum(axis=1, keepdims=True)", "dz2 = -(Y_ind / N)")
# The loss, term by term.
PENALTIES = tuple(
    f"loss = {data} + 0.5 * reg * ({W}**2).sum()"
    for data in ("0.0", "-np.log((Y_ind * P).sum(axis=1)).sum() / N")
    for W in ("W1", "W2")
)


@dataclass(frozen=True, eq=False)
class Expected:
    """The values that right lines make, and those that come of the mistake."""

    case: Case
    reading: Reading
    flow: Flow
    place: Place
    lines: Mapping[str, str]

    @cached_property
    def walked(self) -> Mapping[str, Array] | None:
        return walk(self.case, self.lines)

    @property
    def wrong_line(self) -> str:
        return self.lines.get(self.place.quantity, "")

    @cached_property
    def names(self) -> dict[str, Any]:
        return environment(self.case, self.walked or {})

    @cached_property
    def sound(self) -> dict[str, Any]:
        """What the lines up to the mistake read."""
        before = {q: s for q, s in self.lines.items() if q in ANCESTORS[self.place.quantity]}
        return environment(self.case, walk(self.case, before) or {})

    @cached_property
    def right(self) -> list[Array]:
        """All that right lines make on the way: on the learner's values, and on the notes'."""
        earlier = STEPS[: STEPS.index(self.place.quantity) + 1]
        usual = [v for q in earlier for v in parts(RIGHT[q], self.sound)]
        for quantity in earlier[:-1]:  # wrong ones are another mistake's
            usual.append(np.asarray(self.sound[quantity], float))
            usual += parts(self.lines.get(quantity, ""), self.sound)
        notes = {**inputs(self.case.problem), **self.case.right}
        usual += [v for line in RIGHT.values() for v in parts(line, notes)]
        usual += [v for line in PENALTIES for v in parts(line, notes)]
        rows, y = np.arange(self.samples), self.case.problem.y
        scores = [v for v in usual if np.shape(v) == np.shape(self.case.right["z2"])]
        usual += [v[rows, y] for v in scores]
        return [*usual, *self.given]

    @cached_property
    def by_other_ways(self) -> list[Array]:
        notes = {**inputs(self.case.problem), **self.case.right}
        return [v for line in OTHER_WAYS for v in parts(line, notes)]

    @cached_property
    def given(self) -> list[Array]:
        """The arrays that the learner's function was called with."""
        return [np.asarray(v, float) for v in inputs(self.case.problem).values() if is_array(v)]

    @cached_property
    def _later(self) -> list[str]:
        quantity = self.place.quantity
        return [q for q in STEPS if q == quantity or quantity in ANCESTORS[q]]

    @cached_property
    def final(self) -> list[Array]:
        """The wrong quantity itself."""
        quantity = self.place.quantity
        computed = (self.walked or {}).get(quantity)
        known = [np.asarray(computed, float)] if self.wrong_line else []
        mine = self.case.returned.get(quantity, self.case.traced.get(quantity))
        return known if mine is None else [*known, np.asarray(mine, float)]

    @cached_property
    def own_parts(self) -> list[Array]:
        made = parts(self.wrong_line, self.names) if self.wrong_line else ()
        return [*self.final, *(v for v in made if v.size > 1 or self.place.quantity == "loss")]

    @cached_property
    def odd(self) -> list[Array]:
        """What comes of the mistake, and of no right line."""
        spoilt = list(self.own_parts)
        assert self.walked is not None
        for quantity in self._later:
            mine = self.case.values.get(quantity, self.walked[quantity])
            spoilt.append(np.asarray(mine, float))
        spoilt += [v for q in self._later[1:] for v in parts(RIGHT[q], self.names)]
        signs = (1, -1) if -1 in self.scales else (1,)
        return [v for v in spoilt if not any(among_values(s * v, self.right) for s in signs)]

    @cached_property
    def is_right_elsewhere(self) -> bool:
        """What should be the quantity is what a right line makes on the way, or for another one."""
        return any(among_values(v, self.right) for v in self.final[:1])

    @cached_property
    def samples(self) -> int:
        return len(self.case.problem.X)

    @cached_property
    def scales(self) -> tuple[float, ...]:
        """What a learner's values may be of the notes': some code divides by N at the end; some
        works with the error y - P, and swaps the sign at the end.
        """
        N, dz2 = self.samples, np.asarray(self.names["dz2"], float)
        as_it_is, swapped = (
            any(among(seen, [scale * dz2, scale * N * dz2]) for seen in self.flow.seen)
            for scale in (1, -1)
        )
        return (N, -1, -N) if swapped and not as_it_is else (N,)

    def clean(self, seen: Seen) -> bool:
        """It is what a right line makes, for all samples or for one after the other."""
        if seen.binding.given and seen.value.ndim == 0:
            return True
        key = (seen.binding.line, seen.binding.name)
        together = self.flow.together.get(key)
        for one in (seen, *([together] if together else [])):
            whole = one.binding.value.dtype.kind in "iub" and one.value.ndim <= 1
            if whole or not one.value.any() or among(one, self.right, self.scales):
                return True
            if among(one, self.by_other_ways):
                return True
        if seen.value.ndim == 0:
            return self._is_element(float(seen.value))
        if seen.value.ndim == 1:
            return self._is_row(seen.value, self.right)
        return seen.value.ndim == 2 and all(self._is_row(row, self.given) for row in seen.value)

    def _is_element(self, value: float) -> bool:
        """It is one of the numbers that a right line makes, for one sample and, say, one unit."""
        return any(
            right.size > 1 and (abs(right - value) <= CLOSE * abs(value)).any()
            for right in self.right
        )

    def _is_row(self, value: Array, wholes: Sequence[Array]) -> bool:
        """It is what a right line makes for one sample, or one that was given."""
        for right in wholes:
            if right.ndim == 2 and right.shape[1] == len(value) > 1:
                distance = abs(right - value).max(axis=1)
                if distance.min() <= CLOSE * abs(value).max():
                    return True
        return False

    def is_right_result(self, seen: Seen) -> bool:
        tells = seen.value.size > 1 or seen.binding.value.dtype.kind == "f"
        return tells and among(seen, self.right, self.scales, whole=True)


def is_array(value: object) -> bool:
    return isinstance(value, np.ndarray) and value.size > 1 and value.dtype.kind in "fiub"


def among_values(one: Array, values: Sequence[Array]) -> bool:
    return any(np.shape(one) == np.shape(value) and same(one, value) for value in values)
