"""manual/batches.py: a batch of any length gives what one long block would, in little memory."""

import copy
import platform
import subprocess
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise as neighbours
from pathlib import Path

import numpy as np
import pytest

import manual
from compare.agreement import comparison
from compare.agreement.comparison import against_autograd
from compare.bounds.rounding import error_bounds
from compare.problems.hard import TWISTS
from compare.problems.problem import Problem
from compare.problems.seeded import random_problem
from manual import Params, backward, batches, forward, loss_and_gradients
from manual.batches import rows_per_block, total

DTYPES = ["float32", "float64"]


@pytest.fixture
def short_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of 64 rows, so that a batch of some hundred is a long one."""
    monkeypatch.setattr(batches, "rows_per_block", lambda params: 64)
    monkeypatch.setattr(batches, "SHORTEST_BLOCK", 64)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rows", [63, 64, 65, 128, 300, 641])
def test_blocks_give_the_whole_batchs_gradients(rows: int, dtype: str, short_blocks: None):
    problem = random_problem(3, samples=rows, dtype=dtype, reg=0.1)
    loss, gradients = loss_and_gradients(problem.params, problem.X, problem.y, problem.reg)
    fwd = forward(problem.params, problem.X, problem.y, problem.reg)
    whole = backward(problem.params, problem.X, problem.reg, fwd)
    error = error_bounds(problem).error
    assert abs(loss - fwd.loss) <= 2 * error.loss
    for name in Params._fields:
        got, wanted = getattr(gradients, name), getattr(whole.gradients, name)
        assert got.dtype == dtype
        assert (abs(got - wanted) <= 2 * getattr(error, f"d{name}")).all(), name


def test_a_mean_of_means_would_be_noticed(short_blocks: None, monkeypatch: pytest.MonkeyPatch):
    problem = random_problem(3, samples=100)
    right = loss_and_gradients(problem.params, problem.X, problem.y, problem.reg)[1]
    monkeypatch.setattr(batches, "forward", lambda *a: forward(*a[:4]))
    monkeypatch.setattr(batches, "backward", lambda *a: backward(*a[:4]))
    wrong = loss_and_gradients(problem.params, problem.X, problem.y, problem.reg)[1]
    assert abs(2 * right.b2 - wrong.b2).max() > 1e-3


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("twist", [None, "identical rows", "z1 within rounding of 0"])
def test_a_long_batch_agrees_with_autograd(twist: str | None, dtype: str):
    problem = random_problem(4, samples=20_000, dtype=dtype)
    assert len(problem.X) > rows_per_block(problem.params)
    assert against_autograd(TWISTS[twist](problem) if twist else problem).agree


@pytest.mark.parametrize("name", ["z1", "P", "dz2", "da1", "dz1"])
def test_a_difference_late_in_a_long_batch_is_found_at_its_row(
    name: str, monkeypatch: pytest.MonkeyPatch
):
    problem = random_problem(samples=30_000)
    autograd = comparison.autograd_values(problem)
    wrong = getattr(autograd, name).copy()
    wrong[25_001, 1] += 1e-3
    values = autograd._replace(**{name: wrong})
    monkeypatch.setattr(comparison, "autograd_values", lambda *a: values)
    found = against_autograd(problem).first_difference
    assert found is not None
    assert (found.name, found.at, found.shape) == (name, (25_001, 1), wrong.shape)


def test_a_difference_in_a_gradient_of_a_long_batch_is_found(monkeypatch: pytest.MonkeyPatch):
    problem = random_problem(samples=30_000)
    autograd = comparison.autograd_values(problem)
    values = autograd._replace(dW1=autograd.dW1 * (1 + 1e-9))
    monkeypatch.setattr(comparison, "autograd_values", lambda *a: values)
    found = against_autograd(problem).first_difference
    assert found is not None
    assert found.name == "dW1"


@pytest.mark.parametrize("seed", range(3))
def test_float32_stays_within_1e_5_of_float64_even_on_identical_rows(seed: int):
    problem = TWISTS["identical rows"](random_problem(seed, samples=300_000, dtype="float32"))
    loss, gradients = loss_and_gradients(problem.params, problem.X, problem.y, problem.reg)
    wide = Params(*(W.astype(np.float64) for W in problem.params))
    reg = float(np.float32(problem.reg))
    exact_loss, exact = loss_and_gradients(wide, problem.X.astype(np.float64), problem.y, reg)
    assert abs(loss - exact_loss) <= 1e-5 * exact_loss
    for got, wanted in zip(gradients, exact, strict=True):
        assert (abs(got - wanted) <= 1e-5 * abs(wanted)).all()


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_memory_mapped_arrays_give_the_same(tmp_path: Path, order: str, dtype: str):
    problem = random_problem(samples=20_000, dtype=dtype)
    np.save(tmp_path / "X.npy", np.asarray(problem.X, order=order))
    np.save(tmp_path / "y.npy", problem.y)
    X, y = (np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in ("X", "y"))
    loss, gradients = loss_and_gradients(problem.params, X, y, problem.reg)
    in_memory = np.array(X, order="K")
    expected = loss_and_gradients(problem.params, in_memory, problem.y, problem.reg)
    np.testing.assert_equal((loss, gradients), expected)
    assert {type(g) for g in gradients} == {np.ndarray}


def test_memory_is_that_of_a_few_blocks_whatever_the_length():
    peaks = []
    for rows in (20_000, 200_000):
        problem = random_problem(samples=rows)
        tracemalloc.start()
        loss_and_gradients(problem.params, problem.X, problem.y, problem.reg)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]


def long(**changes: object) -> tuple[Params, np.ndarray, np.ndarray]:
    problem = random_problem(samples=500)
    X, y = problem.X.copy(), problem.y.copy()
    if "X" in changes:
        X[400, 2] = changes["X"]
    if "y" in changes:
        y[450] = changes["y"]
    return problem.params, X, y


def test_bad_numbers_are_placed_in_the_whole_batch(short_blocks: None):
    with pytest.raises(ValueError, match=r"X: expected finite numbers, got nan at \[400, 2\]"):
        loss_and_gradients(*long(X=np.nan), 0.1)
    with pytest.raises(ValueError, match="y: expected labels from 0 to 2, got -1 at row 450"):
        loss_and_gradients(*long(y=-1), 0.1)


def test_bad_forms_are_named_for_the_whole_batch(short_blocks: None):
    params, X, y = long()
    with pytest.raises(ValueError, match=r"y: expected \(500,\), .*got \(499,\)"):
        loss_and_gradients(params, X, y[:-1], 0.1)
    with pytest.raises(ValueError, match=r"W1: expected \(4, H\)"):
        loss_and_gradients(params._replace(W1=params.W1.T), X, y, 0.1)
    with pytest.raises(ValueError, match="W1: expected a NumPy array, got list"):
        loss_and_gradients(params._replace(W1=params.W1.tolist()), X, y, 0.1)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 100])
def test_blocks_are_added_in_pairs(count: int):
    """A sum of 1 + tiny numbers that one after the other would all be lost."""
    tiny = np.float32(2**-24)
    one, small = np.float32(1), [tiny] * count

    def share(value: np.float32) -> tuple[np.float32, Params]:
        return value, Params(*[np.full((1, 1), value)] * 4)

    loss, gradients = total(share(value) for value in [one, *small])
    exact = 1 + count * 2.0**-24
    assert abs(loss - exact) <= 4 * np.finfo(np.float32).eps
    assert gradients.W1[0, 0] == loss
    if count == 100:
        assert loss > one  # one after the other: 1


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_block_is_a_power_of_two_and_shorter_for_wider_nets(dtype: str):
    lengths = [rows_per_block(net(hidden, dtype).params) for hidden in (1, 10, 100, 1000)]
    assert all(rows & (rows - 1) == 0 for rows in lengths)
    assert all(longer >= shorter for longer, shorter in neighbours(lengths))
    assert lengths[-1] == batches.SHORTEST_BLOCK


@pytest.mark.parametrize("wide", [{"hidden": 20_000}, {"classes": 20_000}, {"features": 200_000}])
def test_a_block_of_a_wide_net_is_so_short_that_it_takes_little_memory(wide: dict[str, int]):
    problem = random_problem(samples=2, **wide)
    rows = rows_per_block(problem.params)
    assert 1 <= rows < batches.SHORTEST_BLOCK
    assert rows * max(wide.values()) * problem.X.itemsize <= batches.WIDE_BLOCK_BYTES


def net(hidden: int, dtype: str) -> Problem:
    return random_problem(samples=1, hidden=hidden, dtype=dtype)


def test_many_classes_take_the_memory_of_a_few_blocks():
    problem = random_problem(samples=20_000, hidden=1, classes=100)
    tracemalloc.start()
    loss_and_gradients(problem.params, problem.X, problem.y, problem.reg)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * batches.BLOCK_BYTES  # one matrix of the whole batch: 16 000 000 bytes


# Each case in a fork of a process that has imported what it needs, and done nothing else.
PAGE_FAULTS = """
import os, sys, threading
from resource import RUSAGE_SELF, getrusage

