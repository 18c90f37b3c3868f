"""From what explains a learner's numbers to findings, and to a verdict on each quantity."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from compare.bounds.quantities import GRADIENTS, SUMMED
from compare.checker.cases import Case, Lines, agree, is_right, misfits
from compare.checker.conventions import in_order, narrow_floats, written_over
from compare.checker.diagnosis import Explained, Place, explain, follows, wrong_quantities
from compare.checker.edges import edge, edges
from compare.checker.evidence import evidence, shown_on
from compare.checker.lines import RIGHT, STEPS
from compare.checker.misplaced import (
    after_update,
    exchange,
    exchanged,
    held,
    in_its_place,
    in_their_places,
)
from compare.checker.placing import Code
from compare.checker.probes import EDGES
from compare.checker.records import Finding, Judged, Kind, Word
from compare.checker.returned import bound_at, made_at
from compare.checker.spoilt import as_finding, spoilt
from compare.checker.trees import shown

FEW = 3  # batches: what fits on fewer is not told of code that raises on the others


class Diagnosis(NamedTuple):
    findings: list[Finding]
    verdicts: dict[str, Word]


def diagnosed(
    cases: Sequence[Case],
    code: Code,
    seconds: float,
    lines: Lines | None = None,
    unstable: Sequence[str] = (),
) -> Diagnosis:
    """The findings in the order of the computation, and the verdict on each quantity. `lines` stand
    in for right ones, where something is known of the learner's already; `unstable` are quantities
    that differ from call to call: nothing explains these.
    """
    judged = [case for case in cases if case.name not in EDGES and not case.raised]
    findings = _missing(cases)
    pairs = exchanged(judged, wrong_quantities(judged))
    for one, other in pairs:
        findings.append(exchange(one, other, judged[0].name, bound_at(code, one)))
    judged, cases = in_their_places(judged, pairs), in_their_places(cases, pairs)
    edge_findings: list[Finding] = []
    wrong = wrong_quantities(judged)
    if not wrong:
        edge_findings, odd = edges([case for case in cases if not case.raised])
        judged = [*odd, *judged]
        wrong = wrong_quantities(judged)
    verdicts: dict[str, Word] = {
        q: "wrong" if q in wrong else "right"
        for q in STEPS
        if any(q in case.values for case in cases)
    }
    if wrong and narrow_floats(judged, wrong):
        case = next(c for c in judged if any(not is_right(c, q) for q in wrong if q in c.returned))
        findings.append(
            Finding(
                wrong[0],
                "float32",
                "float32 somewhere inside a float64 computation: right to about 1e-7",
                evidence(case, {}, wrong[0]),
                kind="remark",
                batch=case.name,
            )
        )
        verdicts |= dict.fromkeys(wrong, "remark")
    elif wrong or (code.raised and not any(case.returned for case in cases)):
        stopped = [case for case in cases if case.raised and case.traced and code.stopped]
        found, over = _explained([*stopped, *judged], wrong, code, seconds, lines or {}, unstable)
        found = found or _misshapen(code)
        findings += found
        if code.stopped and not found:  # nothing but the exception is to blame
            wrong = []
            verdicts = dict.fromkeys(code.reading.values if code.reading else (), "right")
        verdicts |= dict.fromkeys([*wrong, *_traced_and_spoilt(cases, verdicts)], "inherited")
        verdicts |= dict.fromkeys(over, "remark")
    findings = in_order([*findings, *edge_findings])
    for finding in findings:
        if finding.quantity in STEPS and verdicts.get(finding.quantity) != "missing":
            word: Word = "wrong" if finding.kind == "mistake" else finding.kind
            if verdicts.get(finding.quantity) != "wrong" or word == "wrong":
                verdicts[finding.quantity] = "missing" if finding.id == "missing" else word
        if finding.id == "exchanged":
            verdicts |= dict.fromkeys(finding.others, "wrong")
    verdicts |= dict.fromkeys(unstable, "inherited")
    verdicts |= dict.fromkeys(unstable[:1], "wrong")
    return Diagnosis(findings, verdicts)


def _traced_and_spoilt(cases: Sequence[Case], verdicts: Mapping[str, Word]) -> list[str]:
    """Quantities that were seen in the code alone, and are not the right ones there."""
    return [
        q
        for case in cases
        for q, value in case.traced.items()
        if verdicts.get(q) == "right" and not any(q in c.returned for c in cases)
        if not agree(case.right[q], value, case.allowed[q])
    ]


def _missing(cases: Sequence[Case]) -> list[Finding]:
    findings = []
    answered = [case for case in cases if not case.raised]
    for gradient in GRADIENTS if answered else ():
        without = [case for case in answered if gradient not in case.returned]
        if len(without) == len(answered):
            findings.append(
                Finding(gradient, "missing", "it was not returned", "one of the four gradients")
            )
        elif without:
            title = "it was not returned on every batch"
            findings.append(Finding(gradient, "missing", title, f"not on “{without[0].name}”"))
    return findings


def _explained(
    cases: Sequence[Case],
    wrong: Sequence[str],
    code: Code,
    seconds: float,
    known: Lines,
    unstable: Sequence[str],
) -> tuple[list[Finding], list[str]]:
    """The mistakes; and what is no mistake, since it was written over after its use."""
    over = _over(cases, wrong, known)
    elsewhere = held(cases, [q for q in wrong if q not in over])
    cases = [replace(case, overwritten=frozenset({*over, *elsewhere})) for case in cases]
    left = [q for q in wrong if q not in over and q not in elsewhere]
    findings = [_written_over(q, later) for q, later in over.items()]
    late = spoilt(cases, left)
    findings += [as_finding(one, code) for one in late]
    known = {**known, **{q: line for one in late for q, line in one.lines.items()}}
    finals = [q for q in SUMMED if any(q in case.returned for case in cases)]
    harmless = bool(finals) and not any(q in left or q in elsewhere for q in finals)
    findings += [in_its_place(q, r, cases[0].name, harmless) for q, r in elsewhere.items()]
    left = [q for q in left if q not in unstable]
    lines = dict(known)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a mean of no rows, in the search
        places = explain(cases, left, seconds, known) if left or code.raised else []
    places = _without_repetition(places)
    if code.stopped:
        places = _before_the_exception(cases, places, code)
    for place in places:
        lines |= {f.quantity: f.line for f in place.fits[:1]}
    for place in places:
        findings += _findings(cases, place, lines, code, harmless)
    return findings, list(over)


def _over(cases: Sequence[Case], wrong: Sequence[str], known: Lines) -> dict[str, str]:
    """Written over, where that is the simplest reading: not what is as its line makes it. A z1 that
    is wrong and nowhere negative equals its a1, too: then a1 follows from it, and does not follow
    from what stands before it. So does a da1 that is wrong, and a dz1 that was never masked.
    """
    over = written_over(cases, wrong)
    made = [q for q in over if not any(misfits(case, known, [q]) for case in cases)]
    over = {q: later for q, later in over.items() if q not in made}
    for quantity, later in [*over.items()]:
        without = [replace(case, overwritten=frozenset({quantity})) for case in cases]
        if later not in wrong or follows(without, {}, later):
            continue
        named = explain(without, [q for q in wrong if q != quantity], seconds=0)
        before = (quantity,) if follows(cases, {}, later) else (quantity, later)
        lines = [place.fits[0].line for place in named if place.fits]
        if not any(line.startswith(tuple(f"{q} = " for q in before)) for line in lines):
            del over[quantity]
    return over


def _without_repetition(places: Sequence[Place]) -> list[Place]:
    """One mistake that nobody has seen may be behind several quantities: it is told once."""
    kept: list[Place] = []
    for place in places:
        if not any(set(place.among) & set(before.among) for before in kept):
            kept.append(place)
    return kept


def _before_the_exception(
    cases: Sequence[Case], places: Sequence[Place], code: Code
) -> list[Place]:
    """Where the code raises on ordinary batches, what it returned on the few others is told only
    as far as it was followed, or if it has a name and is in the line that comes next.
    """
    reached = code.reading.values if code.reading else {}
    next_ = next((q for q in STEPS if q not in reached and q not in ("Y_ind", "loss")), "")
    few = sum(bool(case.returned) for case in cases) < FEW
    return [
        place
        for place in places
        if place.quantity in reached
        or (place.quantity == next_ and place.fits and (place.fits[0].mistakes or not few))
    ]


def _misshapen(code: Code) -> list[Finding]:
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


def _written_over(quantity: str, later: str) -> Finding:
    return Finding(
        quantity,
        "overwritten",
        f"it holds {later}: written over in place after its use",
        "a second name, not a copy; harmless to the gradients",
        kind="remark",
    )


def _findings(
    cases: Sequence[Case], place: Place, lines: Mapping[str, str], code: Code, harmless: bool
) -> list[Finding]:
    case = shown_on(cases, lines, place.quantity) or shown_on(cases, {}, place.spoilt)
    without = {q: line for q, line in lines.items() if q != place.quantity}
    quantity = place.quantity if case and place.quantity in case.values else place.spoilt
    seen = evidence(case, without, quantity) if case else ""
    seen = f"{quantity}: {seen}" if quantity != place.quantity and seen else seen
    batch = case.name if case else ""
    where = code.line_of(place, lines)
    line, source = (where.line, where.source) if where else (None, "")
    if not place.fits:
        title = "a mistake that nothing near the right line explains"
        if place.among:
            title = f"a mistake in {_listed([*place.among, place.quantity])}"
        kind: Kind = "remark" if harmless else "mistake"
        return [
            Finding(place.quantity, "unrecognised", title, seen, (), kind, "", batch, line, source)
        ]
    first = place.fits[0]
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
    also = tuple(sorted({m.id for fit in place.fits[1:] for m in fit.mistakes} - chosen))
    return [
        _named(place.quantity, first, number, seen, also, batch, harmless, line, source)
        for number in range(len(first.mistakes))
    ]


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
    kind: Kind = "remark" if mistake.remark or harmless else "mistake"
    return Finding(
        quantity,
        mistake.id,
        mistake.title,
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


def judged_quantities(
    cases: Sequence[Case], diagnosis: Diagnosis, code: Code
) -> tuple[Judged, ...]:
    judged = []
    told = [*diagnosis.findings]
    for finding in diagnosis.findings:
        if finding.id == "exchanged":
            told += [replace(finding, quantity=other) for other in finding.others]
    there = (q for q, word in diagnosis.verdicts.items() if word != "missing")
    reached = max(map(STEPS.index, there), default=-1)
    for quantity in STEPS:
        word: Word = diagnosis.verdicts.get(
            quantity, "missing" if quantity in GRADIENTS else "unseen"
        )
        if quantity not in diagnosis.verdicts and (code.raised or _unwritten(cases, quantity)):
            word = "to do" if STEPS.index(quantity) > reached else word
        binding = code.binding(quantity, told) or made_at(code, quantity)
        place = (binding.line, binding.name, binding.source) if binding else (None, "", "")
        judged.append(Judged(quantity, word, *_furthest(cases, quantity), *place))
    return tuple(judged)


def _unwritten(cases: Sequence[Case], quantity: str) -> bool:
    """No gradient was returned at all: the file is being written, step by step."""
    return not any(g in case.returned for case in cases for g in GRADIENTS)


def _furthest(
    cases: Sequence[Case], quantity: str
) -> tuple[float | None, tuple[int, ...], float | None]:
    """The largest difference from the reference on the first probe that shows one, where it is, and
    what is allowed there.
    """
    here = [c for c in cases if quantity in c.returned]
    here = [c for c in here if not is_right(c, quantity)] or here
    here = [c for c in here if c.returned[quantity].shape == np.shape(c.right[quantity])]
    if not here:
        return None, (), None
    right, value = (np.asarray(side[quantity]) for side in (here[0].right, here[0].returned))
    difference = abs(value.astype(np.float64) - right)
    worst = np.where(np.isnan(difference), np.inf, difference)
    at = np.unravel_index(int(np.argmax(worst)), worst.shape)
    allowed = np.broadcast_to(here[0].allowed[quantity], worst.shape)[at]
    return float(difference[at]), tuple(int(i) for i in at), float(allowed)
