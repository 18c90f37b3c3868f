"""Problems described by a few numbers, so that a hard one can be kept as a line of text."""

from typing import Any, NamedTuple

import numpy as np

from tests.attack.arithmetic import Real
from tests.attack.project import Params, Problem

FILLS = (
    "normal",
    "constant",
    "powers of two",
    "near one",
    "zero",
    "sparse",
    "same rows",
    "lost rows",
    "lost columns",
    "lost squares",
    "tied rows",
    "tied columns",
)
LABELS = ("random", "all 0", "first 1", "last 1", "largest score")
TWISTS = (
    "opposite columns in W2",
    "kinks",
    "kinks in every row",
    "cancelling features",
    "cancelling units",
    "scores of the first row level",
    "largest score always 0",
    "active units",
)


class Fill(NamedTuple):
    """How an array is filled: numbers of some kind, times a power of two."""

    kind: str = "normal"
    exponent: int = 0
    spread: int = 0  # each element is divided by up to 2^spread more
    seed: int = 0


class Recipe(NamedTuple):
    dtype: str = "float64"
    N: int = 4
    D: int = 2
    H: int = 2
    C: int = 3
    X: Fill = Fill()
    W1: Fill = Fill()
    b1: Fill = Fill()
    W2: Fill = Fill()
    b2: Fill = Fill()
    reg: Fill = Fill()
    labels: str = "random"
    seed: int = 0  # of the labels, and of what is random in a twist
    apart: float = 0  # how far apart a row's scores lie at most, 0: wherever they fall
    offset: int | None = None  # 2^offset is added to every score
    twists: tuple[str, ...] = ()


def make(recipe: Recipe) -> Problem:
    """The problem of a recipe. What would overflow is the largest number of the dtype."""
    N, D, H, C = recipe.N, recipe.D, recipe.H, recipe.C
    dtype = np.dtype(recipe.dtype)
    sizes = {"X": (N, D), "W1": (D, H), "b1": (1, H), "W2": (H, C), "b2": (1, C)}
    with np.errstate(all="ignore"):
        arrays = {name: fill(getattr(recipe, name), size, dtype) for name, size in sizes.items()}
        reg = float(_finite(abs(fill(recipe.reg, (1,), dtype)), dtype)[0])
        for twist in recipe.twists:
            _twist(twist, arrays, recipe.seed)
        _place_scores(recipe, arrays)
        arrays = {name: _finite(array, dtype) for name, array in arrays.items()}
        y = _labels(recipe, arrays)
    X = arrays.pop("X")
    return Problem(X, y, Params(**arrays), reg)


