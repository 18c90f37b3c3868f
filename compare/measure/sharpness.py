"""How small an error the check sees, and how often it accuses a right answer: measured, beside the
tolerances that people use.
"""

import inspect
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from compare.agreement.comparison import compare_shares
from compare.agreement.exactly import compare_exactly
from compare.agreement.quantity import compare_quantity
from compare.agreement.step import autograd_values, manual_shares, manual_step, step_values
from compare.bounds.exact import exact_batch
from compare.bounds.quantities import GRADIENTS, SUMMED, Values
from compare.bounds.rounding import error_bounds
from compare.measure.alone import THREAD_VARIABLES
from compare.problems.hard import hard_problem
from compare.problems.problem import Problem, check_whole
from compare.problems.seeded import random_problem
from manual import Params, backward

BOUND, EXACT = "bound", "exact batch"  # the rules of this project, beside those of others
SETTINGS = (("float64", 200), ("float64", 8), ("float32", 200))
# Exact batches for the false alarms: the default, the smallest, a wide one.
SHAPES: tuple[dict[str, int], ...] = (
    {},
    {"rows": 1, "features": 1, "hidden": 1, "classes": 2},
    {"rows": 64, "features": 20, "hidden": 64, "classes": 10},
    {"rows": 1024, "hidden": 200},
)

CHUNK = 20  # problems that a process takes at a time

Array = npt.NDArray[Any]
Rule = Callable[[str, Array, Array], bool]  # name, by hand, by autograd -> accepted


class Case(NamedTuple):
    """A problem, what autograd has for it, and the rule that judges the manual side."""

    problem: Problem
    autograd: Values
    accepts: Rule


@dataclass(frozen=True)
class Sharpness:
    """One rule at one dtype and number of rows: the smallest relative errors that it flags."""

    rule: str
    dtype: str
    rows: int
    smallest: dict[str, float]  # for each gradient the median over its elements; "reg"; "1/N"
    false_alarms: int
    problems: int


def tolerances() -> dict[str, Rule]:
    """The rules that people use, each with its own defaults, called as they call them."""
    defaults = inspect.signature(torch.autograd.gradcheck).parameters
    atol, rtol = defaults["atol"].default, defaults["rtol"].default

    def silent(check: Callable[[Array, Array], None]) -> Rule:
        def accepts(name: str, manual: Array, autograd: Array) -> bool:
            try:
                check(manual, autograd)
            except AssertionError:
                return False
            return True

        return accepts

    return {
        "np.allclose": lambda name, a, b: np.allclose(a, b),
        # Without its arrays in a message that nobody reads: they take ten times as long.
        "np assert_allclose": silent(partial(np.testing.assert_allclose, verbose=False)),
        "torch assert_close": silent(
            lambda a, b: torch.testing.assert_close(torch.tensor(a), torch.tensor(b))
        ),
        "gradcheck's": lambda name, a, b: np.allclose(a, b, rtol=rtol, atol=atol),
    }


def measure(
    seed: int,
    problems: int,
    progress: Callable[[int], None] = lambda done: None,
    processes: int = 1,
) -> list[Sharpness]:
    """Every rule in every setting. `progress` is told of each of `work(problems)` things done. The
    problems are shared out to so many processes.

    Raises ValueError unless there is at least one problem to look for false alarms in.
    """
    check_whole("problems", problems, 1)
    done = iter(range(1, work(problems) + 1))
    alarms = {}
    with _mapping(processes) as mapping:
        for dtype in dict.fromkeys(dtype for dtype, _ in SETTINGS):
            alarms[dtype] = dict.fromkeys(_cases(random_problem(seed, dtype=dtype), seed), 0)
            accusers = partial(_accusers, dtype=dtype)
            for rules in mapping(accusers, range(seed, seed + problems)):
                for rule in rules:
                    alarms[dtype][rule] += 1
                progress(next(done))

    found = []
    for dtype, rows in SETTINGS:
        problem = random_problem(seed, samples=rows, dtype=dtype)
        for rule, case in _cases(problem, seed).items():
            smallest = _smallest(case)
            found.append(Sharpness(rule, dtype, rows, smallest, alarms[dtype][rule], problems))
            progress(next(done))
    return found


@contextmanager
def _mapping(processes: int) -> Iterator[Callable[..., Iterator[list[str]]]]:
    """`map`, or what does the same in so many processes."""
    if processes == 1:
        yield map
        return
    before = dict(os.environ)
    os.environ |= dict.fromkeys(THREAD_VARIABLES, "1")  # for the processes: one core each
    try:
        with ProcessPoolExecutor(processes, get_context("spawn"), _be_quiet) as pool:
            yield partial(pool.map, chunksize=CHUNK)
    finally:
        for variable in THREAD_VARIABLES:
            os.environ.pop(variable)
        os.environ |= before


