"""compare/exact.py: on whole numbers not one bit may differ, and one that does is seen."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from compare.agreement.bridge import to_torch, to_values
from compare.agreement.comparison import against_autograd
from compare.agreement.exactly import compare_bits, compare_exactly
from compare.agreement.step import manual_step, step_values
from compare.bounds.exact import ExactBatch, certify, exact_batch
from compare.bounds.quantities import Values
from compare.measure.sharpness import SHAPES
from compare.problems.seeded import random_problem
from tests.conftest import compare_steps, planted_step
from torch_ref import step

DTYPES = ["float32", "float64"]
GRADIENTS = ("dW1", "db1", "dW2", "db2")


@pytest.fixture(params=[1, 2], ids=["one thread", "two threads"])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@cache
def certified(seed: int, dtype: str) -> ExactBatch:
    return exact_batch(seed, **SHAPES[seed % len(SHAPES)], dtype=dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_not_one_bit_differs(dtype: str, threads: int, request: pytest.FixtureRequest):
    """The full run, of 1000 a dtype: pytest tests/test_exact.py --problems 2000"""
    for seed in range(request.config.getoption("--problems") // 2):
        found = compare_exactly(certified(seed, dtype))
        assert found.agree, f"seed {seed}: {found.first_difference}"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "sizes",
    [{"hidden": 4096}, {"features": 300}, {"classes": 100}, {"rows": 2**14}, {"rows": 1}],
    ids=str,
)
def test_batches_of_unusual_sizes_are_certified_too(sizes: dict[str, int], dtype: str):
    batch = exact_batch(3, **sizes, dtype=dtype)
    assert batch.certificate.holds
    assert compare_exactly(batch).agree


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_batch_is_what_it_claims_to_be(dtype: str):
    problem = exact_batch(dtype=dtype).problem
    fwd, _ = manual_step(problem)
    assert problem.sizes == (256, 4, 10, 3)
    assert set(np.unique(fwd.P)) == {0, 1}
    assert (fwd.z1 == 0).any(), "no exact kink"
    assert (fwd.P.argmax(axis=1) != problem.y).any(), "no gradient"


@pytest.mark.parametrize("dtype", DTYPES)
def test_an_ordinary_batch_gets_no_certificate(dtype: str):
    assert not certify(random_problem(dtype=dtype)).holds


def wide_product(batch: ExactBatch) -> ExactBatch:
    X = batch.problem.X.copy()
    X[0, 0] += np.finfo(X.dtype).eps
    return replace(batch, problem=replace(batch.problem, X=X))


def tied_scores(batch: ExactBatch) -> ExactBatch:
    params = batch.problem.params
    params = params._replace(W2=np.zeros_like(params.W2), b2=np.zeros_like(params.b2))
    return replace(batch, problem=replace(batch.problem, params=params))


def odd_number_of_rows(batch: ExactBatch) -> ExactBatch:
    problem = batch.problem
    return replace(batch, problem=replace(problem, X=problem.X[:-1], y=problem.y[:-1]))


@pytest.mark.parametrize("spoil", [wide_product, tied_scores, odd_number_of_rows])
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_batch_that_is_not_exact_gets_no_certificate(spoil, dtype: str):
    batch = exact_batch(dtype=dtype)
    assert certify(batch.problem).holds
    assert not certify(spoil(batch).problem).holds


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="exact batch: expected sizes whose sums fit into float32"):
        exact_batch(hidden=1000, classes=100, dtype="float32")
    with pytest.raises(ValueError, match="rows: expected a power of 2"):
        exact_batch(rows=200)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", Values._fields)
def test_the_last_bit_of_any_single_element_is_caught(name: str, dtype: str):
    batch = exact_batch(dtype=dtype)
    right = step_values(*manual_step(batch.problem))
    value = getattr(right, name)
    for at in list(np.ndindex(value.shape))[:60]:
        for towards in (np.inf, -np.inf):
            wrong = value.copy()
            wrong[at] = np.nextafter(value[at], value.dtype.type(towards))
            found = compare_bits(batch, right._replace(**{name: wrong}), right).first_difference
            assert found is not None
            assert (found.name, found.at) == (name, at)
            assert found.manual != found.autograd


def exact_difference(seed: int, dtype: str, right: str, wrong: str) -> str | None:
    """The first quantity that shows a planted mistake on an exact batch."""
    batch = exact_batch(seed, dtype=dtype)
    model, X, y = to_torch(batch.problem)
    autograd = to_values(step(model, X, y, batch.problem.reg))
    manual = step_values(*planted_step(batch.problem, right, wrong))
    found = compare_bits(batch, manual, autograd).first_difference
    return found.name if found else None


def bound_difference(dtype: str, right: str, wrong: str) -> str | None:
    """The same on an ordinary batch, judged by the rounding bound."""
    problem = random_problem(dtype=dtype)
    autograd = step_values(*manual_step(problem))
    found = compare_steps(problem, *planted_step(problem, right, wrong), autograd)
    return found.first_difference.name if found.first_difference else None


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("seed", range(10))
def test_one_bit_of_reg_and_of_the_mean_is_caught(seed: int, dtype: str):
    factor = f"X.dtype.type({1 + float(np.finfo(dtype).eps)!r})"
    assert exact_difference(seed, dtype, "reg * W1", f"{factor} * reg * W1") == "dW1"
    assert exact_difference(seed, dtype, "reg * W2", f"{factor} * reg * W2") == "dW2"
    assert exact_difference(seed, dtype, "Y_ind) / N", f"Y_ind) / N * {factor}") == "dz2"


@pytest.mark.parametrize("dtype", DTYPES)
def test_only_the_exact_batch_sees_a_slope_of_1_at_0(dtype: str):
    mistake = ("da1 * (a1 > 0)", "da1 * (fwd.z1 >= 0)")
    assert exact_difference(0, dtype, *mistake) == "dz1"
    assert bound_difference(dtype, *mistake) is None


@pytest.mark.parametrize("dtype", DTYPES)
def test_only_the_exact_batch_sees_probabilities_clipped_at_1e_12(dtype: str):
    mistake = ("P /= S", "P = np.clip(P / S, 1e-12, 1)")
    assert exact_difference(0, dtype, *mistake) == "P"
    assert bound_difference(dtype, *mistake) is None


def test_only_the_bound_sees_a_softmax_that_is_slightly_bent():
    mistake = ("P /= S", "P = (P / S) ** (1 + 1e-9)")
    assert exact_difference(0, "float64", *mistake) is None
    assert bound_difference("float64", *mistake) == "P"


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinity_are_never_identical(value: float):
    batch = exact_batch()
    right = step_values(*manual_step(batch.problem))
    bad = right.dW1.copy()
    bad[1, 2] = value
    found = compare_bits(batch, right._replace(dW1=bad), right).first_difference
    assert found is not None
    assert (found.name, found.at) == ("dW1", (1, 2))


def test_another_shape_or_dtype_is_a_difference():
    batch = exact_batch()
    right = step_values(*manual_step(batch.problem))
    for wrong in (right.db1[0], right.db1.astype(np.float32)):
        found = compare_bits(batch, right._replace(db1=wrong), right).first_difference
        assert found is not None
        assert "by hand" in found.mismatch


def test_exact_batches_lie_within_the_rounding_bound_as_well():
    assert against_autograd(exact_batch().problem).agree
