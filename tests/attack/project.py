"""The only place where the attack imports the project that it attacks."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from compare.agreement.comparison import against_autograd
from compare.agreement.kinks import masked_differently
from compare.agreement.step import autograd_values, manual_step, step_values
from compare.bounds.quantities import BY_ROW, SUMMED, Values
from compare.bounds.rounding import Bounds, Mask, error_bounds, penalty_bounds
from compare.problems.problem import Problem
from manual import Params

SOURCE = Path(str(inspect.getsourcefile(error_bounds)))  # of the bound: what mutants.py mutates
MODULE = error_bounds.__module__


class Claim(NamedTuple):
    """The functions that say how far apart right answers may lie, or mutants of them."""

    error_bounds: Callable[..., Bounds]
    penalty_bounds: Callable[[Problem], tuple[Any, Any]]


CLAIM = Claim(error_bounds, penalty_bounds)

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
    "manual_step",
    "masked_differently",
    "step_values",
]
