"""A learner's loss as a sum of terms: the cross-entropy, and penalties of the parameters.

If it is one, the lines that its gradients need are known.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from compare.checker.cases import Array, Case
from compare.checker.lines import RIGHT
from manual import Params

FITS = {"float64": 1e-9, "float32": 1e-5}  # of the largest loss
DECIMALS = 6  # of a factor
NAMES = Params._fields


class Form(NamedTuple):
    """Which terms a loss may have; the squares of all parameters are among them."""

    mean: bool = True  # over the samples, or their sum
    over_n: bool = False  # the penalty is divided by N
    smoothed: bool = False  # with the mean of -log P over all classes
    absolute: bool = False  # with |W1| and |W2|


FORMS = (Form(), Form(mean=False), Form(over_n=True), Form(smoothed=True), Form(absolute=True))


class Loss(NamedTuple):
    """The factors of its terms."""

    form: Form
    data: float
    squares: Mapping[str, float]  # of ½ · reg · p²
    absolutes: Mapping[str, float]  # of reg · |W|
    smoothing: float = 0.0

    @property
    def is_convention(self) -> bool:
        """The notes' terms, with other factors."""
        return not self.smoothing and not any(self.absolutes.values())


# With reg·W² without the ½, and without a penalty.
USUAL = [
    Loss(Form(), 1.0, {"W1": factor, "b1": 0.0, "W2": factor, "b2": 0.0}, {})
    for factor in (2.0, 0.0)
]


def as_terms(cases: Sequence[Case]) -> Loss | None:
    """None if the loss is no such sum, or the notes' own."""
    wide = [case for case in cases if case.problem.dtype == "float64"]
    cases, dtype = wide or cases, "float64" if wide else "float32"
    losses = np.array([float(np.ravel(case.returned["loss"])[0]) for case in cases])
    data = np.array([_data(case) for case in cases])
    if not np.isfinite([losses, data]).all():
        return None
    size = np.maximum(abs(losses), data)  # a loss may be 0
    for form in FORMS:
        terms = np.array([_terms(case, form) for case in cases])
        if terms.shape[1] >= len(terms):
            continue
        found, *_ = np.linalg.lstsq(terms / size[:, None], losses / size, rcond=None)
        # The fewest decimals with which it fits: in float32 the last ones are its rounding.
        for factors in (*(found.round(n) for n in range(DECIMALS)), found):
            if (abs(terms @ factors - losses) <= FITS[dtype] * size).all():
                loss = _with_factors(form, [round(float(value), DECIMALS) for value in factors])
                return loss if words(loss) else None
    return None


def _with_factors(form: Form, factors: list[float]) -> Loss:
    squares = dict(zip(NAMES, factors[1:], strict=False))
    more = factors[1 + len(NAMES) :]
    absolutes = dict(zip(("W1", "W2"), more, strict=True)) if form.absolute else {}
    return Loss(form, factors[0], squares, absolutes, more[0] if form.smoothed else 0.0)


def _data(case: Case) -> float:
    W1, _, W2, _ = case.problem.params
    return float(case.right["loss"] - 0.5 * case.problem.reg * ((W1**2).sum() + (W2**2).sum()))


def _terms(case: Case, form: Form) -> list[float]:
    """The values of the terms on one batch, in the order of their factors."""
    N, reg, params = len(case.problem.X), case.problem.reg, case.problem.params
    terms = [_data(case) * (1 if form.mean else N)]
    terms += [0.5 * reg * float((p**2).sum()) / (N if form.over_n else 1) for p in params]
    if form.smoothed:
        terms.append(float(-_log_P(case).mean()))
    if form.absolute:
        terms += [reg * float(abs(W).sum()) for W in (params.W1, params.W2)]
    return terms


def _log_P(case: Case) -> Array:
    s = case.right["z2"] - case.right["z2"].max(axis=1, keepdims=True)
    return np.asarray(s - np.log(np.exp(s).sum(axis=1, keepdims=True)))


