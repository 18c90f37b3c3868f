"""The only place where the attack imports the project that it attacks."""

import inspect
from pathlib import Path

from compare.agreement import (
    autograd_values,
    compare,
    compare_steps,
    manual_step,
    masked_differently,
    step_values,
    summed_errors,
)
from compare.problem import Problem
from compare.rounding import Bounds, error_bounds
from compare.values import Values
from manual import Params

SOURCE = Path(str(inspect.getsourcefile(error_bounds)))  # of the bound: what mutants.py mutates
MODULE = error_bounds.__module__

__all__ = [
    "MODULE",
    "SOURCE",
    "Bounds",
    "Params",
    "Problem",
    "Values",
    "autograd_values",
    "compare",
    "compare_steps",
    "error_bounds",
    "manual_step",
    "masked_differently",
    "step_values",
    "summed_errors",
]
