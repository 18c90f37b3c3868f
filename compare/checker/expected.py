"""What the values of a learner's code are held against, for the place of one mistake."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from compare.checker.cases import Array, Case, environment, walk
from compare.checker.flow import CLOSE, Flow, among, same, spot
from compare.checker.labels import rows_of
from compare.checker.lines import ANCESTORS, RIGHT, STEPS, inputs, run_line
from compare.checker.parts import parts
from compare.checker.reading import Reading
from compare.checker.seen import Seen
from compare.checker.state import Place
from compare.checker.tangents import Tangents, is_one_of, tangents
from compare.checker.trace import Binding

# What right lines make on other ways: a softmax that is not shifted, the way from the loss to the
# scores by log P, by P, and by the logarithm of a sum; the derivatives of each sample's P and a1,
# whole matrices.
OTHER_WAYS = (
    "P = np.exp(z2) / np.exp(z2).sum(axis=1, keepdims=True)",
    "dz2 = -(Y_ind / N)",
    "dP = -(Y_ind / P / N)",
    "r = np.repeat(1 / N / np.exp(z2).sum(axis=1, keepdims=True), C, axis=1)",
    "E = np.exp(z2 - z2.max(axis=1, keepdims=True))\n"
    "r = np.repeat(1 / N / E.sum(axis=1, keepdims=True), C, axis=1)",
    "J = P[:, :, None] * (np.eye(C) - P[:, None, :])",
    "K = np.eye(H) * (z1 > 0)[:, :, None]",
    "J = np.kron(a1, np.eye(C))",
    "J = np.kron(X, np.eye(H))",
)
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
        return [*usual, *self._of_labels(usual), *self.given]

    @cached_property
    def by_other_ways(self) -> list[Array]:
        notes = {**inputs(self.case.problem), **self.case.right}
        return [v for line in OTHER_WAYS for v in parts(line, notes)]

    def _of_labels(self, values: Sequence[Array]) -> list[Array]:
        """Of those for each sample and class, what stands at the samples' own classes."""
        rows, y = np.arange(self.samples), self.case.problem.y
        return [v[rows, y] for v in values if np.shape(v) == np.shape(self.case.right["z2"])]

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
    def is_scaled(self) -> bool:
        """The mistake is a factor N."""
        right = [np.asarray(run_line(RIGHT[self.place.quantity], self.place.quantity, self.sound))]
        return any(among_values(v / self.samples, right) for v in self.final)

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
        if (seen.binding.given and seen.value.ndim == 0) or self._is_seed(seen.value):
            return True
        key = (seen.binding.line, seen.binding.name)
        together = self.flow.together.get(key)
        for one in (seen, *([together] if together else [])):
            whole = one.binding.value.dtype.kind in "iub" and one.value.ndim <= 1
            if whole or not one.value.any() or among(one, self.right, self.scales):
                return True
            scales = () if self.is_scaled else self.scales
            if among(one, self.by_other_ways, scales, whole=True) or self._is_of_sample(one.value):
                return True
        labels = self._of_labels(self.by_other_ways) if seen.value.ndim == 1 else []
        if among_values(seen.value, labels):
            return True
        if self.forward is not None and self._is_tangent(seen):
            return True
        if seen.value.ndim == 0:
            given = seen.value in (self.case.problem.reg, 1 / self.samples)
            return bool(given) or self._is_element(float(seen.value))
        if seen.value.ndim == 1:
            return self._is_row(seen.value)
        return rows_of(seen.value, self.case.problem.X) is not None and self._deals_out(
            seen.binding
        )

    def _deals_out(self, binding: Binding) -> bool:
        """The parts of X that its statement makes have each sample once, and in their order."""
        mine = [s for s in self.flow.singles if s.binding.line == binding.line]
        values = [s.value for s in mine if s.binding.call == binding.call]
        found = [rows_of(value, self.case.problem.X) for value in values]
        dealt = [rows for rows in found if rows is not None]
        in_order = all((np.diff(rows) > 0).all() for rows in dealt)
        return in_order and np.array_equal(np.sort(np.concatenate(dealt)), np.arange(self.samples))

    def _is_seed(self, value: Array) -> bool:
        """A direction; or the derivative by a sum that a 1/N or the penalty's reg is a factor of,
        which is the same for all that is in the sum.
        """
        reg, scores = self.case.problem.reg, np.shape(self.case.right["z2"])
        spread = value.size > 1 and value.min() == value.max()
        if spread and value.shape in (scores, (self.samples, 1), (self.samples,)):
            return bool(value.flat[0] == 1 / self.samples)
        weights = [np.shape(self.case.right[q]) for q in ("dW1", "dW2")]
        if spread and value.shape in weights:
            return bool(value.flat[0] in (reg, reg / 2))
        return self._is_direction(value)

    def _is_direction(self, value: Array) -> bool:
        """One element of a parameter is 1, the others are 0."""
        parameters = (np.shape(self.sound[name]) for name in ("W1", "b1", "W2", "b2"))
        alone = value.size > 1 and np.count_nonzero(value) == 1 and value.max() == 1
        return alone and value.shape in parameters

    def is_stored_right(self, seen: Seen) -> bool:
        """Each time that its statement stored into an array, it stored what a right line has at the
        same places.
        """
        spots = [s for s in self.flow.singles if spot(s) == spot(seen)]
        runs = [s for s in spots if s.binding.call == seen.binding.call]
        changed = [self.flow.changed(s) for s in runs] if seen.value.ndim == 2 else []
        pairs = [(s.value, there) for s, there in zip(runs, changed, strict=False) if there.any()]
        some = any(value[there].any() for value, there in pairs)
        wholes = [v for v in self.right if all(v.shape == value.shape for value, _ in pairs)]
        return some and any(
            all(same(value[there], scale * v[there]) for value, there in pairs)
            for v in wholes
            for scale in (1, *self.scales)
        )

    @cached_property
    def forward(self) -> Tangents | None:
        """Of code that goes forward in the direction of each element of a parameter, or of all."""
        sizes = {(self.samples, n) for n in self.case.problem.sizes[2:]}
        forward = any(
            self._is_direction(s.value) or (s.value.ndim > 2 and s.value.shape[-2:] in sizes)
            for s in self.flow.singles
        )
        return tangents({**inputs(self.case.problem), **self.case.right}) if forward else None

    def _is_tangent(self, seen: Seen) -> bool:
        """A sum of the first layer's that is not masked is none where it is used as it is."""
        known, value = self.forward, seen.value
        assert known is not None
        if not known.has(value, known.z1) or known.has(value, known.a1):
            return any(known.has(value, stack) for stack in known.right)
        readers = (r.value for r in self.flow.readers(seen))
        used = [v for v in readers if known.has(v, known.unmasked)]
        return all(known.has(v, known.z2) for v in used)

    def _is_of_sample(self, value: Array) -> bool:
        """It is the matrix that a right line makes of one sample."""
        alike = (v for v in self.by_other_ways if v.ndim > 2)
        return any(is_one_of(value, v) for v in alike)

    def _is_element(self, value: float) -> bool:
        """It is one of the numbers that a right line makes, for one sample and, say, one unit."""
        return any(
            right.size > 1 and (abs(right - value) <= CLOSE * abs(value)).any()
            for right in self.right
        )

    def _is_row(self, value: Array) -> bool:
        """It is what a right line makes for one sample."""
        for right in self.right:
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
