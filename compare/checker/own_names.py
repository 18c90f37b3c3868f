"""Values that have the notes' name and are not what their line should give.

Nothing shows that such a value is the quantity but its name, and that the next line reads it. That
is enough where there are two mistakes, one after the other, and it makes both of them plain.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from compare.checker.cases import Case, misfits
from compare.checker.diagnosis import UNTOLD, explain
from compare.checker.found import is_among, is_in
from compare.checker.lines import PARENTS, STEPS
from compare.checker.placing import Code
from compare.checker.probes import EDGES
from compare.checker.reading import Reading
from compare.checker.seen import Seen, wide_forms
from compare.checker.trace import Binding
from compare.checker.uses import read_by


def with_own_names(cases: list[Case], code: Code, seconds: float) -> tuple[list[Case], Code, float]:
    """The cases and the code with such values, if each mistake has a name or is one edit of its
    line with them, and without them not all have a name. If neither reading tells all mistakes so,
    no seconds are left to search in: what two edits of a line give on other values than those that
    its names have would say nothing true of it.
    """
    named = _named(code) if seconds > UNTOLD else None
    if code.case is None or named is None or _is_told(cases, code, 0.0):
        return cases, code, seconds
    case = replace(code.case, traced=named.values)
    others = [case if c is code.case else c for c in cases]
    then = replace(code, case=case, reading=named)
    if _is_told(others, then, seconds):
        return others, then, seconds
    return cases, code, seconds if _is_told(cases, code, seconds) else 0.0


def _is_told(cases: Sequence[Case], code: Code, seconds: float) -> bool:
    ordinary = [c for c in cases if c.name not in EDGES and not c.raised]
    return all(place.fits for place in explain(ordinary, code.wrong, seconds, far=False))


def _named(code: Code) -> Reading | None:
    """With what has the name of an earlier quantity, which was found nowhere."""
    if code.case is None or code.reading is None or code.stopped or not code.wrong:
        return None
    case, seen = code.case, code.reading.seen
    values, bindings = dict(code.reading.values), dict(code.reading.bindings)
    wrong = misfits(replace(case, traced=values), {}, {*values, *code.wrong})
    todo = [q for q in STEPS if q in wrong]
    while todo:
        child = todo.pop()
        for quantity in [q for q in PARENTS[child] if q not in {**values, **case.returned}]:
            made = _made(seen, bindings.get(child), case, child, quantity)
            mine = _called(seen, quantity, made)
            known = [v for q, v in values.items() if q != child] + [*case.right.values()]
            shape = np.shape(case.right[quantity])
            forms = [f for f in (wide_forms(mine, shape) if mine else ()) if not is_among(f, known)]
            if mine and made and forms:
                values[quantity], bindings[quantity] = forms[0], mine.binding
                if child in bindings:
                    bindings[child] = made.binding
                todo.append(quantity)
    added = values.keys() - code.reading.values.keys()
    return Reading(seen, values, bindings) if added else None


def _made(
    seen: Sequence[Seen], binding: Binding | None, case: Case, child: str, quantity: str
) -> Seen | None:
    """Where the child's value was made, or what was returned; where it got the child's name, if it
    had that of the other quantity before.
    """
    returned = case.returned.get(child)
    first = next((s for s in seen if s.binding is binding), None)
    if first is None and returned is not None:
        first = next((s for s in seen if is_in(returned, s)), None)
    if first is None or not _is_called(first, quantity):
        return first
    later = [s for s in seen if s.order > first.order and _is_called(s, child)]
    return next((s for s in later if np.array_equal(s.value, first.value)), None)


def _called(seen: Sequence[Seen], quantity: str, child: Seen | None) -> Seen | None:
    """The last value of that name before the child, read by a line on the way to it."""
    if child is None:
        return None
    before = [s for s in seen if s.order < child.order and not s.binding.given and not s.many]
    mine = [s for s in before if _is_called(s, quantity)][-1:]
    readers = [s.binding.source for s in seen if mine and mine[0].order < s.order <= child.order]
    return next((s for s in mine if any(s.binding.name in read_by(r) for r in readers)), None)


def _is_called(seen: Seen, quantity: str) -> bool:
    return seen.binding.name.casefold() == quantity.casefold()
