"""The manual pass beside PyTorch's: `python -m compare`; and a learner's beside the right one.

The public names below are imported when they are first used: `import compare` loads no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from compare.agreement.comparison import Comparison, against_autograd
    from compare.checker.check import assert_backward, check
    from compare.checker.report import Report
    from compare.graph.manual_loss import ManualLoss
    from compare.lesson.page import page
    from compare.problems.csv_file import read_problem
    from compare.problems.problem import Problem
    from compare.problems.seeded import random_problem

_HOMES = {
    "Comparison": "compare.agreement.comparison",
    "ManualLoss": "compare.graph.manual_loss",
    "Problem": "compare.problems.problem",
    "Report": "compare.checker.report",
    "against_autograd": "compare.agreement.comparison",
    "assert_backward": "compare.checker.check",
    "check": "compare.checker.check",
    "page": "compare.lesson.page",
    "random_problem": "compare.problems.seeded",
    "read_problem": "compare.problems.csv_file",
}

__all__ = [
    "Comparison",
    "ManualLoss",
    "Problem",
    "Report",
    "against_autograd",
    "assert_backward",
    "check",
    "page",
    "random_problem",
    "read_problem",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'compare' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
