"""The only place where the attack imports the project that it attacks."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from compare.agreement.comparison import against_autograd
from compare.agreement.kinks import masked_differently
from compare.agreement.step import autograd_values, manual_step, step_values
from compare.bounds import rounding
from compare.bounds.quantities import BY_ROW, SUMMED, Values
from compare.bounds.rounding import Bounds, Mask, error_bounds
from compare.problems.problem import Problem
from manual import Params

SOURCE = Path(str(inspect.getsourcefile(error_bounds)))  # of the bound: what mutants.py mutates
MODULE = error_bounds.__module__


class Claim(NamedTuple):
    """How far apart right answers may lie: E, and E for reg · W1 and reg · W2 alone."""

    error_bounds: Callable[..., Bounds]
    penalty_bounds: Callable[[Problem], tuple[Any, Any]]


def claim(module: Any) -> Claim:
    """What `module`, the bound's or a mutant of it, says of a problem and of its penalty alone."""

    def penalties(problem: Problem) -> tuple[Any, Any]:
        found = module.penalty_bounds(problem, 0)  # 0 rows are added to it
        return found.dW1, found.dW2

    return Claim(module.error_bounds, penalties)


CLAIM = claim(rounding)

__all__ = [
    "BY_ROW",
    "CLAIM",
    "MODULE",
    "SOURCE",
    "SUMMED",
    "Claim",
    "Mask",
    "Params",
    "Problem",
    "Values",
    "against_autograd",
    "autograd_values",
    "claim",
    "manual_step",
    "masked_differently",
    "step_values",
]
