"""Which of the returned gradients are slopes of the returned loss, by central differences.

Each parameter is moved in two random directions, by two steps. A slope that agrees at one of the
steps agrees: a kink (of the ReLU, of a hinge, of an absolute value) may lie within the other.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple, Protocol

import numpy as np

from compare.bounds.quantities import GRADIENTS
from compare.checker.cases import Array
from compare.checker.sandbox import Answer
from compare.problems.problem import Problem

DIRECTIONS = 2


class Reach(NamedTuple):
    """How far a parameter is moved, so that the loss moves by more than it is rounded."""

    steps: tuple[float, float]
    largest_move: float  # of a score
    close: float  # of a slope by central differences


REACH = {
    "float64": Reach(steps=(1e-5, 1e-7), largest_move=1e-4, close=1e-6),
    "float32": Reach(steps=(1e-2, 1e-3), largest_move=1e-1, close=1e-2),
}


class Runner(Protocol):
    """Runs the learner's code once more, on other batches; with `trace`, follows it on that one."""

    def __call__(self, batches: Mapping[str, Problem], trace: str | None = None) -> Answer: ...


class Way(NamedTuple):
    """A direction in which one parameter is moved, and how far."""

    name: str
    direction: Array
    step: float


def slopes(
    problem: Problem, run: Runner, gradients: tuple[str, ...] = GRADIENTS
) -> dict[str, bool]:
    """Of each gradient whether it is the slope of the returned loss; none that is missing, none of
    zeros where the loss does not move, and none where the loss is not finite.
    """
    reach, ways = REACH[problem.dtype], _ways(problem, gradients)
    moved = {
        f"{number} {sign}": _moved(problem, way, sign)
        for number, way in enumerate(ways)
        for sign in (1, -1)
    }
    answer = run({"here": problem, **moved})
    if answer.failure or any(run.error for run in answer.runs.values()):
        return {}
    here = answer.runs["here"].values
    losses = {name: _loss(run.values.get("loss")) for name, run in answer.runs.items()}
    found: dict[tuple[str, int], bool] = {}
    for number, way in enumerate(ways):
        gradient = here.get(f"d{way.name}")
        slope = (losses[f"{number} 1"] - losses[f"{number} -1"]) / (2 * way.step)
        if gradient is None or not (slope or gradient.any()):
            continue  # of a loss that does not depend on it, as one that is not written yet
        if np.isfinite(slope):
            key = (way.name, number // len(reach.steps))
            agrees = _close(gradient, way.direction, slope, reach.close)
            found[key] = found.get(key, False) or agrees
    names = {name for name, _ in found}
    return {f"d{n}": all(close for (m, _), close in found.items() if m == n) for n in names}


def _ways(problem: Problem, gradients: tuple[str, ...]) -> list[Way]:
    rng, steps = np.random.default_rng(0), REACH[problem.dtype].steps
    ways = []
    for gradient in gradients:
        name = gradient.removeprefix("d")
        for _ in range(DIRECTIONS):
            direction = rng.normal(size=getattr(problem.params, name).shape)
            longest = _longest_step(problem, name, direction)
            ways += [Way(name, direction, min(step, longest)) for step in steps]
    return ways


def _longest_step(problem: Problem, name: str, direction: Array) -> float:
    """So small that no z1 changes its sign, where the ReLU has no slope; and no score by more than
    a little, where a loss is curved.
    """
    W1, b1, W2, _ = problem.params
    z1 = problem.X @ W1 + b1
    reach = REACH[problem.dtype]
    longest, scores = max(reach.steps), direction
    if name in ("W1", "b1"):
        moved = problem.X @ direction if name == "W1" else direction
        longest = float(0.25 * (abs(z1) / np.maximum(abs(moved), 1e-300)).min())
        scores = ((z1 > 0) * moved) @ W2
    elif name == "W2":
        scores = np.maximum(z1, 0) @ direction
    return float(min(longest, reach.largest_move / max(float(abs(scores).max()), 1e-300)))


def _moved(problem: Problem, way: Way, sign: int) -> Problem:
    here = getattr(problem.params, way.name)
    value = (here + sign * way.step * way.direction).astype(here.dtype)
    return replace(problem, params=problem.params._replace(**{way.name: value}))


def _loss(value: Array | None) -> float:
    return float(np.ravel(np.nan if value is None else value)[0])


def _close(gradient: Array, direction: Array, slope: float, close: float) -> bool:
    if gradient.size != direction.size:
        return False
    along = float((np.reshape(gradient, direction.shape) * direction).sum())
    return abs(slope - along) <= close * max(abs(slope), abs(along), 1.0)
