"""How a wrong number differs from the one that its line should give, in words."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from compare.checker.cases import Case, Lines, misfits, own_line
from compare.checker.lines import PARENTS
from compare.text import place

Float64s = npt.NDArray[np.float64]

LARGE_SCORES = 80  # exp of a little more overflows in single precision
LARGEST_RATIO = 1e6  # of two numbers: a larger one is whole whatever they are
SAME = 1e-6  # a ratio counts as one number if it varies by no more
ROUNDINGS = 16  # of the largest value, in float32: what is less tells nothing
CLEAR = 0.1  # doubt about a factor of the penalty that is still worth telling
TINY = float(np.finfo(np.float64).tiny)
PENALISED = {"dW2": "W2", "dW1": "W1", "db2": "b2", "db1": "b1"}


def shown_on(cases: Sequence[Case], lines: Lines, quantity: str) -> Case | None:
    """The first batch on which the quantity is not what its line gives on the earlier values."""
    without = {q: line for q, line in lines.items() if q != quantity}
    for case in cases:
        if quantity in case.values and misfits(case, without, [quantity]):
            return case
    return None


def evidence(case: Case, lines: Lines, quantity: str) -> str:
    """What is seen on a batch that shows it, beside what the right line gives on the learner's own
    earlier values: shape, NaN, ratio, multiples of reg·W, sums of rows, masked units.
    """
    observed = np.asarray(case.values[quantity]).astype(np.float64)
    expected = np.asarray(own_line(case, quantity, lines), np.float64)
    if observed.shape != expected.shape:
        return f"your shape is {observed.shape}, the right one {expected.shape}"
    bad = ~np.isfinite(observed) & np.isfinite(expected)
    if bad.any():
        at = tuple(int(i) for i in np.argwhere(bad)[0])
        scores = abs(np.asarray(case.right["z2"])).max()
        reached = f", where scores reach {scores:.0f}" if scores > LARGE_SCORES else ""
        return f"{observed[at]}{_at(at)}{reached}"
    if observed.size > 1 and expected.any() and not observed.any():
        return "all zeros"
    noise = _noise(case, observed, expected)
    for words in (
        _ratio(observed, expected, noise),
        _penalty(case, quantity, observed, expected, noise),
        _masked(case, quantity, observed, expected, noise),
        _cut_off(observed, expected, noise),
        _rounded(observed, expected),
        _row_sums(quantity, observed),
    ):
        if words:
            return words
    difference = np.nan_to_num(abs(observed - expected))
    at = tuple(int(i) for i in np.unravel_index(int(difference.argmax()), difference.shape))
    if difference[at] == 0:
        return ""
    if difference[at] < 1e-4 * abs(expected[at]):
        return f"off by {difference[at]:.1e}{_at(at)}"
    mine, right = (float(values[at]) + 0.0 for values in (observed, expected))  # no -0
    return f"{mine:.6g}{_at(at)}, where {_from_yours(case, quantity)}{right:.6g}"


def _noise(case: Case, observed: Float64s, expected: Float64s) -> float:
    if case.problem.dtype == "float64":
        return 0.0
    largest = float(np.max([abs(observed), abs(expected)], initial=0))
    return ROUNDINGS * float(np.finfo(np.float32).eps) * largest


def _from_yours(case: Case, quantity: str) -> str:
    """What a right value is made of, if not of the inputs alone: the learner's own values."""
    earlier = [q for q in PARENTS[quantity] if q in case.given]
    return (
        f"the notes' line, on your own {' and '.join(earlier)}, gives "
        if earlier
        else "it should be "
    )


def _at(at: tuple[int, ...]) -> str:
    return f" at {place(at)}" if at else ""


def _ratio(observed: Float64s, expected: Float64s, noise: float) -> str:
    if not (np.isfinite(observed).all() and np.isfinite(expected).all()):
        return ""
    large = abs(expected) > 1e-9 * abs(expected).max()
    small = abs(observed[~large]).max(initial=0)
    if not large.any() or small > 1e-6 * abs(observed).max():
        return ""
    ratios = observed[large] / expected[large]
    ratio = float(np.median(ratios))
    if observed.size == 1 and not _is_plain(ratio):
        return ""
    off = abs(observed - ratio * expected)[large] / abs(expected[large])
    if abs(ratio - 1) < SAME or (off > abs(ratio) * (SAME + noise / abs(expected[large]))).any():
        return ""
    return f"{_times(ratio)} the right one"


