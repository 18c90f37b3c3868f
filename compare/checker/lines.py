"""The lines of manual/network.py, quantity by quantity, to be run on anybody's values.

A formula stands once in this project. Whoever needs one step of the derivation by itself (to run
it on a learner's own earlier values, or with a mistake in its place) takes its lines from the
source of the manual pass.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from types import CodeType
from typing import Any, NamedTuple

import numpy as np

from compare.bounds.quantities import QUANTITIES, Values
from compare.problems.problem import Problem
from manual import backward, forward

# The twelve quantities, and Y_ind where the notes have it: all that a learner may return.
STEPS = (*QUANTITIES[: QUANTITIES.index("loss")], "Y_ind", *QUANTITIES[QUANTITIES.index("loss") :])
SET_UP = ("N", "C", "reg")  # known before the first step


class Line(NamedTuple):
    target: str
    text: str


def lines(source: str) -> Iterator[Line]:
    """The assignments to a plain name in `source`, with the text as it stands there."""
    source = textwrap.dedent(source)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign | ast.AugAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name):
                yield Line(target.id, ast.get_source_segment(source, node) or "")


def _steps(*functions: Callable[..., Any]) -> dict[str, str]:
    """For each quantity the lines that make it, those of its helpers (s, S, log_P) included."""
    found = [line for function in functions for line in lines(inspect.getsource(function))]
    last = {line.target: number for number, line in enumerate(found)}
    steps: dict[str, str] = {}
    waiting: list[str] = []
    for number, line in enumerate(found):
        if line.target in SET_UP:
            continue
        waiting.append(line.text)
        if line.target in STEPS and last[line.target] == number:
            steps[line.target] = "\n".join(waiting)
            waiting = []
    return steps


RIGHT: dict[str, str] = _steps(forward, backward)


def inputs(problem: Problem) -> dict[str, Any]:
    """What the lines read besides each other, under the names that they use."""
    N, _, _, C = problem.sizes
    reg = problem.X.dtype.type(problem.reg)
    return {"X": problem.X, "y": problem.y, "reg": reg, "N": N, "C": C, **problem.params._asdict()}


def follow(
    problem: Problem,
    given: Mapping[str, Any] | None = None,
    replaced: Mapping[str, str] | None = None,
    last: str = STEPS[-1],
) -> dict[str, Any]:
    """Each quantity up to the last, computed by its lines, or those that replace them, from the
    earlier ones: from their `given` values where there are any, else from those just computed.

    A line that replaces another runs after it, and so finds its helpers (s, S) there. Raises
    whatever a replaced line raises.
    """
    given, replaced = given or {}, replaced or {}
    environment: dict[str, Any] = {"np": np, **inputs(problem)}
    computed = {}
    for name in STEPS[: STEPS.index(last) + 1]:
        exec(_compiled(name, RIGHT[name]), environment)
        if name in replaced:
            exec(_compiled(name, replaced[name]), environment)
        computed[name] = environment[name]
        if name in given:
            environment[name] = np.copy(given[name])  # a line may write to what it reads
    return computed


@lru_cache(maxsize=1024)
def _compiled(name: str, text: str) -> CodeType:
    return compile(text, f"<{name}>", "exec")


def followed_values(computed: Mapping[str, Any]) -> Values:
    return Values(*(np.asarray(computed[name]) for name in QUANTITIES))
