"""A value that stands in another one's place: two that were exchanged, or one that was taken for
another, and weights after their update where their gradient belongs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np

from compare.bounds.quantities import GRADIENTS
from compare.checker.cases import Array, Case, agree, is_right, misfits
from compare.checker.lines import ANCESTORS, RIGHT, STEPS, run_line
from compare.checker.records import Finding, Kind
from compare.checker.trace import Binding
from compare.checker.vocabulary import digits, equal

ARGUMENTS = ("X", "W1", "b1", "W2", "b2")
AFTER_UPDATE = ", {name} after its update, not the gradient"


def exchanged(cases: Sequence[Case], wrong: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of quantities that were returned under each other's names: with the two exchanged both
    follow from the learner's earlier values; or, of two gradients, each has the other's shape.
    """
    found: list[tuple[str, str]] = []
    for one, other in combinations(wrong, 2):
        if any(name in pair for pair in found for name in (one, other)):
            continue
        if _shapes_crossed(cases, one, other) or _fit_crossed(cases, one, other):
            found.append((one, other))
    return found


def _shapes_crossed(cases: Sequence[Case], one: str, other: str) -> bool:
    if one not in GRADIENTS or other not in GRADIENTS:
        return False
    told = [c for c in cases if np.shape(c.right[one]) != np.shape(c.right[other])]
    told = [c for c in told if one in c.returned and other in c.returned]
    return bool(told) and all(
        _like(case.returned[one], case.right[other])
        and _like(case.returned[other], case.right[one])
        and case.returned[one].size != case.right[one].size  # else it may be transposed
        for case in told
        if case.right[one].size != case.right[other].size
    )


def _fit_crossed(cases: Sequence[Case], one: str, other: str) -> bool:
    both = [c for c in cases if one in c.returned and other in c.returned]
    if not both or any(_equal(c.returned[one], c.returned[other]) for c in both):
        return False
    return not any(misfits(_crossed(case, one, other), {}, (one, other)) for case in both)


def in_their_places(cases: Sequence[Case], pairs: Sequence[tuple[str, str]]) -> list[Case]:
    for one, other in pairs:
        cases = [_crossed(case, one, other) for case in cases]
    return list(cases)


def _crossed(case: Case, one: str, other: str) -> Case:
    """The case with the two returned values exchanged; biases may lack their axis of one."""
    if not (one in case.returned and other in case.returned):
        return case
    returned = dict(case.returned)
    for name, value in ((one, case.returned[other]), (other, case.returned[one])):
        right = case.right[name]
        returned[name] = value.reshape(np.shape(right)) if _like(value, right) else value
    traced = {name: value for name, value in case.traced.items() if name not in (one, other)}
    return replace(case, returned=returned, traced=traced)


def _like(value: Array, right: Array) -> bool:
    """The same shape, but for a first axis of one."""
    return np.shape(value) == np.shape(right) or (1, *np.shape(value)) == np.shape(right)


def _equal(one: Array, other: Array) -> bool:
    return np.shape(one) == np.shape(other) and bool(np.array_equal(one, other, equal_nan=True))


def exchange(one: str, other: str, batch: str, at: Binding | None) -> Finding:
    return Finding(
        one,
        "exchanged",
        f"{one} and {other} are returned under each other's names",
        f"your {one} holds {other}, and your {other} holds {one}",
        batch=batch,
        line=at.line if at else None,
        source=at.source if at else "",
        others=(other,),
    )


def held(cases: Sequence[Case], wrong: Sequence[str]) -> dict[str, str]:
    """Wrong quantities that hold, on every batch, the right value of a later one; or of an earlier
    one, if it is not from there that the code went on.
    """
    found = {}
    for quantity in wrong:
        here = [case for case in cases if quantity in case.returned]
        at = STEPS.index(quantity)
        others = [*STEPS[at + 1 :], *(STEPS[:at] if _unused(cases, quantity) else ())]
        for other in others if here else ():
            if all(agree(c.right[other], c.returned[quantity], c.allowed[other]) for c in here):
                found[quantity] = other
                break
    return found


def _unused(cases: Sequence[Case], quantity: str) -> bool:
    """What is computed from it was returned, and is right."""
    after = [q for q in STEPS if quantity in ANCESTORS[q]]
    right = [is_right(case, q) for case in cases for q in after if q in case.returned]
    return bool(right) and all(right)


def in_its_place(quantity: str, other: str, batch: str, harmless: bool) -> Finding:
    kind: Kind = "remark" if harmless else "mistake"
    seen = "the value of another step"
    return Finding(quantity, "another-value", f"yours is {other}", seen, kind=kind, batch=batch)


def stand_ins(
    quantity: str, names: Mapping[str, Any], observed: Array, close: float
) -> Iterator[str]:
    """Lines that give the learner's value by naming another: an argument, an earlier quantity, or
    the parameter after its update. To be confirmed on other batches.
    """
    earlier = STEPS[: STEPS.index(quantity)]
    for name in (*ARGUMENTS, *reversed(earlier)):
        if name in names and equal(np.asarray(names[name], float), observed, close):
            yield f"{quantity} = {name}"
    parameter = quantity.removeprefix("d")
    if quantity not in GRADIENTS or np.shape(observed) != np.shape(names[parameter]):
        return
    step = (names[parameter] - observed).ravel()
    right = np.asarray(run_line(RIGHT[quantity], quantity, names), float)
    gradient = right.ravel()
    if gradient.any() and step.any() and gradient.shape == step.shape:
        rate = float(f"{step @ gradient / (gradient @ gradient):.{digits(close)}g}")
        if rate and equal(names[parameter] - rate * right, observed, close):
            sign = "-" if rate > 0 else "+"
            update = f"{quantity} = {parameter} {sign} {abs(rate)!r} * {quantity}"
            yield f"{RIGHT[quantity]}\n{update}"


def after_update(quantity: str, line: str) -> str:
    """What there is to add to `yours is W1 - 0.1 * dW1`."""
    name = quantity.removeprefix("d")
    own = line.startswith(f"{RIGHT[quantity]}\n{quantity} = {name} ")
    return AFTER_UPDATE.format(name=name) if own and quantity in GRADIENTS else ""
