"""Gradients held against the learner's own loss, where that loss is not the notes'.

Central differences of the learner's loss on a tiny batch, in two random directions for each
parameter, say which of its gradients are its own. If all are, one remark about the loss takes the
place of the mistakes in the gradients. If some are, the others are the mistakes, and what explains
them is looked for beside the lines that this loss needs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from compare.bounds.quantities import GRADIENTS
from compare.checker.cases import Array, Case, is_right
from compare.checker.lines import ANCESTORS, RIGHT
from compare.checker.placing import Code
from compare.checker.probes import EDGES
from compare.checker.records import Finding
from compare.checker.sandbox import Answer
from compare.checker.verdicts import Diagnosis, diagnosed
from compare.problems.problem import Problem
from manual import Params

STEP = 1e-5
CLOSE = 1e-6  # of a slope by central differences
FITS = 1e-9  # of the largest loss
DIRECTIONS = 2
BACKWARD = ("dz2", "da1", "dz1", *GRADIENTS)


class Loss(NamedTuple):
    """The learner's loss as a sum of the notes' terms."""

    mean: bool  # over the samples, or their sum
    factors: Mapping[str, float]  # of the data part, and of 0.5 · reg · (p²) of each parameter


class Another(NamedTuple):
    """Another loss than the notes', to which wrong gradients belong."""

    loss: Loss
    own: Sequence[str]  # gradients that are its slopes
    contrary: Sequence[str]  # those that are not
    batch: str


def another_loss(
    cases: Sequence[Case], problem: Problem, run: Callable[[Mapping[str, Problem]], Answer]
) -> Another | None:
    """The learner's loss, if it is another one and gradients that are wrong are its slopes."""
    ordinary = [c for c in cases if c.name not in EDGES and "loss" in c.returned]
    wrong = [q for q in GRADIENTS if _wrong(ordinary, q)]
    if not wrong or not _wrong(ordinary, "loss"):
        return None
    loss = _as_terms(ordinary)
    slopes = _slopes(problem, run) if loss else {}
    own = [q for q in GRADIENTS if slopes.get(q)]
    contrary = [q for q in GRADIENTS if slopes.get(q) is False]
    if loss is None or not set(own).intersection(wrong):
        return None
    return Another(loss, own, contrary, ordinary[0].name)


def by_its_own(cases: Sequence[Case], code: Code, seconds: float, another: Another) -> Diagnosis:
    """One remark on the loss in place of the mistakes in its own gradients; and what explains the
    other gradients, beside the lines that this loss needs.
    """
    loss, own, contrary, batch = another
    lines = own_lines(loss)
    found, verdicts = diagnosed(cases, code, seconds if contrary else 0, lines)
    spared = {"loss", *own} if contrary else {"loss", *BACKWARD}
    kept = [f for f in found if f.quantity not in spared]
    title = "your gradients are right for your loss, and your loss is another one than the notes'"
    if contrary:
        title = (
            f"your loss is another one than the notes': your {_listed(own)} {_are(own)} right for "
            f"it, and your {_listed(contrary)} {_are(contrary)} not"
        )
    remark = Finding("loss", "another-loss", title, _words(loss), kind="remark", batch=batch)
    words = f"not the slope of your own loss; your {_listed(own)} {_are(own)}"
    mistakes = []
    for quantity in contrary:
        named = [f for f in kept if f.quantity == quantity]
        if not _wrong(cases, quantity):
            seen = f"it is the notes', and your loss needs {lines.get(quantity, RIGHT[quantity])}"
            mistakes.append(Finding(quantity, "not-its-slope", words, seen, batch=batch))
        elif named:
            kept = [f for f in kept if f.quantity != quantity]
            mistakes += [_beside(f, words) for f in named]
        elif not any(f.quantity in ANCESTORS[quantity] for f in kept):
            mistakes.append(Finding(quantity, "not-its-slope", words, "", batch=batch))
    places = {f.quantity for f in [*kept, *mistakes] if f.kind == "mistake"}
    for quantity, word in verdicts.items():
        if word in ("wrong", "inherited") and not places.intersection(ANCESTORS[quantity]):
            verdicts[quantity] = "remark"
    verdicts |= dict.fromkeys(places.intersection(verdicts), "wrong")
    return Diagnosis([*kept, *mistakes, remark], verdicts)


def _beside(finding: Finding, words: str) -> Finding:
    """An unexplained mistake is told by the slopes; one that has a name keeps it."""
    if finding.id == "unrecognised":
        return replace(finding, id="not-its-slope", title=words)
    return replace(finding, evidence=f"{finding.evidence}; {words}".removeprefix("; "))