import numpy as np
from manual import Params, loss_and_gradients

def steps(rows):
    rng = np.random.default_rng(0)
    params = Params(*(rng.normal(size=shape) for shape in ((4, 10), (1, 10), (10, 3), (1, 3))))
    X, y = rng.normal(size=(rows, 4)), rng.integers(3, size=rows)
    for _ in range(5):
        loss_and_gradients(params, X, y, 0.1)
    before = getrusage(RUSAGE_SELF).ru_minflt
    for _ in range(20):
        loss_and_gradients(params, X, y, 0.1)
    print((getrusage(RUSAGE_SELF).ru_minflt - before) / 20, flush=True)

for rows, where in zip(map(int, sys.argv[1::2]), sys.argv[2::2]):
    pid = os.fork()
    if pid == 0:
        if where == "thread":
            thread = threading.Thread(target=steps, args=[rows])
            thread.start()
            thread.join()
        else:
            steps(rows)
        os._exit(0)
    os.waitpid(pid, 0)
"""
ROWS, WHERE = [200, 2_000, 20_000, 100_000], ["main", "thread"]


@pytest.fixture(scope="module")
def page_faults() -> dict[tuple[int, str], float]:
    """How many a step has, by the number of rows and where it runs."""
    cases = [(rows, where) for rows in ROWS for where in WHERE]
    command = [sys.executable, "-c", PAGE_FAULTS, *(f"{part}" for case in cases for part in case)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(zip(cases, map(float, done.stdout.split()), strict=True))


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="others keep freed memory otherwise")
@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("rows", ROWS)
def test_no_page_is_faulted_in_again_in_a_process_that_did_nothing_before(
    rows: int, where: str, page_faults: dict[tuple[int, str], float]
):
    assert page_faults[rows, where] < 20  # 1700 at 20 000 rows where each block starts anew


def test_nothing_returned_is_overwritten_by_a_later_call():
    problem = random_problem(samples=20_000)
    first = loss_and_gradients(problem.params, problem.X, problem.y, problem.reg)
    kept = copy.deepcopy(first)
    loss_and_gradients(problem.params, problem.X[::-1] * 2, problem.y, problem.reg)
    np.testing.assert_equal(first, kept)


def test_calls_in_several_threads_give_what_each_gives_alone():
    problems = [random_problem(seed, samples=20_000) for seed in range(4)]

    def step(problem: Problem) -> tuple[np.floating, Params]:
        return loss_and_gradients(problem.params, problem.X, problem.y, problem.reg)

    alone = [step(problem) for problem in problems]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(step, problems))
    np.testing.assert_equal(together, alone)


def test_loss_and_gradients_is_the_one_for_any_length():
    assert manual.loss_and_gradients is batches.loss_and_gradients


def test_a_batch_too_long_for_the_bound_is_an_input_error_and_no_difference(
    monkeypatch: pytest.MonkeyPatch,
):
    def refuse(*_: object) -> None:
        raise ValueError("samples: expected at most 10")

    monkeypatch.setattr(comparison, "block_bounds", refuse)
    with pytest.raises(ValueError, match="samples: expected at most 10"):
        against_autograd(random_problem())
