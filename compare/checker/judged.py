"""The verdict on each quantity, with how far it is off and the line where it stands."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from compare.bounds.quantities import GRADIENTS
from compare.checker.cases import Case, is_right
from compare.checker.lines import STEPS
from compare.checker.placing import Code
from compare.checker.records import Finding, Judged, Word
from compare.checker.returned import made_at, tells
from compare.checker.trace import Binding
from compare.checker.verdicts import Diagnosis


def judged_quantities(
    cases: Sequence[Case], diagnosis: Diagnosis, code: Code
) -> tuple[Judged, ...]:
    judged = []
    told = [*diagnosis.findings]
    for finding in diagnosis.findings:
        if finding.id == "exchanged":
            told += [replace(finding, quantity=other) for other in finding.others]
    open_ = to_do(diagnosis.verdicts)
    for quantity in STEPS:
        word: Word = "to do" if quantity in open_ else "unseen"
        word = diagnosis.verdicts.get(quantity, word)
        binding = _binding(code, quantity, told)
        place = (binding.line, binding.name, binding.source) if binding else (None, "", "")
        judged.append(Judged(quantity, word, *_furthest(cases, quantity), *place))
    return _with_arguments(judged, diagnosis.findings)


def _binding(code: Code, quantity: str, told: Sequence[Finding]) -> Binding | None:
    """The line of its mistake, or the one that computes it; or that had what was returned first,
    where the numbers tell nothing: NaN is what the line of any other one may have, too.
    """
    binding = code.binding(quantity, told)
    value = code.reading.values.get(quantity) if code.reading else None
    is_told = any(f.quantity == quantity and f.line is not None for f in told)
    if is_told or (value is not None and tells(value)):
        return binding
    return made_at(code, quantity) or binding


def _with_arguments(judged: list[Judged], findings: Sequence[Finding]) -> tuple[Judged, ...]:
    """An argument that was spoilt has a row before that of the first quantity which this spoilt."""
    for finding in findings:
        if finding.quantity not in STEPS and finding.line is not None:
            at = min((STEPS.index(q) for q in finding.others), default=len(STEPS))
            before = sum(q.name in STEPS[:at] for q in judged)
            row = Judged(finding.quantity, "wrong", line=finding.line, source=finding.source)
            judged = [*judged[:before], row, *judged[before:]]
    return tuple(judged)


def to_do(verdicts: Mapping[str, Word]) -> list[str]:
    """What is not written yet: each gradient that is not there; and, where there is such a one, all
    that comes after what is there. Something earlier may be computed by another route.
    """
    there = [STEPS.index(q) for q, word in verdicts.items() if word != "missing"]
    reached = max(there, default=-1)
    without = [q for q in GRADIENTS if q not in verdicts]
    return [q for q in STEPS if q in without or (without and STEPS.index(q) > reached)]


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
