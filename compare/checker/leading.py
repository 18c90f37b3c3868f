"""Values that are not what their lines should give, and from which a later value follows by the
next line of the notes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy.typing as npt

from compare.checker.cases import Case, misfits
from compare.checker.found import (
    add_following,
    candidates,
    end_of_parents,
    following,
    is_among,
    last_of,
)
from compare.checker.lines import PARENTS, STEPS
from compare.checker.seen import Seen
from compare.checker.trace import Binding

Array = npt.NDArray[Any]

FEW = 10  # values that may be one of two parents, the last ones before their child


def gaps(case: Case, values: Mapping[str, Array]) -> list[str]:
    """What was not found, and leads by way of such alone to a quantity that does not follow."""
    found: set[str] = set()
    todo = [*misfits(replace(case, traced=values), {}, values)]
    while todo:
        new = {q for q in PARENTS[todo.pop()] if q not in values and q not in found}
        found |= new
        todo += new
    return [q for q in STEPS if q in found]


def add_leading_on(
    case: Case,
    seen: Sequence[Seen],
    values: dict[str, Array],
    bindings: dict[str, Binding],
    among: Sequence[str] = STEPS,
) -> None:
    """Values that are not what their lines should give, and from which a later value of the code
    follows by the next line of the notes; where nothing was returned, or two mistakes are in what
    was.
    """
    for quantity in among:
        known = {*values, "loss"} - misfits(replace(case, traced=values), {}, values)
        next_ = [q for q in STEPS if quantity in PARENTS[q] and q not in known]
        if quantity in values or not next_:
            continue
        found = _leading_on(case, quantity, next_, seen, values, bindings)
        if found is None:
            continue
        values[quantity], bindings[quantity] = found
        add_following(case, quantity, seen, values, bindings)


def add_both_parents(
    case: Case, seen: Sequence[Seen], values: dict[str, Array], bindings: dict[str, Binding]
) -> None:
    """Two values that are not what their lines should give, and from which a later one follows."""
    known = [*values.values(), *case.right.values()]
    wrong = misfits(replace(case, traced=values), {}, values)
    for child in [q for q in STEPS if q in wrong]:
        parents = [q for q in PARENTS[child] if q not in values]
        until = last_of(seen, [bindings[child]])
        choices = [
            [
                (one, form)
                for one, form in candidates(case, parent, seen, values)
                if one.order < until and not is_among(form, known)
            ][-FEW:]
            for parent in parents
        ]
        for chosen in product(*choices) if len(parents) == 2 else ():
            both = {q: form for q, (_, form) in zip(parents, chosen, strict=True)}
            if not misfits(replace(case, traced={**values, **both}), {}, {child}):
                values |= both
                bindings |= {q: one.binding for q, (one, _) in zip(parents, chosen, strict=True)}
                break


def _leading_on(
    case: Case,
    quantity: str,
    next_: Sequence[str],
    seen: Sequence[Seen],
    values: Mapping[str, Array],
    bindings: Mapping[str, Binding],
) -> tuple[Array, Binding] | None:
    known = [*values.values(), *case.right.values()]
    begin = end_of_parents(quantity, seen, bindings)
    for one, form in candidates(case, quantity, seen, values):
        if one.order <= begin or is_among(form, known):
            continue
        now = replace(case, traced={**values, quantity: form})
        later = [s for s in seen if s.order > one.order]
        for child in next_:
            if child in values:
                leads = any(s.binding is bindings[child] for s in later)
                if leads and not misfits(now, {}, {child}):
                    return form, one.binding
                continue
            found = following(now, child, later)
            if found is not None and not is_among(found[0], [form, *known]):
                return form, one.binding
    return None
