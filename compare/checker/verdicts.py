"""From the explanations of a learner's numbers to findings, and to a verdict on each quantity."""

from collections.abc import Mapping, Sequence

import numpy as np

from compare.bounds.quantities import GRADIENTS
from compare.checker.catalogue import Mistake
from compare.checker.conventions import conventions, narrow_floats
from compare.checker.diagnosis import (
    Case,
    Explanation,
    Occurrence,
    explain,
    is_right,
    wrong_quantities,
)
from compare.checker.evidence import evidence
from compare.checker.lines import STEPS
from compare.checker.records import Finding, Judged, Word


def diagnosed(cases: Sequence[Case]) -> tuple[list[Finding], dict[str, Word]]:
    """The findings in the order of the computation, and the verdict on each returned quantity."""
    wrong = wrong_quantities(cases)
    verdicts: dict[str, Word] = {
        q: "wrong" if q in wrong else "right"
        for q in STEPS
        if any(q in case.observed for case in cases)
    }
    findings: list[Finding] = []
    for gradient in GRADIENTS:
        if gradient not in verdicts:
            findings.append(
                Finding(gradient, "missing", "it was not returned", "one of the four gradients")
            )
    if not wrong:
        return findings, verdicts
    narrow = narrow_floats(cases, wrong)
    if narrow is not None:
        return [*findings, narrow], {**verdicts, **dict.fromkeys(wrong, "remark")}

    explanations = explain(cases)
    found = conventions(_mistakes(cases, explanations), verdicts)
    for quantity in wrong:
        verdicts[quantity] = "inherited"
    for finding in found:
        verdicts[finding.quantity] = "remark" if finding.remark else "wrong"
    return findings + found, verdicts


def _mistakes(cases: Sequence[Case], explanations: Sequence[Explanation]) -> list[Finding]:
    """The first explanation as findings; what else fits as well is named with it."""
    first, *others = explanations
    places: list[tuple[str, list[tuple[Occurrence, ...]]]] = []
    for occurrence in first.hidden:
        rivals = [o for e in others for o in e.hidden if o not in first.hidden]
        places.append((occurrence.quantity, [(occurrence,), *((rival,) for rival in rivals)]))
    places += first.local.items()
    findings = []
    unreturned = {occurrence.quantity for occurrence in first.hidden}
    for quantity, fits in sorted(places, key=lambda place: STEPS.index(place[0])):
        if quantity in unreturned:
            seen = _seen_downstream(cases, first)
        else:
            seen = evidence(cases, quantity)
        if not fits:
            title = "a mistake that is not in the catalogue"
            findings.append(Finding(quantity, "unrecognised", title, seen))
            continue
        chosen = {occurrence.mistake.id for occurrence in fits[0]}
        also = {o.mistake.id for rival in fits[1:] for o in rival} - chosen
        findings += [
            _finding(quantity, o.mistake, seen, tuple(sorted(also)), fits[0][-1].text)
            for o in fits[0]
            if len(fits[0]) == 1 or not o.mistake.remark  # beside a mistake, a remark would confuse
        ]
    return findings


def _seen_downstream(cases: Sequence[Case], explanation: Explanation) -> str:
    """The evidence for a mistake in a step that was not returned: the first value it spoilt."""
    spoilt = [q for q in wrong_quantities(cases) if q not in explanation.local]
    return f"{spoilt[0]}: {evidence(cases, spoilt[0])}" if spoilt else "seen where your code raises"


def _finding(
    quantity: str, mistake: Mistake, seen: str, also: tuple[str, ...], line: str
) -> Finding:
    return Finding(quantity, mistake.id, mistake.title, seen, also, mistake.remark, line)


def judged_quantities(
    cases: Sequence[Case], findings: Sequence[Finding], verdicts: Mapping[str, Word]
) -> tuple[Judged, ...]:
    judged = []
    for quantity in STEPS:
        verdict = verdicts.get(quantity, "missing")
        here = [f for f in findings if f.quantity == quantity]
        if any(not f.remark for f in here) and verdict != "missing":
            verdict = "wrong"
        elif here and verdict == "right":
            verdict = "remark"
        judged.append(Judged(quantity, verdict, *_furthest(cases, quantity)))
    return tuple(judged)


def _furthest(
    cases: Sequence[Case], quantity: str
) -> tuple[float | None, tuple[int, ...], float | None]:
    """The largest difference from the reference on the first probe that shows one, where it is, and
    what is allowed there.
    """
    here = [c for c in cases if quantity in c.observed]
    here = [c for c in here if not is_right(c, quantity)] or here
    here = [c for c in here if c.observed[quantity].shape == np.shape(c.right[quantity])]
    if not here:
        return None, (), None
    right, value = (np.asarray(side[quantity]) for side in (here[0].right, here[0].observed))
    difference = abs(value.astype(np.float64) - right)
    worst = np.where(np.isnan(difference), np.inf, difference)
    at = np.unravel_index(int(np.argmax(worst)), worst.shape)
    allowed = np.broadcast_to(here[0].allowed[quantity], worst.shape)[at]
    return float(difference[at]), tuple(int(i) for i in at), float(allowed)
