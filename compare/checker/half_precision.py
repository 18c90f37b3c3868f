"""Code that computes in float16, whose three digits no line of the notes gives back.

What is off by no more than that where float16 was made is told as float16; and what nothing
explains after it comes of it, as far as anybody can see.
"""

from dataclasses import replace

import numpy as np

from compare.checker.cases import Case, own_line
from compare.checker.lines import ANCESTORS, MAGNITUDE, run_line
from compare.checker.records import Finding
from compare.checker.report import Report
from compare.checker.sandbox import Answer
from compare.checker.seen import first_in, first_of

TITLE = "float16, which keeps three digits, and no number above 65504"
ROUNDINGS = 8  # of all that a line adds up
UNNAMED = ("unrecognised", "edited")


def in_half_precision(report: Report, answer: Answer) -> Report:
    """The report with float16 in the place of what it explains; the same where there is none."""
    made = first_of(np.float16, answer.trace)
    case = next((case for case in report.cases if case.name == answer.trace_probe), None)
    unnamed = [f for f in report.mistakes if f.id in UNNAMED]
    first = next((f for f in unnamed if case and _is_off_by_float16(case, f.quantity)), None)
    if made is None or first is None:
        return report
    after = [f for f in unnamed if f is not first and _comes_of(first.quantity, f.quantity)]
    seen = first_in(made, answer.begins)
    told = Finding(first.quantity, "float16", TITLE, seen, line=first.line, source=first.source)
    findings = [told if f is first else f for f in report.findings if f not in after]
    inherited = {f.quantity for f in after} - {f.quantity for f in findings if f.kind == "mistake"}
    returned = {name for case in report.cases for name in case.returned}
    quantities = [
        replace(q, verdict="inherited" if q.name in returned else "unseen", line=None, source="")
        if q.name in inherited
        else q
        for q in report.quantities
    ]
    return replace(report, findings=tuple(findings), quantities=tuple(quantities))


def _comes_of(earlier: str, quantity: str) -> bool:
    """Or is what was put in the place of such: no rounding is in whole numbers, and some take
    log(P).
    """
    by_P = quantity == "loss" and earlier == "P"
    return earlier in ANCESTORS[quantity] or quantity == "Y_ind" or by_P


def _is_off_by_float16(case: Case, quantity: str) -> bool:
    """From what its line gives on the learner's own earlier values."""
    if quantity not in case.values:
        return False
    numbers = np.finfo(np.float16)
    observed, expected = np.asarray(case.values[quantity]), own_line(case, quantity, {})
    size = np.asarray(run_line(MAGNITUDE[quantity], quantity, {**case.right, **case.environment}))
    allowed = ROUNDINGS * (float(numbers.eps) * size + float(numbers.smallest_subnormal))
    return observed.shape == expected.shape and bool((abs(observed - expected) <= allowed).all())
