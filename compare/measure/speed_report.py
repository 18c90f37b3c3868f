"""How long a step takes -> tables and plots for people."""

import math
import os
from collections.abc import Sequence

from compare.measure.contenders import MANUAL
from compare.measure.timing import DTYPES, HIDDEN, Timing
from compare.text import table

LETTERS = {MANUAL: "m", "torch eager": "e", "torch.compile": "c", "jax.jit": "j"}  # in the plots
PLOT_LINES, COLUMN = 12, 12


def report_text(found: dict[str, list[Timing]]) -> str:
    """For people: a table for each number of threads, and a plot of the last."""
    blocks = [HEADING]
    for threads, timings in found.items():
        cores = "one thread" if threads == "one" else f"all threads ({os.cpu_count()})"
        blocks.append(f"{cores}\n{speed_text(timings)}")
    return "\n\n".join((*blocks, *(plot(timings, dtype) for dtype in DTYPES)))


HEADING = (
    "Medians of one step, from the arrays to the loss and the four gradients, all contenders in\n"
    "turns; what the others take of it is a ratio of times: above 1, the manual pass is faster."
)


def speed_text(timings: Sequence[Timing]) -> str:
    """A row for each setting: time per step and per row, and what the others take of it."""
    names = [name for name in timings[0].seconds if name != MANUAL]
    header = ("", "rows", "hidden", "manual", "per row", *(f"{name} / manual" for name in names))
    rows = [
        (
            t.setting.dtype,
            f"{t.setting.rows:,}".replace(",", " "),
            str(t.setting.hidden),
            _duration(t.seconds[MANUAL]),
            _duration(t.seconds[MANUAL] / t.setting.rows),
            *(f"{t.ratio(name):.1f}" for name in names),
        )
        for t in timings
    ]
    return table(header, rows)


def _duration(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def plot(timings: Sequence[Timing], dtype: str) -> str:
    """Time per row against rows, both on logarithmic scales; a letter for each contender."""
    curve = [t for t in timings if t.setting.dtype == dtype and t.setting.hidden == HIDDEN]
    letters = {name: letter for name, letter in LETTERS.items() if name in curve[0].seconds}
    points = [
        (x, math.log10(t.seconds[name] / t.setting.rows * 1e9), letter)
        for x, t in enumerate(curve)
        for name, letter in letters.items()
    ]
    low, high = (pick(height for _, height, _ in points) for pick in (min, max))
    level = (high - low) / (PLOT_LINES - 1) or 1.0
    grid = [[" "] * (COLUMN * len(curve)) for _ in range(PLOT_LINES)]
    for x, height, letter in points:
        line = grid[round((high - height) / level)]
        at = x * COLUMN + COLUMN // 2 - 2 + list(letters.values()).index(letter)
        line[at] = letter
    body = [
        f"{10 ** (high - level * i):>9.3g} │{''.join(line).rstrip()}" for i, line in enumerate(grid)
    ]
    sizes = "".join(f"{t.setting.rows:^{COLUMN}}" for t in curve).rstrip()
    legend = ", ".join(f"{letter} {name}" for name, letter in letters.items())
    axis = f"{'':>9} └{'─' * COLUMN * len(curve)}"
    title = f"ns per row, {dtype} ({legend})"
    return "\n".join((title, *body, axis, f"{'rows':>9}  {sizes}"))
