"""From what explains a learner's numbers to what a report says of it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from compare.bounds.quantities import GRADIENTS
from compare.checker.cases import Case, agree, is_right, own_line
from compare.checker.catalogue import CATALOGUE
from compare.checker.edges import edge
from compare.checker.evidence import evidence, shown_on
from compare.checker.lines import RIGHT
from compare.checker.misplaced import after_update
from compare.checker.nearby import zeros_line
from compare.checker.placing import Code
from compare.checker.records import Finding, Kind
from compare.checker.returned import bound_at, is_own, made_at
from compare.checker.state import Explained, Place, changed_late
from compare.checker.trace import Binding
from compare.checker.trees import shown

LET_ALL = re.compile(r">=|<(?!=)")  # a1 >= 0 is kept, or a1 < 0 is set to 0


def no_numbers(code: Code) -> list[Finding]:
    """What is returned, and cannot be read as an array of real numbers."""
    findings = []
    for quantity, why in code.unread.items():
        found, where = Finding(quantity, "no-numbers", why, ""), bound_at(code, quantity)
        findings.append(replace(found, line=where.line, source=where.source) if where else found)
    return findings


def placeholders(cases: Sequence[Case], wrong: Sequence[str], code: Code) -> list[Finding]:
    """Gradients of zeros that are zeros from the beginning: the one statement that writes to them
    reads nothing that was computed.
    """
    findings = []
    for quantity in GRADIENTS:
        returned = [case.returned[quantity] for case in cases if quantity in case.returned]
        at = made_at(code, quantity) if quantity in wrong else None
        if at is None or any(v.any() for v in returned) or not _is_constant(at, quantity, code):
            continue
        line = zeros_line(cases[0], quantity)
        title = f"yours is {shown(line, quantity, RIGHT)}"
        batch = next(c.name for c in cases if quantity in c.returned and not is_right(c, quantity))
        found = Finding(quantity, "edited", title, "", wrong_line=line, batch=batch)
        findings.append(replace(found, line=at.line, source=at.source))
    return findings


def _is_constant(at: Binding, quantity: str, code: Code) -> bool:
    statements = {s.first: s for s in code.flow.statements.values()}
    own = at.name.partition("[")[0]
    here = statements.pop(at.line, None)
    seen = code.reading.seen if code.reading else ()
    computed = {s.binding.name.partition("[")[0] for s in seen if not s.binding.given} - {own}
    key = at.name.removeprefix(own)
    others = [s.text.replace('"', "'") for s in statements.values() if own in s.bound | s.stored]
    others = [text for text in others if key in text or "['" not in text]  # grads[k] may be any
    constant = here is not None and not here.read & computed
    return constant and is_own(at.name, quantity) and not others


def missing(cases: Sequence[Case], code: Code) -> list[Finding]:
    """Gradients that the code has, and does not return. What it has not got yet is no mistake."""
    findings = no_numbers(code)
    answered = [case for case in cases if not case.raised]
    for gradient in [q for q in GRADIENTS if q not in code.unread] if answered else ():
        without = [case for case in answered if gradient not in case.returned]
        if len(without) == len(answered):
            if not code.stopped and code.computes(gradient):
                title = "it is computed, but what you return has no numbers for it"
                findings.append(Finding(gradient, "missing", title, ""))
        elif without:
            title = "it was not returned on every batch"
            findings.append(Finding(gradient, "missing", title, f"not on “{without[0].name}”"))
    return findings


def misshapen(code: Code) -> list[Finding]:
    found = code.misshapen()
    if found is None or code.case is None:
        return []
    quantity, value, first = found
    yours, right = value.value.shape, np.shape(code.case.right[quantity])
    return [
        Finding(
            quantity,
            "size",
            "another size than the batch and the weights have",
            f"your shape is {yours}, the right one {right}",
            batch=code.case.name,
            line=first.binding.line,
            source=first.binding.source,
        )
    ]


def written_over_later(quantity: str, later: str) -> Finding:
    return Finding(
        quantity,
        "overwritten",
        f"it holds {later}, written over in place after its use",
        "a second name, not a copy; harmless to the gradients",
        kind="remark",
    )


def findings_at(
    cases: Sequence[Case], place: Place, lines: Mapping[str, str], code: Code, harmless: bool
) -> list[Finding]:
    case = shown_on(cases, lines, place.quantity) or shown_on(cases, {}, place.spoilt)
    without = {q: line for q, line in lines.items() if q != place.quantity}
    quantity = place.quantity if case and place.quantity in case.values else place.spoilt
    seen = evidence(case, without, quantity) if case else ""
    seen = f"in {quantity}, {seen}" if quantity != place.quantity and seen else seen
    batch = case.name if case else ""
    where = code.line_of(place, lines)
    late = not place.fits and changed_late(cases, place.quantity)
    if late and not _kept(code, place.quantity):
        own = code.binding(place.quantity, ())  # which is right
        where = bound_at(code, place.quantity) if where is None or where is own else where
    line, source = (where.line, where.source) if where else (None, "")
    if not place.fits:
        name, title = "unrecognised", "a mistake that is not recognised"
        if late:
            name, title = _changed(cases, place.quantity, code)
        among = [q for q in place.among if q != "Y_ind" or code.has_one_hot]
        if among:
            title = f"a mistake in {_listed([*among, place.quantity])}"
        kind: Kind = "remark" if harmless else "mistake"
        return [
            Finding(
                place.quantity,
                name,
                title,
                seen,
                kind=kind,
                batch=batch,
                line=line,
                source=source,
                others=tuple(among),
            )
        ]
    first = _as_written(place.fits, source)
    if any(m.id == "overwritten" for m in first.mistakes):
        written = "z2" if first.line.startswith("z2 = ") else "P"
        if place.quantity != written and not code.writes_over(written):
            first = first._replace(mistakes=())  # the same numbers, made in another way
    if not first.mistakes and _cut_to_zero(cases, place.quantity, first.line, code):
        first = first._replace(mistakes=tuple(m for m in CATALOGUE if m.id == "integers"))
    if not first.mistakes:
        update = after_update(first.quantity, first.line)
        title = f"yours is {shown(first.line, first.quantity, RIGHT)}{update}"
        seen = "" if update else seen
        kind = "remark" if harmless else "mistake"
        return [
            Finding(
                place.quantity, "edited", title, seen, (), kind, first.line, batch, line, source
            )
        ]
    chosen = {mistake.id for mistake in first.mistakes}
    also = tuple(sorted(_own([fit for fit in place.fits if fit is not first]) - chosen))
    return [
        _named(place.quantity, first, number, seen, also, batch, harmless, line, source)
        for number in range(len(first.mistakes))
    ]


def _cut_to_zero(cases: Sequence[Case], quantity: str, line: str, code: Code) -> bool:
    """Zeros of numbers below 1, and the code has zeros of this size in an array of integers."""
    there = [case for case in cases if quantity in case.values]
    if code.case is None or not there or line != zeros_line(there[0], quantity):
        return False
    size = np.size(code.case.right[quantity])
    left = {s.binding.name: s.binding.value for s in code.reading.seen} if code.reading else {}
    whole = [v for v in left.values() if v.dtype.kind == "i" and v.size == size]
    below = all((abs(own_line(case, quantity, {})) < 1).all() for case in there)
    return below and any(not value.any() for value in whole)


def _changed(cases: Sequence[Case], quantity: str, code: Code) -> tuple[str, str]:
    """What was made of a right value, by its id and in words. Its numbers may be in other places
    from the beginning: a value is found in the code in whatever layout.
    """
    returned = [(case.returned[quantity], case) for case in cases if quantity in case.returned]
    if all(agree(case.right[quantity], v.T, case.allowed[quantity]) for v, case in returned):
        return "transposed", "right, but transposed"
    if _kept(code, quantity):
        return "unrecognised", "right, but for its shape"
    return "unrecognised", "right where it is computed, and not as it is returned"


def _kept(code: Code, quantity: str) -> bool:
    """What was returned is what its line made."""
    binding = code.binding(quantity, ())
    value = code.case.returned.get(quantity) if code.case else None
    if binding is None or value is None:
        return False
    return np.array_equal(binding.value, value, equal_nan=True)


def _as_written(fits: Sequence[Explained], source: str) -> Explained:
    """Of the same numbers by two mistakes, the one whose mask stands in the learner's line."""
    ids = [[mistake.id for mistake in fit.mistakes] for fit in fits]
    if ids[0] == ["mask-missing"] and ["mask-always-true"] in ids and LET_ALL.search(source):
        return fits[ids.index(["mask-always-true"])]
    return fits[0]


def _own(fits: Sequence[Explained]) -> set[str]:
    """The mistakes in the quantity's own line: others may stand in one that is judged right."""
    return {m.id for fit in fits for m in fit.mistakes if fit.quantity in m.places}


def _named(
    quantity: str,
    explained: Explained,
    number: int,
    seen: str,
    also: tuple[str, ...],
    batch: str,
    harmless: bool,
    line: int | None,
    source: str,
) -> Finding:
    mistake = explained.mistakes[number]
    if quantity in mistake.edge_in:
        found = edge(quantity, mistake.id, batch, explained.line)
        return replace(found, line=line, source=source)
    told = [m for m in explained.mistakes if quantity not in m.edge_in]
    if seen and len(told) > 1:  # what is seen comes of all of them
        seen = f"together with the one above, {seen}" if mistake is told[-1] else ""
    kind: Kind = "remark" if mistake.remark or harmless else "mistake"
    return Finding(
        quantity,
        mistake.id,
        mistake.title_of(explained.line),
        seen,
        also,
        kind,
        explained.line,
        batch,
        line,
        source,
    )


def _listed(quantities: Sequence[str]) -> str:
    return f"{', '.join(quantities[:-1])} or {quantities[-1]}"
