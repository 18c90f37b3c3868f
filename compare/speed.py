"""How long a step takes, from the arrays to the loss and the four gradients: the manual pass and
others of its kind, side by side in one run.
"""

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from compare.agreement import compare_quantity, summed_errors
from compare.bridge import to_torch
from compare.problem import Problem, random_problem
from compare.text import table
from manual import Params, loss_and_gradients
from torch_ref import loss as torch_loss

SIZES = (200, 2_000, 20_000, 200_000, 1_000_000)
QUICK_SIZES = (200, 20_000)
WIDE = (20_000, 1024)  # rows, hidden units
HIDDEN = 10
DTYPES = ("float32", "float64")
SECONDS = 1.0  # for each contender in a setting, once it is warm
QUICK_SECONDS = 0.3
ROUNDS = 7  # in each, every contender has its turn

Gradients = tuple[npt.NDArray[Any], ...]  # as Params, in the notes' orientation
Contender = Callable[[], Callable[[], Gradients]]  # a step, which returns a way to its gradients


class Setting(NamedTuple):
    dtype: str
    rows: int
    hidden: int


@dataclass(frozen=True)
class Timing:
    """Median seconds of one step for each contender in one setting."""

    setting: Setting
    seconds: dict[str, float]

    def ratio(self, contender: str) -> float:
        """How many times as long as the manual pass it takes."""
        return self.seconds[contender] / self.seconds["manual"]


def settings(sizes: Sequence[int], quick: bool) -> list[Setting]:
    narrow = [Setting(dtype, rows, HIDDEN) for dtype in DTYPES for rows in sizes]
    return narrow if quick else [*narrow, *(Setting(dtype, *WIDE) for dtype in DTYPES)]


def measure(setting: Setting, seed: int = 0, seconds: float = SECONDS) -> Timing:
    """Time all contenders that there are, in turns. Raises ValueError if their gradients differ by
    more than rounding explains.
    """
    problem = random_problem(seed, samples=setting.rows, hidden=setting.hidden, dtype=setting.dtype)
    steps = dict(contenders(problem))
    _check(problem, {name: step()() for name, step in steps.items()})
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(ROUNDS):
        for name, step in steps.items():
            times[name] += _burst(step, seconds / ROUNDS)
    return Timing(setting, {name: median(measured) for name, measured in times.items()})


def _burst(step: Contender, seconds: float) -> list[float]:
    """Steps one after the other, as in training: the first, which finds another's data in the
    caches and another's threads still spinning, does not count.
    """
    measured: list[float] = []
    step()
    end = time.perf_counter() + seconds
    while not measured or time.perf_counter() < end:
        start = time.perf_counter()
        step()
        measured.append(time.perf_counter() - start)
    return measured


def contenders(problem: Problem) -> Iterator[tuple[str, Contender]]:
    """Those that can be had here, warmed up."""
    for name, make in (
        ("manual", _manual),
        ("torch eager", _eager),
        ("torch.compile", _compiled),
        ("jax.jit", _jax),
    ):
        try:
            step = make(problem)
            step()
            step()
        except UNAVAILABLE:
            continue
        yield name, step


def _manual(problem: Problem) -> Contender:
    def step() -> Callable[[], Gradients]:
        _, gradients = loss_and_gradients(problem.params, problem.X, problem.y, problem.reg)
        return lambda: gradients

    return step


def _eager(problem: Problem) -> Contender:
    model, X, y = to_torch(problem)
    return _torch_step(model, lambda: torch_loss(model, model(X), y, problem.reg))


def _compiled(problem: Problem) -> Contender:
    torch.compiler.reset()
    model, X, y = to_torch(problem)
    compiled = torch.compile(
        lambda X, y: torch_loss(model, model(X), y, problem.reg), dynamic=False
    )
    return _torch_step(model, lambda: compiled(X, y))


def _torch_step(model: Any, forward: Callable[[], torch.Tensor]) -> Contender:
    fc1, fc2 = model.fc1, model.fc2

    def gradients() -> Gradients:
        W1, b1, W2, b2 = (p.grad.numpy() for p in (fc1.weight, fc1.bias, fc2.weight, fc2.bias))
        return W1.T, b1[None], W2.T, b2[None]

    def step() -> Callable[[], Gradients]:
        model.zero_grad()
        forward().backward()  # type: ignore[no-untyped-call]
        return gradients

    return step


