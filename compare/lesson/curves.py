"""The two plots: the loss along one weight with its tangent, and the losses of a descent."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from compare.agreement.descent import Descent, Verdict
from compare.problems.problem import Problem
from manual import forward

POINTS = 81
REACH = 2.5  # how far from its value a weight is moved, to either side
MOST_POINTS = 400  # of a descent


class Axis(NamedTuple):
    """A linear axis, or a logarithmic one, from `low` to `high` at `start` to `end` of the plot."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def at(self, value: float) -> float:
        low, high, value = (
            (math.log10(v) if self.logarithmic else v) for v in (self.low, self.high, value)
        )
        share = (value - low) / (high - low) if high != low else 0.5
        return round(self.start + share * (self.end - self.start), 1)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Round numbers on the axis, and how they are written."""
        if self.logarithmic:
            first, last = math.ceil(math.log10(self.low)), math.floor(math.log10(self.high))
            every = max(1, (last - first) // 4)
            return [(10.0**k, f"10{_raised(k)}") for k in range(first, last + 1, every)]
        step = _round_step((self.high - self.low) / 4)
        first = math.ceil(self.low / step)
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
        values = [k * step for k in range(first, math.floor(self.high / step + 1e-9) + 1)]
        return [(value, f"{value:.{digits}f}".replace("-", "−")) for value in values]


class Slope(NamedTuple):
    """The loss along W1[i, j], all else as it is, and the line that its gradient says."""

    name: str
    at: tuple[int, int]
    weight: float
    loss: float
    slope: float
    x: Axis
    y: Axis
    curve: str
    tangent: str


def slope(problem: Problem, loss: float, gradient: np.ndarray, width: int, height: int) -> Slope:
    """For the weight of W1 with the largest gradient."""
    at = np.unravel_index(int(np.nan_to_num(np.abs(gradient)).argmax()), gradient.shape)
    i, j = int(at[0]), int(at[1])
    weight, steep = float(problem.params.W1[i, j]), float(gradient[i, j])
    weights = np.linspace(weight - REACH, weight + REACH, POINTS)
    losses = [_loss_with(problem, (i, j), value) for value in weights]
    pad = 0.08 * (max(losses) - min(losses) or 1)
    x = Axis(float(weights[0]), float(weights[-1]), 56, width - 12)
    y = Axis(min(losses) - pad, max(losses) + pad, height - 34, 12)
    ends = [(value, loss + steep * (value - weight)) for value in (x.low, x.high)]
    return Slope(
        "W1",
        (i, j),
        weight,
        loss,
        steep,
        x,
        y,
        path(x, y, zip(weights, losses, strict=True)),
        path(x, y, ends),
    )


def _loss_with(problem: Problem, at: tuple[int, int], value: float) -> float:
    W1 = problem.params.W1.copy()
    W1[at] = value
    moved = replace(problem, params=problem.params._replace(W1=W1))
    return float(forward(moved.params, moved.X, moved.y, moved.reg).loss)


class Course(NamedTuple):
    """The losses of a descent, and below them what the two sides were apart at each step."""

    steps: int
    thinned: int  # every so many steps one point
    x: Axis
    loss: Axis
    used: Axis
    drift: Axis
    loss_path: str
    used_path: str
    drift_path: str
    wrong: tuple[Verdict, ...]


def course(descent: Descent, width: int, height: int) -> Course:
    verdicts = descent.verdicts
    every = math.ceil(len(verdicts) / MOST_POINTS)
    groups = [verdicts[k : k + every] for k in range(0, len(verdicts), every)]
    x = Axis(1, max(2, len(verdicts) + 1), 64, width - 12)
    losses = [(v.step, v.loss) for v in (group[0] for group in groups)]
    losses.append((len(verdicts) + 1, descent.end_loss))
    low, high = min(loss for _, loss in losses), max(loss for _, loss in losses)
    pad = 0.06 * (high - low or 1)
    # Of the thinned steps the one that came nearest to its allowance.
    used = [(g[0].step, max(v.tightest.used for v in g)) for g in groups]
    drift = [(g[0].step, max(v.drift for v in g)) for g in groups]
    axis = Axis(low - pad, high + pad, height - 10, 10)
    return Course(
        len(verdicts),
        every,
        x,
        axis,
        _decades([u for _, u in used] + [1.0], height),
        _decades([d for _, d in drift], height),
        path(x, axis, losses),
        _log_path(x, used, _decades([u for _, u in used] + [1.0], height)),
        _log_path(x, drift, _decades([d for _, d in drift], height)),
        tuple(v for v in verdicts if not v.agree),
    )


def _decades(values: Sequence[float], height: int) -> Axis:
    """A logarithmic axis of whole decades. A 0 has no place on it, and is left out."""
    positive = [v for v in values if 0 < v < math.inf] or [1.0]
    low = 10.0 ** math.floor(math.log10(min(positive)))
    high = 10.0 ** math.ceil(math.log10(max(positive)) + 0.05)
    return Axis(low, high, height - 10, 10, logarithmic=True)


def _log_path(x: Axis, points: Sequence[tuple[int, float]], y: Axis) -> str:
    return path(x, y, [(a, b) for a, b in points if 0 < b < math.inf])


def path(
    x: Axis, y: Axis, points: "Sequence[tuple[float, float]] | zip[tuple[float, float]]"
) -> str:
    """As SVG writes it."""
    return "M" + "L".join(f"{x.at(a):g} {y.at(b):g}" for a, b in points)


def _round_step(least: float) -> float:
    """1, 2 or 5 times a power of ten, at least as large."""
    if least <= 0 or not math.isfinite(least):
        return 1.0
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * k for k in (1, 2, 5, 10) if power * k >= least * (1 - 1e-9))


def _raised(exponent: int) -> str:
    return str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
