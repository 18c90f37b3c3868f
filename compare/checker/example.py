"""A mistake at a size that one can follow with a pencil: 3 samples, 2 features, 3 units."""

import numpy as np

from compare.checker.cases import ERRORS, Array
from compare.checker.lines import follow
from compare.checker.report import Report
from compare.problems.problem import Problem
from manual import Params

SMALL = Problem(
    np.array([[1.0, 2.0], [-1.0, 0.5], [2.0, -1.0]]),
    np.array([0, 1, 1]),
    Params(
        np.array([[1.0, -1.0, 0.5], [0.5, 1.0, -1.0]]),
        np.array([[0.5, -0.5, 0.25]]),
        np.array([[0.5, -0.5], [1.0, 0.25], [-0.5, 1.0]]),
        np.array([[0.25, -0.25]]),
    ),
    0.1,
)


def example_text(report: Report) -> str:
    """The first mistake's wrong value beside the right one, the cells that differ marked with *;
    nothing, if nothing near the right line explains the mistake.
    """
    told = [f for f in (*report.mistakes, *report.edges) if f.wrong_line]
    if not told:
        return ""
    quantity = told[0].quantity
    right = follow(SMALL)
    try:
        wrong = follow(SMALL, replaced={quantity: told[0].wrong_line}, last=quantity)
    except ERRORS as error:
        return f"{quantity} on 3 samples, 2 features, 3 units, 2 classes: {error}"
    return "\n".join(
        [
            f"{quantity} on 3 samples, 2 features, 3 units, 2 classes",
            "yours:",
            *_matrix(wrong[quantity], right[quantity]),
            "right:",
            *_matrix(right[quantity], right[quantity]),
        ]
    )


def _matrix(value: Array, right: Array) -> list[str]:
    value, right = np.atleast_2d(value), np.atleast_2d(right)
    same = value.shape == right.shape
    lines = []
    for i, row in enumerate(value):
        cells = []
        for j, number in enumerate(np.asarray(row, float)):
            differs = not same or not np.isclose(number, right[i, j], rtol=1e-12, atol=0)
            cells.append(f"{number:10.4f}{'*' if differs else ' '}")
        lines.append("  " + " ".join(cells).rstrip())
    return lines
