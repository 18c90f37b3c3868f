"""What is right, wrong, inherited, a remark or an edge: the mistakes found, and a verdict on each
quantity.
"""

import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from compare.bounds.quantities import GRADIENTS, SUMMED
from compare.checker.cases import Case, Lines, agree, is_right, misfits
from compare.checker.conventions import in_order, narrow_floats, written_over
from compare.checker.diagnosis import explain
from compare.checker.edges import edges, guarded_edges
from compare.checker.evidence import evidence
from compare.checker.findings import findings_at, misshapen, missing, written_over_later
from compare.checker.guards import as_finding as guard_finding
from compare.checker.guards import guard, guard_seen, with_guard
from compare.checker.lines import ANCESTORS, STEPS
from compare.checker.misplaced import (
    exchange,
    exchanged,
    held,
    in_its_place,
    in_their_places,
)
from compare.checker.placing import Code
from compare.checker.probes import EDGES
from compare.checker.records import Finding, Word
from compare.checker.returned import bound_at
from compare.checker.spoilt import as_finding, spoilt
from compare.checker.state import Place, follows, wrong_quantities
from compare.checker.trace import Binding

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
    findings = missing(cases, code)
    pairs = exchanged(judged, wrong_quantities(judged))
    for one, other in pairs:
        findings.append(exchange(one, other, judged[0].name, bound_at(code, one)))
    judged, cases = in_their_places(judged, pairs), in_their_places(cases, pairs)
    wrong = wrong_quantities(judged)
    edge_findings: list[Finding] = []
    if not wrong:
        edge_findings, odd = edges([case for case in cases if not case.raised])
        judged = [*odd, *judged]
        wrong = wrong_quantities(judged)
    seen = [q for q in STEPS if any(q in case.values for case in cases)]
    verdicts: dict[str, Word] = {q: "wrong" if q in wrong else "right" for q in seen}
    if wrong and narrow_floats(judged, wrong, code.first_float32 is not None):
        findings.append(_narrow(judged, wrong, code.first_float32))
        verdicts |= dict.fromkeys(wrong, "remark")
    elif (guarded := guard(judged, wrong, code)) and not lines:
        edge_findings = guarded_edges(cases, guarded.lines)
        findings.append(guard_finding(guarded))
        verdicts |= dict.fromkeys([*wrong, *_traced_and_spoilt(cases, verdicts)], "remark")
    elif wrong or (code.raised and not any(case.returned for case in cases)):
        stopped = [case for case in cases if case.raised and case.traced and code.stopped]
        lines = lines or {}
        if beside := guard_seen(judged, wrong, code):
            findings.append(guard_finding(beside))
            lines = {**lines, **beside.lines}
            judged = [with_guard(case, beside) for case in judged]
        found, over = _explained([*stopped, *judged], wrong, code, seconds, lines, unstable)
        found = found or misshapen(code)
        findings += _blamed(found, wrong)
        if code.stopped and not found:  # nothing but the exception is to blame
            wrong = []
            verdicts = dict.fromkeys(code.reading.values if code.reading else (), "right")
        verdicts |= dict.fromkeys([*wrong, *_traced_and_spoilt(cases, verdicts)], "inherited")
        verdicts |= dict.fromkeys(over, "remark")
    if code.stopped:  # what it does on an odd batch can wait
        edge_findings, findings = [], [f for f in findings if f.kind != "edge"]
    untold = _untold(findings, verdicts) if not unstable else []
    for quantity in untold[:1]:
        findings += findings_at(judged, Place(quantity, (), quantity), {}, code, harmless=False)
    findings = in_order([*findings, *edge_findings])
    verdicts |= _found(findings, verdicts)
    verdicts |= dict.fromkeys(unstable, "inherited")
    verdicts |= dict.fromkeys(unstable[:1], "wrong")
    return Diagnosis(findings, verdicts)


def _untold(findings: Sequence[Finding], verdicts: Mapping[str, Word]) -> list[str]:
    """What is not right, and nothing says why: what is no gradient may come of what a remark tells.
    Where there is a mistake, that is to be mended first.
    """
    if any(f.kind == "mistake" for f in findings):
        return []
    told = {f.quantity for f in findings}
    spoilt = [q for q, word in verdicts.items() if word in ("wrong", "inherited")]
    return [q for q in spoilt if q not in told and (q in GRADIENTS or not told & ANCESTORS[q])]