def _is_plain(ratio: float) -> bool:
    """A whole number, or 1 over one: another ratio of two numbers says nothing of them."""
    size = abs(ratio)
    size = 1 / size if 0 < size < 1 else size
    return bool(0 < size < LARGEST_RATIO and abs(size - round(size)) < SAME * size)


def _penalty(
    case: Case, quantity: str, observed: Float64s, expected: Float64s, noise: float
) -> str:
    """observed = alpha * data + beta * reg * W, fitted by least squares."""
    if quantity not in PENALISED or not np.isfinite([observed, expected]).all():
        return ""
    name = PENALISED[quantity]
    penalty = case.problem.reg * getattr(case.problem.params, name).astype(np.float64)
    if penalty.shape != expected.shape:  # that of a line run on an earlier value of another shape
        return ""
    right_beta = 1.0 if name.startswith("W") else 0.0
    data = expected - right_beta * penalty
    terms = np.stack([data.ravel(), penalty.ravel()], axis=1)
    (alpha, beta), *_ = np.linalg.lstsq(terms, observed.ravel(), rcond=None)
    left = abs(observed - alpha * data - beta * penalty).max()
    if not penalty.any() or left > SAME * abs(observed - expected).max() + noise:
        return ""
    doubt = max(SAME, noise / abs(penalty).max())
    same = abs(alpha - 1) < max(SAME, noise / max(abs(data).max(), TINY))
    if abs(alpha) < SAME:  # another value altogether
        return ""
    if doubt > CLEAR:
        return "" if same else f"{_times(alpha)} the data part"
    if same:
        off = beta - right_beta
        times = "" if abs(abs(off) - 1) < doubt else f"{_known(abs(off), doubt):.6g} × "
        return f"the right one {'plus' if off > 0 else 'minus'} {times}reg·{name}"
    beta = _known(beta, doubt) if abs(beta) > doubt else 0
    return f"{_times(alpha)} the data part + {beta:.6g} × reg·{name}"


def _known(number: float, doubt: float) -> float:
    """With as many decimals as are known."""
    return round(number, max(0, int(-np.log10(doubt))))


def _masked(case: Case, quantity: str, observed: Float64s, expected: Float64s, noise: float) -> str:
    if quantity != "dz1":
        return ""
    differ = abs(observed - expected) > 1e-9 * abs(expected).max() + noise
    a1 = np.asarray(case.values.get("a1", case.right["a1"]))
    if a1.shape != differ.shape or differ[a1 > 0].any() or not differ.any():
        return ""
    if (a1 < 0).any():  # not the notes' a1: "masked" would mean nothing
        return ""
    those, off = int(differ.sum()), int((a1 == 0).sum())
    return f"only units with a1 = 0 differ, {f'{those} of' if those < off else 'all'} {off}"


def _cut_off(observed: Float64s, expected: Float64s, noise: float) -> str:
    """All that differs is at one limit, and was beyond it; more than one number: one alone is
    always at its own.
    """
    differ = abs(observed - expected) > SAME * abs(expected) + noise
    limits = np.unique(observed[differ].round(12))
    above = differ & (expected > observed)
    below = differ & (expected < observed)
    if differ.sum() < 2 or not 0 < len(np.unique(abs(limits))) < 2 or not limits.any():
        return ""
    limit = float(abs(limits[0]))
    if (observed > limit * (1 + SAME)).any():
        return ""
    if not (np.allclose(observed[above], limit) and np.allclose(observed[below], -limit)):
        return ""
    ends = "±" if below.any() else ""
    beyond = "beyond" if below.any() else "above"
    return (
        f"all that is {beyond} {ends}{limit:.6g} is cut off there, {differ.sum()} of {differ.size}"
    )


def _rounded(observed: Float64s, expected: Float64s) -> str:
    for decimals in range(9):
        rounded = np.round(expected, decimals)
        if rounded.any() and (abs(rounded - observed) <= 1e-12 * abs(expected).max()).all():
            return f"to {decimals} decimals" if decimals else "to whole numbers"
    return ""


def _row_sums(quantity: str, observed: Float64s) -> str:
    expected = {"dz2": 0.0, "P": 1.0}.get(quantity)
    if expected is None or observed.ndim != 2:
        return ""
    sums = observed.sum(axis=1)
    worst = int(abs(sums - expected).argmax())
    if abs(sums[worst] - expected) < 1e-6:
        return ""
    return f"row {worst} sums to {sums[worst]:.6g}, where {expected:g} is right"


def _times(ratio: float) -> str:
    plain = abs(ratio - round(ratio, 1)) < SAME * abs(ratio)
    return f"{ratio:.1f} times" if plain else f"{ratio:.6g} times"
