"""Is this backward pass right? If not: which line is wrong, which mistake is it, how is it seen."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from compare.checker.conventions import as_mistake, flat_bias, manners, unflatten
from compare.checker.diagnosis import make_case
from compare.checker.lines import STEPS
from compare.checker.probes import probes
from compare.checker.report import Report
from compare.checker.sandbox import Answer, run_file, run_function
from compare.checker.verdicts import diagnosed, judged_quantities
from compare.problems.problem import Problem


def check(function: Callable[..., Any], *, strict: bool = False) -> Report:
    """Judge `backward(X, y, W1, b1, W2, b2, reg)`, which returns a dict with dW1, db1, dW2 and db2
    and any of z1, a1, z2, P, Y_ind, loss, dz2, da1, dz1.

    X (N, D), y (N,), W1 (D, H), b1 (1, H), W2 (H, C), b2 (1, C). It is called some twenty times,
    in this process. With `strict` another convention is a mistake. Raises ValueError if it is not
    a function of seven arguments.
    """
    if not callable(function):
        raise ValueError(f"function: expected a function, got {type(function).__name__}")
    batches = probes()
    name = getattr(function, "__name__", type(function).__name__)
    return judge(name, run_function(function, batches), batches, strict)


def assert_backward(function: Callable[..., Any], *, strict: bool = False) -> None:
    """Raise AssertionError, with the readable report, unless `check` finds the function right."""
    report = check(function, strict=strict)
    if not report.right:
        raise AssertionError(f"\n{report}")


def check_file(path: Path, timeout: float = 10, strict: bool = False) -> Report:
    """The same for the function `backward` of a file, which runs in a process of its own."""
    batches = probes()
    return judge(str(path), run_file(path, batches, timeout), batches, strict)


def judge(name: str, answer: Answer, batches: Mapping[str, Problem], strict: bool) -> Report:
    """The report on what a function did on all the batches."""
    if answer.failure is not None:
        return Report(name, (), (), answer.failure)
    raised = {probe: run.error for probe, run in answer.runs.items() if run.error is not None}
    error = _error_line(raised, len(answer.runs))
    if len(raised) == len(answer.runs):
        return Report(name, (), (), error)

    observed = {probe: dict(run.values) for probe, run in answer.runs.items()}
    flat = unflatten(observed, batches)
    with np.errstate(all="ignore"):
        cases = [make_case(problem, observed[probe]) for probe, problem in batches.items()]
        findings, verdicts = diagnosed(cases)
    findings += [flat_bias(quantity, cases) for quantity in flat]
    findings += manners(answer)
    findings.sort(key=lambda f: STEPS.index(f.quantity) if f.quantity in STEPS else 99)
    if strict:
        findings = [as_mistake(finding) for finding in findings]
    return Report(name, judged_quantities(cases, findings, verdicts), tuple(findings), error)


def _error_line(raised: Mapping[str, str | None], probes: int) -> str:
    if not raised:
        return ""
    first = next(iter(raised))
    where = "" if len(raised) == probes else f" (on the batch “{first}”)"
    return f"{raised[first]}{where}"
