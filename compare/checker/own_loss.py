"""Gradients that are right for the learner's own loss, where that loss is not the notes'.

Central differences of the learner's loss on a tiny batch, in two random directions for each
parameter, say whether its gradients are its own. If so, one remark about the loss takes the place
of the mistakes in the gradients.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from compare.bounds.quantities import GRADIENTS
from compare.checker.cases import Array, Case
from compare.checker.probes import EDGES
from compare.checker.records import Finding
from compare.checker.sandbox import Answer
from compare.checker.verdicts import Diagnosis
from compare.problems.problem import Problem
from manual import Params

STEP = 1e-5
CLOSE = 1e-6  # of a slope by central differences
FITS = 1e-9  # of the largest loss
DIRECTIONS = 2


def another_loss(
    cases: Sequence[Case],
    diagnosis: Diagnosis,
    problem: Problem,
    run: Callable[[Mapping[str, Problem]], Answer],
) -> Diagnosis:
    """The same diagnosis, but where loss and gradients belong together: one remark."""
    ids = {f.quantity for f in diagnosis.findings if f.kind == "mistake" or f.quantity == "loss"}
    ordinary = [c for c in cases if c.name not in EDGES and "loss" in c.returned]
    if "loss" not in ids or not ids.intersection(("dz2", *GRADIENTS)) or not ordinary:
        return diagnosis
    words = _difference(ordinary)
    if not words or not _own(problem, run):
        return diagnosis
    kept = [
        f for f in diagnosis.findings if f.quantity not in ("loss", "dz2", "da1", "dz1", *GRADIENTS)
    ]
    remark = Finding(
        "loss",
        "another-loss",
        "your gradients are right for your loss, and your loss is another one than the notes'",
        words,
        kind="remark",
        batch=ordinary[0].name,
    )
    spoilt = {
        q: "remark" for q, word in diagnosis.verdicts.items() if word in ("wrong", "inherited")
    }
    return Diagnosis([*kept, remark], {**diagnosis.verdicts, **spoilt})  # type: ignore[dict-item]


def _own(problem: Problem, run: Callable[[Mapping[str, Problem]], Answer]) -> bool:
    """The returned gradients are the slopes of the returned loss."""
    rng = np.random.default_rng(0)
    probes: dict[str, Problem] = {"here": problem}
    ways: dict[str, tuple[str, Array]] = {}
    for name in Params._fields:
        for number in range(DIRECTIONS):
            way = rng.normal(size=getattr(problem.params, name).shape)
            ways[f"{name} {number}"] = (name, way)
            for sign in (1, -1):
                moved = getattr(problem.params, name) + sign * STEP * way
                params = problem.params._replace(**{name: moved})
                probes[f"{name} {number} {sign}"] = replace(problem, params=params)
    answer = run(probes)
    if answer.failure or any(run.error for run in answer.runs.values()):
        return False
    here = answer.runs["here"].values
    for key, (name, way) in ways.items():
        if f"d{name}" not in here or np.size(here[f"d{name}"]) != way.size:
            return False
        up, down = (answer.runs[f"{key} {sign}"].values.get("loss") for sign in (1, -1))
        if up is None or down is None or np.size(up) != 1:
            return False
        slope = float((np.ravel(up)[0] - np.ravel(down)[0]) / (2 * STEP))
        expected = float((np.reshape(here[f"d{name}"], way.shape) * way).sum())
        if not abs(slope - expected) <= CLOSE * max(abs(slope), abs(expected), 1.0):
            return False
    return True


def _difference(cases: Sequence[Case]) -> str:
    """In what the loss differs: the factor of its data part, and of the penalty of each parameter.
    Nothing, if it is no sum of these.
    """
    cases = [case for case in cases if case.problem.dtype == "float64"]
    losses = np.array([float(np.ravel(case.returned["loss"])[0]) for case in cases])
    data, penalties = [], []
    for case in cases:
        squares = {n: float((p**2).sum()) for n, p in case.problem.params._asdict().items()}
        half = 0.5 * case.problem.reg
        penalties.append([half * squares[name] for name in Params._fields])
        own = case.right["loss"] - half * (squares["W1"] + squares["W2"])
        data.append(float(own))
    for mean in (True, False):
        scale = np.array([1.0 if mean else len(case.problem.X) for case in cases])
        terms = np.column_stack([np.array(data) * scale, np.array(penalties)])
        size = np.maximum(abs(losses), 1e-300)
        found, *_ = np.linalg.lstsq(terms / size[:, None], losses / size, rcond=None)
        if (abs(terms @ found - losses) <= FITS * size).all():
            return _words(mean, dict(zip(("data", *Params._fields), found, strict=True)))
    return ""


def _words(mean: bool, factors: Mapping[str, float]) -> str:
    told = [] if mean else ["it is summed over the samples, not their mean"]
    rounded = {name: round(float(value), 6) for name, value in factors.items()}
    if rounded["data"] != 1:
        told.append(f"its data part is {rounded['data']:g} times the notes'")
    weights = {rounded["W1"], rounded["W2"]}
    if weights == {0.0}:
        told.append("it has no penalty")
    elif weights == {2.0}:
        told.append("its penalty is reg·W², without the ½")
    else:
        told += [
            f"its penalty of {name} is {rounded[name] / 2:g}·reg·{name}²"
            for name in ("W1", "W2")
            if rounded[name] != 1
        ]
    told += [
        f"it regularises {name}, by {rounded[name] / 2:g}·reg·{name}²"
        for name in ("b1", "b2")
        if rounded[name] != 0
    ]
    return "; ".join(told)