def fill(fill: Fill, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Real:
    rng = np.random.default_rng(fill.seed)
    u = float(np.finfo(dtype).eps) / 2
    rows, last = shape[0], shape[-1]

    def one_and_small(count: int, small: Any) -> Any:
        """1 and then numbers near u: what a sum loses, ties or rounds up, one at a time."""
        return np.concatenate([[1.0], u * np.resize(small, count - 1)])[:count]

    lost = rng.choice([0.99, 0.99, 1.0, 1.01, 1.99], size=1)
    tied = rng.choice([0.25, 0.5, 0.99, 1.0, 1.01, 1.49, 2.0, 3.0, -1.0], size=max(rows, last))
    numbers: Any = {
        "normal": lambda: rng.normal(size=shape),
        "constant": lambda: np.full(shape, rng.choice([-1, 1]) * rng.uniform(1, 2)),
        "powers of two": lambda: rng.choice([-1.0, 1.0], size=shape),
        "near one": lambda: 1 + 2 * u * rng.integers(-8, 9, size=shape),
        "zero": lambda: np.zeros(shape),
        "sparse": lambda: rng.normal(size=shape) * (rng.random(shape) < 0.3),
        "same rows": lambda: np.broadcast_to(rng.normal(size=shape[1:]), shape),
        "lost rows": lambda: np.multiply.outer(one_and_small(rows, lost), np.ones(shape[1:])),
        "lost columns": lambda: np.broadcast_to(one_and_small(last, lost), shape),
        "lost squares": lambda: _lost_squares(shape, u * lost),
        "tied rows": lambda: np.multiply.outer(one_and_small(rows, tied), np.ones(shape[1:])),
        "tied columns": lambda: np.broadcast_to(one_and_small(last, tied), shape),
    }[fill.kind]()
    exponents = fill.exponent - rng.integers(0, fill.spread + 1, size=shape)
    return np.ldexp(np.asarray(numbers, np.longdouble), exponents)  # rounded to the dtype at last


def _lost_squares(shape: tuple[int, ...], small: Any) -> Any:
    """1 and then numbers whose squares a sum loses."""
    numbers = np.full(shape, np.sqrt(small[0]))
    numbers.flat[0] = 1
    return numbers


def _finite(array: Real, dtype: np.dtype[Any]) -> Real:
    largest = np.finfo(dtype).max
    return np.asfortranarray(np.clip(array, -largest, largest).astype(dtype))


def _labels(recipe: Recipe, arrays: dict[str, Real]) -> Any:
    N, C = recipe.N, recipe.C
    if recipe.labels == "random":
        return np.random.default_rng(recipe.seed).integers(C, size=N)
    if recipe.labels == "largest score":
        wide = {name: array.astype(np.longdouble) for name, array in arrays.items()}
        return np.argmax(_scores(wide), axis=1)
    y = np.zeros(N, np.int64)
    if recipe.labels != "all 0":
        y[{"first 1": 0, "last 1": -1}[recipe.labels]] = 1
    return y


def _twist(twist: str, arrays: dict[str, Real], seed: int) -> None:
    X, W1, b1, W2, b2 = (arrays[name] for name in ("X", "W1", "b1", "W2", "b2"))
    rng = np.random.default_rng(seed)
    if twist == "opposite columns in W2":
        arrays["W2"] = np.concatenate([W2[:, :1], -W2[:, :1], W2[:, 2:]], axis=1)
    elif twist == "kinks":
        rows = rng.integers(len(X), size=W1.shape[1])
        nudge = 1 + np.finfo(np.float64).eps * rng.integers(-2, 3, size=(1, W1.shape[1]))
        arrays["b1"] = -np.sum(X[rows].T * W1, axis=0)[None] * nudge
    elif twist == "kinks in every row":
        arrays["X"] = np.repeat(X[:1], len(X), axis=0)
        _twist("kinks", arrays, seed)
    elif twist == "cancelling features" and X.shape[1] > 1:
        arrays["X"] = np.concatenate([X[:, :-1], X[:, :1]], axis=1)
        arrays["W1"] = np.concatenate([W1[:-1], -W1[:1]])
    elif twist == "cancelling units" and W1.shape[1] > 1:
        arrays["W1"] = np.concatenate([W1[:, :-1], W1[:, :1]], axis=1)
        arrays["b1"] = np.concatenate([b1[:, :-1], b1[:, :1]], axis=1)
        arrays["W2"] = np.concatenate([W2[:-1], -W2[:1]])
    elif twist == "scores of the first row level":
        arrays["b2"] = -(np.maximum(X[:1] @ W1 + b1, 0) @ W2) + b2
    elif twist == "largest score always 0":
        arrays["b2"] = np.concatenate([-abs(b2[:, :-1]), 0 * b2[:, -1:]], axis=1)
    elif twist == "active units":
        arrays["X"], arrays["W1"], arrays["b1"] = abs(X), abs(W1), abs(b1)


def _place_scores(recipe: Recipe, arrays: dict[str, Real]) -> None:
    if recipe.apart:
        z2 = _scores(arrays)
        widest = (z2.max(axis=1) - z2.min(axis=1)).max()
        if widest > 0:
            for name in ("W2", "b2"):
                arrays[name] = arrays[name] * (recipe.apart / widest)
    if recipe.offset is not None:
        arrays["b2"] = arrays["b2"] + np.ldexp(np.longdouble(1), recipe.offset)


def _scores(arrays: dict[str, Real]) -> Real:
    X, W1, b1, W2, b2 = (arrays[name] for name in ("X", "W1", "b1", "W2", "b2"))
    z2: Real = np.maximum(X @ W1 + b1, 0) @ W2 + b2
    return z2


SIZES = ("N", "D", "H", "C")
ARRAYS = ("X", "W1", "b1", "W2", "b2", "reg")


def random_recipe(rng: np.random.Generator, dtype: str) -> Recipe:
    twists = tuple(t for t in TWISTS if rng.random() < 0.12)
    return Recipe(
        dtype,
        *(_size(name, rng) for name in SIZES),
        *(_fill(rng, dtype) for _ in ARRAYS),
        str(rng.choice(LABELS)),
        int(rng.integers(1000)),
        apart := _apart(rng, dtype),
        _offset(rng, dtype) if apart and rng.random() < 0.4 else None,
        twists,
    )


def _apart(rng: np.random.Generator, dtype: str) -> float:
    """None, or such that exp(-apart) is near u, near the smallest normal number, or near 0."""
    limits = np.finfo(dtype)
    critical = -np.log(
        [limits.eps / 2, limits.eps / 2, limits.tiny, limits.smallest_subnormal, 0.5]
    )
    return float(rng.choice([*critical, 0, 0, 0]) * rng.uniform(0.9, 1.1))


def _offset(rng: np.random.Generator, dtype: str) -> int:
    """Such that scores are rounded to a number from 2^-10 to 2^8."""
    return int(np.finfo(dtype).nmant + rng.integers(-10, 9))


def _size(name: str, rng: np.random.Generator) -> int:
    small = {"N": 12, "D": 4, "H": 4, "C": 5}[name]
    wide = {"N": 200, "D": 30, "H": 60, "C": 50}[name]
    least = 2 if name == "C" else 1
    return int(rng.integers(least, (small if rng.random() < 0.93 else wide) + 1))


def _fill(rng: np.random.Generator, dtype: str) -> Fill:
    return Fill(
        str(rng.choice(FILLS)),
        _exponent(rng, dtype),
        int(rng.choice([0, 0, 0, 3, 10, 60])),
        int(rng.integers(10_000)),
    )


def _exponent(rng: np.random.Generator, dtype: str) -> int:
    limits = np.finfo(dtype)
    lowest, highest = int(limits.minexp) - limits.nmant, int(limits.maxexp)
    width = rng.choice([0, 6, 60, 1200], p=[0.3, 0.4, 0.2, 0.1])
    return int(rng.integers(max(lowest, -width), min(highest, width) + 1))


def varied(recipe: Recipe, rng: np.random.Generator) -> Recipe:
    """`recipe` with one or two of its numbers changed."""
    for _ in range(int(rng.choice([1, 1, 2, 3]))):
        recipe = _varied_once(recipe, rng)
    return recipe


def _varied_once(recipe: Recipe, rng: np.random.Generator) -> Recipe:
    fresh = random_recipe(rng, recipe.dtype)
    name = str(rng.choice(Recipe._fields[1:]))
    value = getattr(recipe, name)
    if name in SIZES:
        least = 2 if name == "C" else 1
        step = int(rng.choice([-2, -1, 1, 2, value]))
        value = min(max(value + step, least), 4096 if name == "N" else 60)
    elif name == "apart" and value and rng.random() < 0.7:
        value *= 1 + rng.choice([-1, 1]) * 2.0 ** -rng.integers(2, 12)
    elif name == "offset" and value is not None and rng.random() < 0.7:
        value += int(rng.choice([-1, 1]))
    elif name in ARRAYS:
        value = _varied_fill(value, getattr(fresh, name), rng)
    elif name == "twists":
        twist = str(rng.choice(TWISTS))
        value = tuple(t for t in TWISTS if (t in value) != (t == twist))
    else:
        value = getattr(fresh, name)
    return recipe._replace(**{name: value})


def _varied_fill(old: Fill, fresh: Fill, rng: np.random.Generator) -> Fill:
    part = rng.choice(["kind", "exponent", "step", "step", "spread", "seed", "seed"])
    if part == "step":
        return old._replace(exponent=old.exponent + int(rng.choice([-8, -3, -1, 1, 3, 8])))
    return old._replace(**{str(part): getattr(fresh, part)})
