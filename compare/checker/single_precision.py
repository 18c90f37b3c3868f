"""Code that computes in float32, and is wrong on a float64 batch by more than that.

None of its values follows there from the one before within rounding: the rounding is another's. On
the same batch in float32 all of them do, and the mistake is what is left.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from itertools import dropwhile

import numpy as np

from compare.bounds.rounding import error_bounds
from compare.checker.cases import Array, Case
from compare.checker.conventions import as_mistake, narrow_floats
from compare.checker.edges import edge
from compare.checker.lines import STEPS
from compare.checker.probes import EDGES, EXTREME, TRACED
from compare.checker.records import Finding, Word
from compare.checker.report import Report
from compare.checker.sandbox import Answer
from compare.checker.seen import first_in, first_of
from compare.checker.state import wrong_quantities
from compare.checker.trace import Binding
from compare.problems.problem import Problem
from manual.network import Params

LARGEST_SCORE = 80.0  # exp of larger ones overflows in float32, which is no other mistake
NEAR = 1e-3  # of the largest value: what code of either precision makes of a batch in both


def in_float32(answer: Answer, batches: Mapping[str, Problem]) -> dict[str, Problem]:
    """The batches in float32, if the code makes float32 of float64; none otherwise. Those on which
    float32 has not the range, or decides the sign of a z1, are left out.
    """
    if answer.failure is not None or not _makes_float32(answer, batches):
        return {}
    cast = {name: _cast(batch) for name, batch in batches.items() if name not in EXTREME}
    usable = {name: batch for name, batch in cast.items() if name in EDGES or _is_ordinary(batch)}
    return usable if TRACED in usable else {}


def _makes_float32(answer: Answer, batches: Mapping[str, Problem]) -> bool:
    wide = [name for name, batch in batches.items() if batch.dtype == "float64"]
    returned = [v for name in wide for v in answer.runs[name].values.values()]
    traced = [b.value for b in answer.trace if answer.trace_probe in wide]
    return any(np.asarray(value).dtype == np.float32 for value in (*returned, *traced))


def _cast(problem: Problem) -> Problem:
    W1, b1, W2, b2 = (value.astype(np.float32) for value in problem.params)
    return replace(problem, X=problem.X.astype(np.float32), params=Params(W1, b1, W2, b2))


def _is_ordinary(problem: Problem) -> bool:
    W1, b1, W2, b2 = problem.params
    z2 = np.maximum(problem.X @ W1 + b1, 0) @ W2 + b2
    return abs(z2).max() < LARGEST_SCORE and not error_bounds(problem).unsure.any()


def has_remark(report: Report) -> bool:
    return any(finding.id == "float32" for finding in report.findings)


def is_told_by(narrow: Report, wide: Report) -> bool:
    """What is said of the batches in float32 is all that is wrong with those in float64: there is
    a mistake, or what was off in float64 is off as float32 is.
    """
    if not narrow.right:
        return bool(narrow.quantities) and not wide.right
    told = {f.quantity for f in narrow.findings}
    told |= {q.name for q in narrow.quantities if q.verdict == "remark"}
    here = {case.name: case for case in narrow.cases if case.name not in EDGES}
    cases = [case for case in wide.cases if case.name in here and not case.raised]
    if not all(_is_near(case, here[case.name], told) for case in cases):
        return False
    return narrow_floats(cases, [q for q in wrong_quantities(cases) if q not in told], seen=True)


def _is_near(wide: Case, narrow: Case, quantities: Collection[str]) -> bool:
    """The code gives of the one batch what it gives of the other, as far as float32 goes."""
    for quantity in wide.returned.keys() & narrow.returned.keys() & {*quantities}:
        one, other = (np.asarray(c.returned[quantity], float) for c in (wide, narrow))
        if one.shape != other.shape or not (abs(one - other) <= NEAR * abs(other).max()).all():
            return False
    return True


def with_remark(narrow: Report, wide: Report, answer: Answer, strict: bool) -> Report:
    """The report on the batches in float32, with the first line that makes float32 of float64; and
    of what is right there, whether it is finite on extreme scores.
    """
    made = first_of(np.float32, answer.trace)
    title = "float32 somewhere inside a float64 computation; judged on batches in float32"
    found = Finding(_first_narrow(made, answer, narrow, wide), "float32", title, "", kind="remark")
    if made is not None:
        seen = first_in(made, answer.begins)
        found = replace(found, evidence=seen, line=made.line, source=made.source)
    edges = _not_finite(wide) if narrow.right else []
    words: dict[str, Word] = {f.quantity: "wrong" if strict else "edge" for f in edges}
    if strict:
        words[found.quantity] = "wrong"
    told = [as_mistake(one) for one in (found, *edges)] if strict else [found, *edges]
    quantities = [replace(q, verdict=words.get(q.name, q.verdict)) for q in narrow.quantities]
    return replace(narrow, quantities=tuple(quantities), findings=(*narrow.findings, *told))


def _not_finite(report: Report) -> list[Finding]:
    """Where scores are extreme, in the first such batch: of the softmax, or of what comes after."""
    for case in report.cases:
        bad = [q for q in STEPS if q in case.returned and not np.isfinite(case.returned[q]).all()]
        if case.name not in EXTREME or not bad:
            continue
        if bad == ["loss"]:
            return [edge("loss", "log-of-underflow", case.name)]
        if "P" in case.values and "P" not in bad:
            return [edge("dz2", "not-finite", case.name)]
        return [edge("P", "overflow", case.name)]
    return []


def _first_narrow(made: Binding | None, answer: Answer, narrow: Report, wide: Report) -> str:
    """The first quantity whose line is run once float32 was made; where none is, the first that is
    returned in it.
    """
    at: dict[int, str] = {}
    for quantity in narrow.quantities:
        if quantity.line is not None:
            at.setdefault(quantity.line, quantity.name)
    after = dropwhile(lambda binding: binding is not made, answer.trace)
    returned = [
        q for q in STEPS for case in wide.cases if _is_narrow(case.returned.get(q), case.problem)
    ]
    lines = (at[binding.line] for binding in after if binding.line in at)
    return next(lines, None) or (returned or [narrow.quantities[0].name])[0]


def _is_narrow(value: Array | None, problem: Problem) -> bool:
    return value is not None and value.dtype == np.float32 and problem.dtype == "float64"
