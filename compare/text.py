"""How numbers, places and tables are written, for every report."""

import math
from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """Aligned columns: the first `left` of them to the left, the others to the right."""
    lines = [tuple(header), *map(tuple, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def place(at: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, at))}]" if at else ""


def percent(share: float) -> str:
    return f"{share:.1%}" if share < 100 else f"{share:.0e}×"


def exactly(value: float, dtype: str) -> str:
    """As many digits as tell one number of the dtype from the next."""
    return f"{value:.{17 if dtype == 'float64' else 9}g}"


def number(value: float) -> float | None:
    """JSON has no NaN and no infinity: null stands for them."""
    return value if math.isfinite(value) else None
