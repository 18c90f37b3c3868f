"""Is this backward pass right? If not: which line is wrong, which mistake is it, how is it seen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any, get_args

import numpy as np

from compare.checker.calls import is_late
from compare.checker.cases import Case, agree, make_case
from compare.checker.conventions import (
    as_mistake,
    first_difference,
    flat_bias,
    in_order,
    manners,
    unflatten,
    unstable_quantities,
)
from compare.checker.guards import guard
from compare.checker.judged import judged_quantities
from compare.checker.own_loss import by_own_loss
from compare.checker.placing import Code, raised_in
from compare.checker.probes import EDGES, TRACED, fresh_seed, probes
from compare.checker.reading import read
from compare.checker.records import Hint
from compare.checker.report import Report
from compare.checker.sandbox import Answer, run_file, run_function
from compare.checker.slopes import Runner
from compare.checker.state import wrong_quantities
from compare.checker.trace import Binding
from compare.checker.verdicts import diagnosed
from compare.problems.problem import Problem

SEARCH = 5.0  # seconds of search for what a wrong line computes


def check(
    function: Callable[..., Any] | str | PathLike[str],
    *,
    strict: bool = False,
    hint: Hint = "what",
    seed: int | None = None,
    search: float = SEARCH,
) -> Report:
    """Judge `backward(X, y, W1, b1, W2, b2, reg)`, which returns a dict with dW1, db1, dW2 and db2
    and any of z1, a1, z2, P, Y_ind, loss, dz2, da1, dz1; or such a function's file.

    X (N, D), y (N,), W1 (D, H), b1 (1, H), W2 (H, C), b2 (1, C). It is called some thirty times,
    in this process; a file, in one of its own. With `strict` another convention, or an edge, is a
    mistake. Raises ValueError if it is not a function of seven arguments, or for another `hint`.
    """
    _check_hint(hint)
    if isinstance(function, str | PathLike):
        return check_file(Path(function), strict=strict, seed=seed, search=search, hint=hint)
    if not callable(function):
        raise ValueError(f"function: expected a function, got {type(function).__name__}")
    seed = fresh_seed() if seed is None else seed
    batches = probes(seed)
    name = str(getattr(function, "__name__", type(function).__name__))
    answer = run_function(function, batches, trace=TRACED)
    report = judge(name, answer, batches, strict, search, partial(run_function, function))
    return replace(report, seed=seed, hint=hint)


def _check_hint(hint: Any) -> None:
    if hint not in get_args(Hint):
        expected = " or ".join(map(repr, get_args(Hint)))
        raise ValueError(f"hint: expected {expected}, got {hint!r}")


def assert_backward(function: Callable[..., Any], *, strict: bool = False) -> None:
    """Raise AssertionError, with the readable report, unless `check` finds the function right."""
    report = check(function, strict=strict)
    if not report.right:
        raise AssertionError(f"\n{report}")


def check_file(
    path: Path,
    timeout: float = 10,
    strict: bool = False,
    seed: int | None = None,
    search: float = SEARCH,
    hint: Hint = "what",
) -> Report:
    """The same for the function `backward` of a file, which runs in a process of its own."""
    _check_hint(hint)
    seed = fresh_seed() if seed is None else seed
    batches = probes(seed)
    answer = run_file(path, batches, timeout, trace=TRACED)
    again = partial(run_file, path, timeout=timeout)
    report = judge(str(path), answer, batches, strict, search, again)
    return replace(report, seed=seed, hint=hint)


def judge(
    name: str,
    answer: Answer,
    batches: Mapping[str, Problem],
    strict: bool,
    search: float = SEARCH,
    again: Runner | None = None,
) -> Report:
    """The report on what a function did on all the batches; `again` runs it on others."""
    if answer.failure is not None:
        return Report(name, (), (), answer.failure, output=answer.output, source=answer.source)
    if any(map(is_late, answer.runs.values())):
        again = None  # nor would it end another time
    raised = {probe: run.error for probe, run in answer.runs.items() if run.error is not None}
    error = _error_line(raised, len(answer.runs))
    observed = {probe: dict(run.values) for probe, run in answer.runs.items()}
    flat = unflatten(observed, batches)
    with np.errstate(all="ignore"):
        cases = [
            # A value that cannot be read takes none of the others with it.
            make_case(
                probe,
                problem,
                observed[probe],
                probe in raised and not observed[probe],
                answer.runs[probe].written,
            )
            for probe, problem in batches.items()
        ]
        cases, code = _followed_as_needed(cases, answer, again)
        if not answer.trace and len(raised) == len(answer.runs):
            return Report(name, (), (), error, output=answer.output, source=answer.source)
        unstable = unstable_quantities(answer)
        diagnosis = None
        ordinary = [c for c in cases if c.name not in EDGES and not c.raised]
        guarded = guard(ordinary, wrong_quantities(ordinary), code)
        if again is not None and not unstable and not guarded:
            diagnosis = by_own_loss(cases, code, search, batches, again)
        if diagnosis is None:
            diagnosis = diagnosed(cases, code, search, unstable=unstable)
        findings = diagnosis.findings + [flat_bias(quantity) for quantity in flat]
        findings = in_order(
            [*findings, *manners(answer, findings, _differing(answer, batches, again), code)]
        )
        if strict:
            findings = [as_mistake(finding) for finding in findings]
        quantities = judged_quantities(cases, diagnosis._replace(findings=findings), code)
    return Report(
        name,
        quantities,
        tuple(findings),
        error,
        raised=code.raised,
        remarks_on_form=answer.remarks,
        trace_note=answer.trace_note,
        output=answer.output,
        source=answer.source,
        cases=tuple(cases),
    )


def _followed_as_needed(
    cases: list[Case], answer: Answer, again: Runner | None
) -> tuple[list[Case], Code]:
    """On one batch; on another one, too, where that shows a mistake better. A right file is not run
    again.
    """
    cases, code = followed(cases, answer)
    if again is None:
        return cases, code
    if code.stopped:
        return _followed_once_more(cases, code, again), code
    other = _shows_more(cases, code)
    if other is not None:
        more = again({other.name: other.problem}, trace=other.name)
        if more.trace:
            return followed(cases, more._replace(runs=answer.runs, source=answer.source))
    return cases, code


def followed(cases: list[Case], answer: Answer) -> tuple[list[Case], Code]:
    """The cases with what the learner's own lines computed, on the batch where they were traced."""
    raised = raised_in(answer)
    if not answer.trace:
        return cases, Code(raised=raised)
    ordinary = [c for c in cases if c.name not in EDGES and not c.raised]
    wrong = wrong_quantities(ordinary)
    traced = next(case for case in cases if case.name == answer.trace_probe)
    reading = read(traced, answer.trace, wrong)
    now = replace(traced, traced=reading.values)
    others = [replace(case, traced={}) for case in cases]
    code = Code(now, reading, raised, answer.source, tuple(wrong))
    return [
        now if case is traced else other for case, other in zip(cases, others, strict=True)
    ], code


