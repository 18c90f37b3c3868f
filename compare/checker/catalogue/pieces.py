"""The parts of the right lines that several mistakes edit."""

from compare.checker.catalogue.mistake import Edit

# The names that the lines of the four gradients use, so that one edit serves both layers.
NAMES = {
    "dW2": {"x": "a1", "d": "dz2", "p": "W2"},
    "dW1": {"x": "X", "d": "dz1", "p": "W1"},
    "db2": {"d": "dz2", "p": "b2"},
    "db1": {"d": "dz1", "p": "b1"},
}
WEIGHTS, BIASES = ("dW2", "dW1"), ("db2", "db1")


def rows(some: str) -> str:
    """The data part of a weight gradient over some rows: `[1:]`."""
    return f"{{x}}{some}.T @ {{d}}{some}"


def at(*quantities: str, edits: tuple[Edit, ...]) -> dict[str, tuple[Edit, ...]]:
    """The edits at each of these gradients, {x}, {d} and {p} standing for its own names."""
    return {
        q: tuple((old.format(**NAMES[q]), new.format(**NAMES[q])) for old, new in edits)
        for q in quantities
    }


MEAN = "(P - Y_ind) / N"
DATA = "{x}.T @ {d}"
PENALTY = "reg * {p}"
GRADIENT = f"{DATA} + {PENALTY}"
SUM = "{d}.sum(axis=0, keepdims=True)"
NORMALISE = "E / E.sum(axis=1, keepdims=True)"
DATA_LOSS = "-(Y_ind * log_P).sum() / N"
SQUARES = "(W1**2).sum() + (W2**2).sum()"
PENALTY_LOSS = f"0.5 * reg * ({SQUARES})"
