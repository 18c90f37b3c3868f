"""A batch and initial weights made from a seed."""

import numpy as np

from compare.problems.memory import check_memory
from compare.problems.problem import LARGEST_SEED, Problem, check_whole, dtype_named
from manual import Params
from manual.network import Array


def random_problem(
    seed: int = 0,
    *,
    samples: int = 200,
    features: int = 4,
    hidden: int = 10,
    classes: int = 3,
    dtype: str = "float64",
    reg: float = 1e-3,
) -> Problem:
    """A cloud of samples around a centre for each class. The same numbers in either dtype, but for
    their rounding. Raises ValueError for a size, a dtype or a reg that makes no network.
    """
    check_whole("samples", samples, 1)
    check_whole("features", features, 1)
    check_whole("hidden", hidden, 1)
    check_whole("classes", classes, 2)
    check_memory(samples, features, hidden, classes, str(dtype_named(dtype)))
    rng = generator(seed)
    params = initial_params(rng, features, hidden, classes, dtype)
    y = rng.integers(classes, size=samples)
    centres = rng.normal(size=(features, classes))
    X = np.asfortranarray((centres[:, y] + rng.normal(size=(features, samples))).T)
    return Problem(X.astype(dtype_named(dtype)), y, params, reg, seed)


def initial_params(
    rng: np.random.Generator, features: int, hidden: int, classes: int, dtype: str
) -> Params:
    """Weights that keep the scores near 1; biases that are not 0, since 0 would hide mistakes."""
    check_whole("hidden", hidden, 1)

    def layer(rows: int, columns: int) -> tuple[Array, Array]:
        W = rng.normal(size=(rows, columns)) / np.sqrt(rows)
        b = 0.1 * rng.normal(size=(1, columns))
        return W.astype(dtype_named(dtype)), b.astype(dtype_named(dtype))

    return Params(*layer(features, hidden), *layer(hidden, classes))


def generator(seed: int) -> np.random.Generator:
    """Raises ValueError for a seed that is no whole number from 0 to LARGEST_SEED."""
    check_whole("seed", seed, 0, LARGEST_SEED)
    return np.random.default_rng(seed)