def _jax(problem: Problem) -> Contender:
    jax: Any = import_module("jax")  # never a dependency: an optional contender
    jnp = jax.numpy

    jax.config.update("jax_enable_x64", True)

    def objective(params: Any, X: Any, y: Any, reg: Any) -> Any:
        W1, b1, W2, b2 = params
        log_P = jax.nn.log_softmax(jax.nn.relu(X @ W1 + b1) @ W2 + b2)
        picked = jnp.take_along_axis(log_P, y[:, None], axis=1)
        return -picked.mean() + 0.5 * reg * ((W1 * W1).sum() + (W2 * W2).sum())

    both = jax.jit(jax.value_and_grad(objective))
    params = tuple(jnp.asarray(np.ascontiguousarray(W)) for W in problem.params)
    X, y = jnp.asarray(np.ascontiguousarray(problem.X)), jnp.asarray(problem.y)
    reg = problem.X.dtype.type(problem.reg)

    def step() -> Callable[[], Gradients]:
        _, gradients = jax.block_until_ready(both(params, X, y, reg))
        return lambda: tuple(np.asarray(g) for g in gradients)

    return step


# No JAX, no C++ compiler for torch.compile, a platform that has neither.
UNAVAILABLE = (ImportError, RuntimeError, NotImplementedError)


def _check(problem: Problem, found: dict[str, Gradients]) -> None:
    error = summed_errors(problem)
    for name, gradients in found.items():
        for parameter, value, manual in zip(
            Params._fields, gradients, found["manual"], strict=True
        ):
            same = compare_quantity(f"d{parameter}", manual, value, error[f"d{parameter}"])
            if not same.ok:
                raise ValueError(
                    f"{name}: expected the manual d{parameter} within rounding, got one "
                    f"{same.max_abs_diff:.1e} away, where {same.allowed:.1e} is allowed"
                )


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
    names = [name for name in timings[0].seconds if name != "manual"]
    header = ("", "rows", "hidden", "manual", "per row", *(f"{name} / manual" for name in names))
    rows = [
        (
            t.setting.dtype,
            f"{t.setting.rows:,}".replace(",", " "),
            str(t.setting.hidden),
            _duration(t.seconds["manual"]),
            _duration(t.seconds["manual"] / t.setting.rows),
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
    letters = {name: "mecj"[i] for i, name in enumerate(LETTERED) if name in curve[0].seconds}
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


def run_alone(setting: Setting, threads: str, seed: int, seconds: float) -> Timing:
    """Measure in a process of its own: the number of threads is settled when NumPy is imported.

    Raises ValueError with the process's own words if it fails.
    """
    one = {name: "1" for name in THREAD_VARIABLES} if threads == "one" else {}
    done = subprocess.run(
        [sys.executable, "-m", "compare.speed", threads, str(seed), str(seconds)]
        + [str(part) for part in setting],
        env=os.environ | one,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise ValueError(
            (done.stderr.strip() or "speed: the measuring process died").splitlines()[-1]
        )
    return from_data(json.loads(done.stdout.splitlines()[-1]))


def _measure_alone(threads: str, seed: str, seconds: str, *setting: str) -> None:
    """What that process does. One thread is one core as well, for those that count cores."""
    if threads == "one":
        torch.set_num_threads(1)
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    dtype, rows, hidden = setting
    timing = measure(Setting(dtype, int(rows), int(hidden)), int(seed), float(seconds))
    print(json.dumps(timing_data(timing)))


THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
LETTERED = ("manual", "torch eager", "torch.compile", "jax.jit")
PLOT_LINES, COLUMN = 12, 12


def timing_data(timing: Timing) -> dict[str, Any]:
    return {
        **timing.setting._asdict(),
        "seconds": timing.seconds,
        "ratios": {name: timing.ratio(name) for name in timing.seconds if name != "manual"},
    }


def from_data(data: dict[str, Any]) -> Timing:
    """What `timing_data` made plain."""
    return Timing(Setting(data["dtype"], data["rows"], data["hidden"]), data["seconds"])


if __name__ == "__main__":
    _measure_alone(*sys.argv[1:])
