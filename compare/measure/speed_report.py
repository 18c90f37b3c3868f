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
    """For people: two tables for each number of threads, and a plot of the last."""
    blocks = [HEADING]
    for threads, timings in found.items():
        cores = "one thread" if threads == "one" else f"all threads ({os.cpu_count()})"
        blocks.append(f"{cores}: time relative to manual\n{speed_text(timings)}")
        blocks.append(f"{cores}: first call, page faults in a later one\n")
        blocks[-1] += start_text(timings)
    return "\n\n".join((*blocks, *(plot(timings, dtype) for dtype in DTYPES)))


HEADING = """\
One step, from the arrays to the loss and the four gradients, each contender in
a new process; they take turns. manual: the median of its steps after the first
three. Others: how many times as long theirs take; above 1, manual is faster."""


def speed_text(timings: Sequence[Timing]) -> str:
    """A row for each setting: time per step and per row, and what the others take of it."""
    names = _others(timings)
    header = ("", "rows × hidden", MANUAL, "a row", *names)
    rows = [
        (
            *_setting(t),
            _duration(t.measured[MANUAL].median),
            _duration(t.measured[MANUAL].median / t.setting.rows),
            *(f"{t.ratio(name):.1f}" if name in t.measured else "–" for name in names),
        )
        for t in timings
    ]
    return table(header, rows)


def start_text(timings: Sequence[Timing]) -> str:
    """A row for each setting: how long the first call takes, how many pages a later one needs."""
    names = (MANUAL, *_others(timings))

    def cell(t: Timing, name: str) -> str:
        if name not in t.measured:
            return "–"
        faults = t.measured[name].faults
        return f"{_duration(t.measured[name].first[0], 2)}, " + (
            "–" if faults is None else f"{faults:.0f}"
        )

    rows = [(*_setting(t), *(cell(t, name) for name in names)) for t in timings]
    return table(("", "rows × hidden", *names), rows)


def _others(timings: Sequence[Timing]) -> tuple[str, ...]:
    """Those that were measured anywhere, in the order of their names' first appearance."""
    found = dict.fromkeys(name for t in timings for name in t.measured)
    return tuple(name for name in found if name != MANUAL)


def _setting(t: Timing) -> tuple[str, str]:
    rows = f"{t.setting.rows:,}".replace(",", " ")
    return t.setting.dtype, f"{rows} × {t.setting.hidden}"


def _duration(seconds: float, digits: int = 3) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{_digits(seconds / size, digits)} {unit}"
    return f"{_digits(seconds / 1e-9, digits)} ns"


def _digits(value: float, digits: int) -> str:
    """So many significant digits, and never an exponent."""
    whole = len(str(int(value)))
    return str(round(value)) if whole >= digits else f"{value:.{digits}g}"


def plot(timings: Sequence[Timing], dtype: str) -> str:
    """Time per row against rows, both on logarithmic scales; a letter for each contender."""
    curve = [t for t in timings if t.setting.dtype == dtype and t.setting.hidden == HIDDEN]
    letters = {name: letter for name, letter in LETTERS.items() if name in curve[0].measured}
    points = [
        (x, math.log10(t.measured[name].median / t.setting.rows * 1e9), letter)
        for x, t in enumerate(curve)
        for name, letter in letters.items()
        if name in t.measured
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