def _shows_more(cases: Sequence[Case], code: Code) -> Case | None:
    """The smallest batch that shows a mistake, if the one on which the lines were followed shows
    none, or has fewer gradients.
    """
    if code.case is None or code.case.raised or not code.wrong:
        return None
    ordinary = [c for c in cases if c.name not in EDGES and not c.raised]
    wrong = [c for c in ordinary if wrong_quantities([c])]
    most = max((len(c.returned) for c in wrong), default=0)
    if not wrong or (wrong_quantities([code.case]) and len(code.case.returned) == most):
        return None
    return min((c for c in wrong if len(c.returned) == most), key=lambda c: c.problem.X.size)


def _differing(
    answer: Answer, batches: Mapping[str, Problem], again: Runner | None
) -> Binding | None:
    """The first value in the learner's code that another run gives otherwise, if some do."""
    probe = answer.trace_probe
    if again is None or not answer.trace or not unstable_quantities(answer):
        return None
    return first_difference(answer.trace, again({probe: batches[probe]}, trace=probe).trace)


def _followed_once_more(cases: list[Case], code: Code, again: Runner) -> list[Case]:
    """Where the code raises, and what it had computed is not right: what it had on another batch,
    too, so that what is said of it has been seen twice.
    """
    first = code.case
    if first is None or all(
        agree(first.right[q], v, first.allowed[q]) for q, v in first.traced.items()
    ):
        return cases
    other = next((c for c in cases if c.raised and c.name not in (*EDGES, first.name)), None)
    if other is None:
        return cases
    more = again({other.name: other.problem}, trace=other.name)
    traced = read(other, more.trace, ()).values
    return [replace(case, traced=traced) if case is other else case for case in cases]


def _error_line(raised: Mapping[str, str | None], probes: int) -> str:
    if not raised:
        return ""
    first = next(iter(raised))
    where = "" if len(raised) == probes else f" (on the batch “{first}”)"
    return f"{raised[first]}{where}"
