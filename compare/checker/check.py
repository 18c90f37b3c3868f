"""Is this backward pass right? If not: which line is wrong, which mistake is it, how is it seen."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any, get_args

import numpy as np

from compare.checker.calls import is_late
from compare.checker.cases import make_case
from compare.checker.confirmed import confirmed
from compare.checker.conventions import (
    as_mistake,
    first_difference,
    flat_bias,
    in_order,
    kept_from_earlier,
    manners,
    of_earlier_calls,
    unflatten,
    unstable_quantities,
)
from compare.checker.diagnosis import UNTOLD
from compare.checker.followed import followed_as_needed
from compare.checker.guards import guard
from compare.checker.half_precision import in_half_precision
from compare.checker.judged import judged_quantities
from compare.checker.own_loss import by_own_loss
from compare.checker.own_names import with_own_names
from compare.checker.probes import EDGES, LARGEST_SEED, TRACED, fresh_seed, probes
from compare.checker.records import Hint
from compare.checker.report import Report, by_cells
from compare.checker.sandbox import Answer, run_file, run_function
from compare.checker.single_precision import has_remark, in_float32, is_told_by, with_remark
from compare.checker.slopes import Runner
from compare.checker.source import syntax_error
from compare.checker.state import wrong_quantities
from compare.checker.trace import Binding, Raised
from compare.checker.verdicts import diagnosed
from compare.problems.problem import Problem, check_seconds, check_whole

TIMEOUT = 10.0  # seconds for a file's run
SEARCH = 5.0  # seconds of search for what a wrong line computes


def check(
    function: Callable[..., Any] | str | PathLike[str],
    *,
    strict: bool = False,
    hint: Hint = "what",
    seed: int | None = None,
    search: float = SEARCH,
    timeout: float = TIMEOUT,
    example: bool = False,
) -> Report:
    """Judge `backward(X, y, W1, b1, W2, b2, reg)`, which returns a dict with dW1, db1, dW2 and db2
    and any of z1, a1, z2, P, Y_ind, loss, dz2, da1, dz1; or such a function's file.

    X (N, D), y (N,), W1 (D, H), b1 (1, H), W2 (H, C), b2 (1, C). A function is called some thirty
    times, in this process and without a limit of time: Ctrl-C, or the notebook's stop button, ends
    a loop that does not. A file runs in a process of its own, for `timeout` seconds at most.

    strict: another convention, or an edge, is a mistake. hint: "where" names the wrong quantity,
    "what" the mistake, too, and "formula" shows the right line. seed: of the batches, as a report
    names it. search: seconds of search for a mistake's formula. example: the report shows the first
    mistake on three samples.

    Raises ValueError, with the argument's name, for what is none of these: a function of other
    arguments, a file that is not there.
    """
    _check_options(hint, seed, search, timeout)
    if isinstance(function, str | PathLike):
        path = Path(function)
        if why := unusable(path):
            raise ValueError(f"function: {path}: {why}")
        return check_file(path, timeout, strict, seed, search, hint, example)
    if not callable(function):
        got = type(function).__name__
        raise ValueError(f"function: expected a function, or the path of a file, got {got}")
    seed = fresh_seed() if seed is None else seed
    batches = probes(seed)
    name = str(getattr(function, "__name__", type(function).__name__))
    answer = run_function(function, batches, trace=TRACED)
    report = judge(name, answer, batches, strict, search, partial(run_function, function))
    return replace(report, seed=seed, hint=hint, with_example=example)


def _check_options(hint: Any, seed: Any, search: Any, timeout: Any) -> None:
    if hint not in get_args(Hint):
        expected = " or ".join(map(repr, get_args(Hint)))
        raise ValueError(f"hint: expected {expected}, got {hint!r}")
    if seed is not None:
        check_whole("seed", seed, 0, LARGEST_SEED)
    check_seconds("search", search, at_least_0=True)
    check_seconds("timeout", timeout)


def unusable(path: Path) -> str:
    """Why this is no learner's file; nothing if it may be one."""
    if path.is_dir():
        return "expected a Python file, got a directory"
    if not path.is_file():
        there = "something that is no file" if path.exists() else "no such file"
        return f"expected a Python file, got {there}"
    if path.suffix not in (".py", ".ipynb"):
        return "expected a .py or .ipynb file, got another"
    return ""


def assert_backward(
    function: Callable[..., Any] | str | PathLike[str], *, strict: bool = False
) -> None:
    """Raise AssertionError, with the readable report, unless `check` finds the function right."""
    report = check(function, strict=strict)
    if not report.right:
        raise AssertionError(f"\n{report}")