def _blamed(findings: Sequence[Finding], wrong: Sequence[str]) -> list[Finding]:
    """A remark is a mistake where a gradient is wrong that comes of nothing else."""
    mistaken = {f.quantity for f in findings if f.kind == "mistake"}
    blamed: set[str] = set()
    for gradient in GRADIENTS:
        before = {gradient, *ANCESTORS[gradient]}
        if gradient in wrong and not before & mistaken:
            blamed |= before
    return [
        replace(f, kind="mistake") if f.remark and f.wrong_line and f.quantity in blamed else f
        for f in findings
    ]


def _narrow(cases: Sequence[Case], wrong: Sequence[str], where: Binding | None) -> Finding:
    case = next(c for c in cases if any(not is_right(c, q) for q in wrong if q in c.returned))
    title = "float32 somewhere inside a float64 computation, right to about 1e-7"
    seen = evidence(case, {}, wrong[0])
    found = Finding(wrong[0], "float32", title, seen, kind="remark", batch=case.name)
    return found if where is None else replace(found, line=where.line, source=where.source)


def _found(findings: Sequence[Finding], verdicts: Mapping[str, Word]) -> dict[str, Word]:
    """What the findings make of the verdicts: of several at one quantity the worst."""
    words = dict(verdicts)
    for finding in findings:
        if finding.quantity in STEPS and words.get(finding.quantity) != "missing":
            word: Word = "wrong" if finding.kind == "mistake" else finding.kind
            if words.get(finding.quantity) != "wrong" or word == "wrong":
                words[finding.quantity] = "missing" if finding.id == "missing" else word
        if finding.id == "exchanged":
            words |= dict.fromkeys(finding.others, "wrong")
    return words


def _traced_and_spoilt(cases: Sequence[Case], verdicts: Mapping[str, Word]) -> list[str]:
    """Quantities that were seen in the code alone, and are not the right ones there."""
    return [
        q
        for case in cases
        for q, value in case.traced.items()
        if verdicts.get(q) == "right" and not any(q in c.returned for c in cases)
        if not agree(case.right[q], value, case.allowed[q])
    ]


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
    if [*over] == [*wrong]:  # all else is right: what was written over was once there
        over = {q: later for q, later in over.items() if not _never_made(code, q, later)}
    elsewhere = held(cases, [q for q in wrong if q not in over])
    cases = [replace(case, overwritten=frozenset({*over, *elsewhere})) for case in cases]
    left = [q for q in wrong if q not in over and q not in elsewhere]
    findings = [written_over_later(q, later) for q, later in over.items()]
    late = spoilt(cases, left)
    findings += [as_finding(one, code) for one in late]
    known = {**known, **{q: line for one in late for q, line in one.lines.items()}}
    spoilt_by = {*left, *elsewhere}
    findings += [
        in_its_place(q, r, cases[0].name, _harmless(cases, q, spoilt_by))
        for q, r in elsewhere.items()
    ]
    left = [q for q in left if q not in unstable]
    lines = dict(known)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a mean of no rows, in the search
        places = explain(cases, left, seconds, known) if cases and (left or code.raised) else []
    places = _without_repetition(places)
    if code.stopped:
        places = _before_the_exception(cases, places, code)
    for place in places:
        lines |= {f.quantity: f.line for f in place.fits[:1]}
    for place in places:
        harmless = _harmless(cases, place.quantity, spoilt_by)
        findings += findings_at(cases, place, lines, code, harmless)
    return findings, list(over)


def _harmless(cases: Sequence[Case], quantity: str, wrong: Collection[str]) -> bool:
    """A gradient that is computed from it is there, and all of these, and the loss, are right."""
    after = [q for q in SUMMED if quantity in ANCESTORS[q]]
    after = [q for q in after if any(q in case.returned for case in cases)]
    return any(q in GRADIENTS for q in after) and not any(q in wrong for q in after)


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


def _never_made(code: Code, quantity: str, later: str) -> bool:
    """The code was followed, and no line of it made the quantity before the later one."""
    found = code.reading.values if code.reading else {}
    return later in found and quantity not in found


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