def _be_quiet() -> None:
    """In each of these processes: Ctrl-C is for the one that started them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    np.seterr(all="ignore")
    torch.set_num_threads(1)


def work(problems: int) -> int:
    """The number of things that `measure` does."""
    dtypes, rules = {dtype for dtype, _ in SETTINGS}, 2 + len(tolerances())
    return problems * len(dtypes) + rules * len(SETTINGS)


def _cases(problem: Problem, seed: int) -> dict[str, Case]:
    autograd, error = autograd_values(problem), error_bounds(problem).error
    exact = exact_batch(seed, dtype=problem.dtype).problem

    def within_bound(name: str, manual: Array, autograd: Array) -> bool:
        return compare_quantity(name, manual, autograd, getattr(error, name)).ok

    def identical(name: str, manual: Array, autograd: Array) -> bool:
        return np.array_equal(manual, autograd)

    return {
        BOUND: Case(problem, autograd, within_bound),
        EXACT: Case(exact, autograd_values(exact), identical),
        **{name: Case(problem, autograd, rule) for name, rule in tolerances().items()},
    }


def _smallest(case: Case) -> dict[str, float]:
    values = step_values(*manual_step(case.problem))
    return {
        **{name: _in_one_element(case, name, getattr(values, name)) for name in GRADIENTS},
        "reg": _threshold(lambda error: _accepts_all(case, reg_off_by(case.problem, error))),
        "1/N": _threshold(lambda error: _accepts_all(case, mean_off_by(case.problem, error))),
    }


def _in_one_element(case: Case, name: str, value: Array) -> float:
    """The median over the elements that are not 0."""

    def smallest_at(at: tuple[int, ...]) -> float:
        def accepted(error: float) -> bool:
            wrong = value.copy()
            wrong[at] *= 1 + error
            return case.accepts(name, wrong, getattr(case.autograd, name))

        return _threshold(accepted)

    return median(smallest_at(at) for at in np.ndindex(value.shape) if value[at])


def reg_off_by(problem: Problem, error: float) -> Params:
    """The manual gradients where reg is reg * (1 + error)."""
    return manual_step(replace(problem, reg=problem.reg * (1 + error)))[1].gradients


def mean_off_by(problem: Problem, error: float) -> Params:
    """The manual gradients where 1/N is 1/N * (1 + error). P and Y_ind are scaled instead: dz2 is
    linear in them, however its line is written.
    """
    fwd, _ = manual_step(problem)
    P, Y_ind = (A * (1 + error) for A in (fwd.P, fwd.Y_ind))
    return backward(
        problem.params, problem.X, problem.reg, fwd._replace(P=P, Y_ind=Y_ind)
    ).gradients


def _accepts_all(case: Case, gradients: Params) -> bool:
    return all(
        case.accepts(name, wrong, getattr(case.autograd, name))
        for name, wrong in zip(GRADIENTS, gradients, strict=True)
    )


def _threshold(accepted: Callable[[float], bool], low: float = -17, high: float = 3) -> float:
    """The smallest error that is not accepted, to 1 %, by bisection of its exponent; 0 if the
    right answer is not accepted either.
    """
    if not accepted(0):
        return 0.0
    if accepted(10**high):
        return np.inf
    while high - low > 0.004:
        middle = (low + high) / 2
        low, high = (middle, high) if accepted(10**middle) else (low, middle)
    return float(10**high)


def _accusers(seed: int, dtype: str) -> list[str]:
    return list(_false_alarms(seed, dtype))


def _false_alarms(seed: int, dtype: str) -> Iterator[str]:
    """The rules that accuse a right answer to a hard problem: the loss or one of the gradients
    (of all twelve quantities, for the bound and on the exact batch).
    """
    problem = hard_problem(seed, dtype)
    manual, autograd = step_values(*manual_step(problem)), autograd_values(problem)
    if not compare_shares(problem, manual_shares(problem), autograd).agree:
        yield BOUND
    if not compare_exactly(exact_batch(seed, **SHAPES[seed % len(SHAPES)], dtype=dtype)).agree:
        yield EXACT
    for rule, accepts in tolerances().items():
        pairs = ((name, getattr(manual, name), getattr(autograd, name)) for name in SUMMED)
        if not all(accepts(*pair) for pair in pairs):
            yield rule