def check_file(
    path: Path,
    timeout: float = TIMEOUT,
    strict: bool = False,
    seed: int | None = None,
    search: float = SEARCH,
    hint: Hint = "what",
    example: bool = False,
) -> Report:
    """The same for the function `backward` of a file, which runs in a process of its own."""
    _check_options(hint, seed, search, timeout)
    seed = fresh_seed() if seed is None else seed
    batches = probes(seed)
    answer = run_file(path, batches, timeout, trace=TRACED)
    again = partial(run_file, path, timeout=timeout)
    report = judge(str(path), answer, batches, strict, search, again)
    return replace(report, seed=seed, hint=hint, with_example=example)


def judge(
    name: str,
    answer: Answer,
    batches: Mapping[str, Problem],
    strict: bool,
    search: float = SEARCH,
    again: Runner | None = None,
) -> Report:
    """The report on what a function did on all the batches; `again` runs it on others."""
    again = None if any(map(is_late, answer.runs.values())) else again  # nor would it end then
    narrow = in_float32(answer, batches) if again is not None else {}
    report = _judged(name, answer, batches, strict, UNTOLD if narrow else search, again)
    if again is not None and narrow and (not report.right or has_remark(report)):
        of_narrow = _judged(name, again(narrow, trace=TRACED), narrow, strict, search, again)
        if is_told_by(of_narrow, report):
            report = with_remark(of_narrow, report, answer, strict)
        elif not report.right:
            report = _judged(name, answer, batches, strict, search, again)
    report = in_half_precision(report, answer)
    return by_cells(report, answer.begins) if answer.begins else report


def _judged(
    name: str,
    answer: Answer,
    batches: Mapping[str, Problem],
    strict: bool,
    search: float,
    again: Runner | None,
) -> Report:
    """With the lines of a notebook's whole text."""
    if answer.failure is not None:
        return _nothing_judged(name, answer, answer.failure)
    raised = {p: run.error for p, run in answer.runs.items() if run.error and not run.unread}
    error = _error_again(answer) or _error_line(raised, len(answer.runs))
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
        cases, code, alone = followed_as_needed(cases, answer, again)
        cases, code, search = with_own_names(cases, code, search)
        if code.reading is None and len(raised) == len(answer.runs):
            return _nothing_judged(name, answer, error)
        unstable = unstable_quantities(answer)
        kept = [q for name, run in alone.items() for q in kept_from_earlier(answer.runs[name], run)]
        unstable = unstable or kept
        diagnosis = None
        ordinary = [c for c in cases if c.name not in EDGES and not c.raised]
        guarded = guard(ordinary, wrong_quantities(ordinary), code)
        if again is not None and not (unstable or guarded or code.stopped):
            diagnosis = by_own_loss(cases, code, search, batches, again)
        if diagnosis is None:
            diagnosis = diagnosed(cases, code, search, unstable=unstable)
        there = [quantity for quantity in flat if quantity in diagnosis.verdicts]
        findings = confirmed(diagnosis.findings, cases, again)
        findings += [flat_bias(quantity) for quantity in there]
        findings += [of_earlier_calls(kept[0], name, answer) for name in alone if kept]
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


def _nothing_judged(name: str, answer: Answer, error: str) -> Report:
    return Report(
        name,
        (),
        (),
        error,
        raised=_no_python(answer),
        output=answer.output,
        source=answer.source,
        begins=answer.begins,
    )


def _no_python(answer: Answer) -> Raised | None:
    """Where the file is no Python; of a notebook, each cell is one or none."""
    line = 0 if answer.begins or not answer.source else syntax_error(answer.source)
    if not line:
        return None
    source = answer.source.splitlines()[line - 1 : line]
    return Raised("SyntaxError", answer.failure or "", line, "".join(source).strip(), ())


def _differing(
    answer: Answer, batches: Mapping[str, Problem], again: Runner | None
) -> Binding | None:
    """The first value in the learner's code that another run gives otherwise, if some do."""
    probe = answer.trace_probe
    if again is None or not answer.trace or not unstable_quantities(answer):
        return None
    return first_difference(answer.trace, again({probe: batches[probe]}, trace=probe).trace)


def _error_again(answer: Answer) -> str:
    """What came of a second call: where it failed, those on later batches may fail for that."""
    again = {probe: run.again for probe, run in answer.runs.items() if run.again is not None}
    words = _error_line(again, len(answer.runs))
    return f"a second call with the same arguments failed: {words}" if words else ""


def _error_line(raised: Mapping[str, str | None], probes: int) -> str:
    if not raised:
        return ""
    first = next(iter(raised))
    where = "" if len(raised) == probes else f" (on the batch “{first}”)"
    return f"{raised[first]}{where}"