def _wrong(cases: Sequence[Case], quantity: str) -> bool:
    ordinary = [c for c in cases if c.name not in EDGES and quantity in c.returned]
    return any(not is_right(case, quantity) for case in ordinary)


def own_lines(loss: Loss) -> dict[str, str]:
    """The lines that the gradients of this loss need, where they are not the notes'."""
    factors = {name: float(f"{value:.9g}") for name, value in loss.factors.items()}
    mean, data = " / N" if loss.mean else "", _times(factors["data"])
    squares = " + ".join(f"{_times(factors[p])}({p}**2).sum()" for p in Params._fields)
    lines = {
        "loss": f"loss = -{data}np.log((Y_ind * P).sum(axis=1)).sum(){mean}"
        f" + 0.5 * reg * ({squares})",
        "dz2": f"dz2 = {data}(P - Y_ind){mean}",
    }
    for name in Params._fields:
        value = RIGHT[f"d{name}"].removesuffix(f" + reg * {name}")
        if factors[name]:
            value += f" + {_times(factors[name])}reg * {name}"
        lines[f"d{name}"] = value
    return {q: line for q, line in lines.items() if line != RIGHT[q]}


def _times(factor: float) -> str:
    return "" if factor == 1 else f"{factor:g} * "


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _are(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _slopes(
    problem: Problem, run: Callable[[Mapping[str, Problem]], Answer]
) -> dict[str, bool | None]:
    """Of each gradient whether it is the slope of the returned loss; None if it is missing."""
    rng = np.random.default_rng(0)
    probes: dict[str, Problem] = {"here": problem}
    ways: dict[str, tuple[str, Array, float]] = {}
    for name in Params._fields:
        for number in range(DIRECTIONS):
            way = rng.normal(size=getattr(problem.params, name).shape)
            step = _step(problem, name, way)
            ways[f"{name} {number}"] = (name, way, step)
            for sign in (1, -1):
                moved = getattr(problem.params, name) + sign * step * way
                params = problem.params._replace(**{name: moved})
                probes[f"{name} {number} {sign}"] = replace(problem, params=params)
    answer = run(probes)
    if answer.failure or any(run.error for run in answer.runs.values()):
        return {}
    here = answer.runs["here"].values
    slopes: dict[str, bool | None] = {}
    for key, (name, way, step) in ways.items():
        gradient = here.get(f"d{name}")
        losses = [answer.runs[f"{key} {sign}"].values.get("loss") for sign in (1, -1)]
        up, down = (np.ravel(np.nan if loss is None else loss)[0] for loss in losses)
        if gradient is None:
            slopes[f"d{name}"] = None
            continue
        slope = float((up - down) / (2 * step))
        fits = gradient.size == way.size
        along = float((np.reshape(gradient, way.shape) * way).sum()) if fits else np.nan
        close = abs(slope - along) <= CLOSE * max(abs(slope), abs(along), 1.0)
        slopes[f"d{name}"] = bool(close) and slopes.get(f"d{name}") is not False
    return slopes


def _step(problem: Problem, name: str, way: Array) -> float:
    """So small that no z1 changes its sign: the ReLU has no slope there."""
    z1 = problem.X @ problem.params.W1 + problem.params.b1
    if name not in ("W1", "b1"):
        return STEP
    moved = abs(problem.X @ way if name == "W1" else way)
    return float(min(STEP, 0.25 * (abs(z1) / np.maximum(moved, 1e-300)).min()))


def _as_terms(cases: Sequence[Case]) -> Loss | None:
    """The factor of its data part, and of the penalty of each parameter; None if it is no sum of
    these, or the notes' own.
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
    if not np.isfinite([*losses, *data]).all():
        return None
    for mean in (True, False):
        scale = np.array([1.0 if mean else len(case.problem.X) for case in cases])
        terms = np.column_stack([np.array(data) * scale, np.array(penalties)])
        size = np.maximum(abs(losses), data)  # a loss may be 0
        found, *_ = np.linalg.lstsq(terms / size[:, None], losses / size, rcond=None)
        if (abs(terms @ found - losses) <= FITS * size).all():
            factors = {
                name: round(float(value), 6)
                for name, value in zip(("data", *Params._fields), found, strict=True)
            }
            loss = Loss(mean, factors)
            return loss if _words(loss) else None
    return None


def _words(loss: Loss) -> str:
    """In what it differs from the notes'."""
    told = [] if loss.mean else ["it is summed over the samples, not their mean"]
    rounded = loss.factors
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