def own_lines(loss: Loss) -> dict[str, str]:
    """The lines that the gradients of this loss need, where they are not the notes'."""
    mean, over_n = " / N" if loss.form.mean else "", " / N" if loss.form.over_n else ""
    squares = " + ".join(f"{_times(loss.squares[p])}({p}**2).sum()" for p in NAMES)
    value = f"-{_times(loss.data)}np.log((Y_ind * P).sum(axis=1)).sum(){mean}"
    value += f" + 0.5 * reg * ({squares}){over_n}"
    value += "".join(
        f" + {_times(factor)}reg * abs({W}).sum()" for W, factor in loss.absolutes.items()
    )
    dz2 = f"{_times(loss.data)}(P - Y_ind){mean}"
    if loss.smoothing:
        value += f" - {_times(loss.smoothing)}np.log(P).mean()"
        whole = _times(round(loss.data + loss.smoothing, 6))
        dz2 = f"({whole}P - {_times(loss.data)}Y_ind - {loss.smoothing:g} / C) / N"
    lines = {"loss": f"loss = {value}", "dz2": f"dz2 = {dz2}"}
    for name in NAMES:
        line = RIGHT[f"d{name}"].removesuffix(f" + reg * {name}")
        if loss.squares[name]:
            line += f" + {_times(loss.squares[name])}reg * {name}{over_n}"
        if loss.absolutes.get(name):
            line += f" + {_times(loss.absolutes[name])}reg * np.sign({name})"
        lines[f"d{name}"] = line
    return {q: line for q, line in lines.items() if line != RIGHT[q]}


def _times(factor: float) -> str:
    return "" if factor == 1 else f"{factor:g} * "


def words(loss: Loss) -> str:
    """In what it differs from the notes'."""
    told = [] if loss.form.mean else ["it is summed over the samples, not their mean"]
    if loss.smoothing:
        told.append(_smoothed(loss))
    elif loss.data != 1:
        told.append(f"its data part is {loss.data:g} times the notes'")
    told += _penalties(loss)
    return "; ".join(told)


def _smoothed(loss: Loss) -> str:
    if round(loss.data + loss.smoothing, 6) == 1:
        soft = f"{loss.data:g} * Y_ind + {loss.smoothing:g} / C"
        return f"its labels are smoothed, with {soft} in the place of Y_ind"
    return (
        f"its data part is {loss.data:g} times the notes', and {loss.smoothing:g} times the mean "
        "of -log P over all classes"
    )


def _penalties(loss: Loss) -> list[str]:
    end = "/N" if loss.form.over_n else ""
    weights = {(loss.squares[W], loss.absolutes.get(W, 0.0)) for W in ("W1", "W2")}
    if weights == {(0.0, 0.0)}:
        told = ["it has no penalty"]
    elif weights == {(0.0, 1.0)}:
        told = ["its penalty is reg·|W|, not ½·reg·W²"]
    elif weights == {(2.0, 0.0)}:
        told = [f"its penalty is reg·W²{end}, without the ½"]
    elif weights == {(1.0, 0.0)}:
        told = ["its penalty is ½·reg·W²/N, divided by N"] if end else []
    else:
        told = [f"its penalty of {W} is {_penalty(loss, W)}{end}" for W in ("W1", "W2")]
        told = [words for words, W in zip(told, ("W1", "W2"), strict=True) if _other(loss, W)]
    return told + [
        f"it regularises {b}, by {_penalty(loss, b)}{end}" for b in ("b1", "b2") if loss.squares[b]
    ]


def _other(loss: Loss, name: str) -> bool:
    return (loss.squares[name], loss.absolutes.get(name, 0.0), loss.form.over_n) != (1, 0, False)


def _penalty(loss: Loss, name: str) -> str:
    absolute, square = loss.absolutes.get(name, 0.0), loss.squares[name]
    terms = [f"{absolute:g}·reg·|{name}|"] if absolute else []
    terms += [f"{square / 2:g}·reg·{name}²"] if square or not terms else []
    return " + ".join(terms)
