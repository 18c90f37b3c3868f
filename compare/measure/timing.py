"""How long a step takes, from the arrays to the loss and the four gradients: the manual pass and
others of its kind, each in a process of its own, which did nothing else before.

They take turns, a tenth of the time each: where the machine is slower for a while, it is slower for
all of them.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, NamedTuple

from compare.measure.alone import Alone, Turn, problem_of
from compare.measure.contenders import MAKERS, MANUAL, check_gradients

SIZES = (200, 2_000, 20_000, 200_000, 1_000_000)
QUICK_SIZES = (200, 20_000)
WIDE = (20_000, 1024)  # rows, hidden units
HIDDEN = 10
DTYPES = ("float32", "float64")
SECONDS = 1.0  # for each contender in a setting, after its first calls
QUICK_SECONDS = 0.3
TURNS = 10


class Setting(NamedTuple):
    dtype: str
    rows: int
    hidden: int


@dataclass(frozen=True)
class Measured:
    """One contender in one setting. Seconds are those of one step."""

    first: tuple[float, ...]  # the first calls in a new process, which compile, or warm up
    turns: tuple[float, ...]  # the median of each turn after these
    faults: float | None  # minor page faults for each of them; None where nobody counts them

    @property
    def median(self) -> float:
        return median(self.turns)


@dataclass(frozen=True)
class Timing:
    """Every contender that is installed here, in one setting."""

    setting: Setting
    measured: dict[str, Measured]

    def ratio(self, name: str) -> float:
        """How many times as long as the manual pass it takes: the median over the turns."""
        pairs = zip(self.measured[name].turns, self.measured[MANUAL].turns, strict=True)
        return median(other / manual for other, manual in pairs)


def settings(sizes: Sequence[int], quick: bool) -> list[Setting]:
    narrow = [Setting(dtype, rows, HIDDEN) for dtype in DTYPES for rows in sizes]
    return narrow if quick else [*narrow, *(Setting(dtype, *WIDE) for dtype in DTYPES)]


def measure(
    setting: Setting,
    threads: str = "all",
    seed: int = 0,
    seconds: float = SECONDS,
    progress: Callable[[], None] = lambda: None,
) -> Timing:
    """Time all contenders that there are. Raises ValueError if their gradients differ by more than
    rounding explains, or if a process fails: with its own words.
    """
    with ExitStack() as stack:
        ready: dict[str, Alone] = {}
        for name in MAKERS:  # one after the other: their first calls disturb nobody
            process = stack.enter_context(Alone(name, threads, seed, *setting))
            if process.starts():
                ready[name] = process
            progress()
        turns: dict[str, list[Turn]] = {name: [] for name in ready}
        for _ in range(TURNS):
            for name, process in ready.items():
                turns[name].append(process.turn(seconds / TURNS))
        measured = {name: _measured(ready[name].first, turns[name]) for name in ready}
        found = {name: process.gradients() for name, process in ready.items()}
    check_gradients(problem_of(seed, *setting), found)
    return Timing(setting, measured)


def _measured(first: Sequence[float], turns: Sequence[Turn]) -> Measured:
    faults = [turn.faults for turn in turns if turn.faults is not None]
    each = sum(faults) / sum(turn.steps for turn in turns) if faults else None
    return Measured(tuple(first), tuple(turn.median for turn in turns), each)


def timing_data(timing: Timing) -> dict[str, Any]:
    return {
        **timing.setting._asdict(),
        "measured": {
            name: {**asdict(measured), "median": measured.median}
            for name, measured in timing.measured.items()
        },
        "ratios": {name: timing.ratio(name) for name in timing.measured if name != MANUAL},
    }
