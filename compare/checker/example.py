"""A mistake at a size that one can follow with a pencil: 3 samples, 2 features, 3 units."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from textwrap import fill
from typing import Any, NamedTuple

import numpy as np

from compare.checker.cases import ERRORS, Array
from compare.checker.lines import follow
from compare.checker.records import Finding
from compare.problems.problem import Problem
from compare.text import number
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
SIZES = "3 samples, 2 features, 3 units, 2 classes"


class Example(NamedTuple):
    """A quantity as a wrong line gives it, and as the right one does, on one small batch."""

    quantity: str
    yours: Array | None
    right: Array
    batch: str = SIZES
    error: str = ""  # what the wrong line raises there

    def __str__(self) -> str:
        lines = [f"{self.quantity} on {self.batch}"]
        if self.yours is None:
            lines.append(fill(f"yours: {self.error}", 76, subsequent_indent=" " * 4))
        else:
            lines += ["yours:", *_matrix(self.yours, self.right)]
        return "\n".join([*lines, "right:", *_matrix(self.right, self.right)])

    @property
    def differs(self) -> bool:
        return self.yours is None or bool(_differing(self.yours, self.right).any())


def example(findings: Sequence[Finding]) -> Example | None:
    """The first of these whose formula is known, on the first small batch that shows it; None if
    there is none.
    """
    for finding in findings:
        if finding.wrong_line:
            for batch, problem in _batches():
                found = _on(finding, batch, problem)
                if found.differs:
                    return found
    return None


def _batches() -> Iterator[tuple[str, Problem]]:
    """What the ordinary numbers hide, larger ones show, or a z1 that is exactly 0."""
    yield SIZES, SMALL
    yield f"{SIZES}; X times 10", replace(SMALL, X=10 * SMALL.X)
    zeros = SMALL.params._replace(b1=np.array([[0.5, -1.0, 0.25]]))
    yield f"{SIZES}; z1[0, 1] is exactly 0", replace(SMALL, params=zeros)
    yield f"{SIZES}; X times 1000", replace(SMALL, X=1000 * SMALL.X)


def _on(finding: Finding, batch: str, problem: Problem) -> Example:
    quantity = finding.quantity
    right = np.asarray(follow(problem)[quantity], float)
    try:
        wrong = follow(problem, {quantity: finding.wrong_line}, last=quantity)
        return Example(quantity, np.asarray(wrong[quantity], float), right, batch)
    except ERRORS as error:
        return Example(quantity, None, right, batch, str(error))


def example_data(found: Example) -> dict[str, Any]:
    """For JSON: null stands for what is no finite number."""
    yours = None if found.yours is None else _numbers(found.yours)
    return {
        "quantity": found.quantity,
        "batch": found.batch,
        "yours": yours,
        "error": found.error or None,
        "right": _numbers(found.right),
    }


def _numbers(value: Array) -> Any:
    return [_numbers(row) for row in value] if value.ndim else number(float(value))


def _differing(value: Array, right: Array) -> Array:
    if value.shape != right.shape:
        return np.full(value.shape, True)
    return ~np.isclose(value, right, rtol=1e-12, atol=0, equal_nan=True)


def _matrix(value: Array, right: Array) -> list[str]:
    """A line for each row, the cells that differ marked with *."""
    rows = np.atleast_2d(value), np.atleast_2d(_differing(value, right))
    return [
        "  "
        + " ".join(
            f"{x + 0.0:10.4f}{'*' if d else ' '}" for x, d in zip(*row, strict=True)
        ).rstrip()
        for row in zip(*rows, strict=True)
    ]
