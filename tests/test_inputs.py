"""manual/inputs.py: each bad input gets one line that names it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from compare.problems.seeded import random_problem
from manual import Params, loss_and_gradients

Arguments = dict[str, Any]  # X, y, reg and the four parameters


def changed(name: str, value: Any) -> Callable[[Arguments], Arguments]:
    """`value`, or what a function makes of the right one, in place of the right one."""
    return lambda a: a | {name: value(a[name]) if callable(value) else value}


def with_first(value: float) -> Callable[[np.ndarray], np.ndarray]:
    def change(array: np.ndarray) -> np.ndarray:
        array = array.copy()
        array[(0,) * array.ndim] = value
        return array

    return change


BAD: dict[str, tuple[Callable[[Arguments], Arguments], str]] = {
    "X flat": (changed("X", np.ravel), r"X: expected \(N, D\).*got \(800,\)"),
    "X without rows": (changed("X", lambda X: X[:0]), r"X: expected .*N >= 1.*got \(0, 4\)"),
    "X without columns": (changed("X", lambda X: X[:, :0]), r"X: .*D >= 1.*got \(200, 0\)"),
    "X a list": (changed("X", lambda X: X.tolist()), r"X: expected a NumPy array, got list"),
    "W1 transposed": (changed("W1", np.transpose), r"W1: expected \(4, H\).*got \(10, 4\)"),
    "W2 transposed": (changed("W2", np.transpose), r"W2: expected \(10, C\).*got \(3, 10\)"),
    "W2 without columns": (changed("W2", lambda W: W[:, :0]), r"W2: .*got \(10, 0\)"),
    "b1 a column": (changed("b1", np.transpose), r"b1: expected \(1, 10\), a row.*got \(10, 1\)"),
    "b2 a column": (changed("b2", np.transpose), r"b2: expected \(1, 3\), a row.*got \(3, 1\)"),
    "b1 flat": (changed("b1", np.ravel), r"b1: expected \(1, 10\).*got \(10,\)"),
    "b2 too wide": (changed("b2", np.zeros((1, 4))), r"b2: expected \(1, 3\).*got \(1, 4\)"),
    "y too short": (changed("y", lambda y: y[:-1]), r"y: expected \(200,\).*got \(199,\)"),
    "y a column": (changed("y", lambda y: y[:, None]), r"y: expected \(200,\).*got \(200, 1\)"),
    "y a list": (changed("y", lambda y: y.tolist()), r"y: expected a NumPy array, got list"),
    "label -1": (changed("y", with_first(-1)), r"y: expected labels from 0 to 2, got -1 at row 0"),
    "label too large": (changed("y", with_first(3)), r"y: .* from 0 to 2, got 3 at row 0"),
    "label 0.5": (
        changed("y", lambda y: with_first(0.5)(y.astype(float))),
        r"y: expected integer labels, got float64 \(0.5 at row 0\)",
    ),
    "labels as floats": (changed("y", lambda y: y.astype(float)), r"y: .*integer.*got float64"),
    "labels as text": (
        changed("y", lambda y: y.astype(str)),
        r"y: expected integer labels, got <U",
    ),
    "reg negative": (changed("reg", -1e-3), r"reg: expected a finite .*>= 0, got -0.001"),
    "reg NaN": (changed("reg", np.nan), r"reg: expected a finite .*got nan"),
    "reg infinite": (changed("reg", np.inf), r"reg: expected a finite .*got inf"),
    "reg text": (changed("reg", "much"), r"reg: expected a finite .*got 'much'"),
    "reg a number as text": (changed("reg", "0.1"), r"reg: expected a finite .*got '0.1'"),
    "reg a Decimal": (changed("reg", Decimal("0.1")), r"reg: expected a finite .*got Decimal"),
    "reg an array": (changed("reg", np.ones(2)), r"reg: expected a finite .*got array"),
    **{
        f"{bad} in {name}": (
            changed(name, with_first(value)),
            rf"{name}: expected finite numbers, got {bad} at \[0, 0\]",
        )
        for name in ("X", "W1", "b1", "W2", "b2")
        for bad, value in (("nan", np.nan), ("inf", np.inf))
    },
    **{
        f"{name} of integers": (
            changed(name, lambda array: array.astype(int)),
            rf"{name}: expected float32 or float64, got int64",
        )
        for name in ("X", "W1", "b1", "W2", "b2")
    },
    **{
        f"{name} alone in float32": (
            changed(name, lambda array: array.astype(np.float32)),
            rf"{name}: expected float64 like X, got float32",
        )
        for name in ("W1", "b1", "W2", "b2")
    },
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_a_value_error_of_one_line_that_names_it(case: str):
    change, message = BAD[case]
    problem = random_problem()
    right = problem.params._asdict() | {"X": problem.X, "y": problem.y, "reg": problem.reg}
    arguments = change(right)
    params = Params(*(arguments[name] for name in Params._fields))
    with pytest.raises(ValueError, match=message) as caught:
        loss_and_gradients(params, arguments["X"], arguments["y"], arguments["reg"])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("params", [None, 3, "W1", tuple(random_problem().params), [1, 2, 3, 4]])
@pytest.mark.parametrize("samples", [200, 20_000], ids=["one block", "several"])
def test_params_that_are_no_Params_are_a_value_error(params: object, samples: int):
    problem = random_problem(samples=samples)
    expected = f"params: expected a Params, got {type(params).__name__}"
    with pytest.raises(ValueError, match=expected):
        loss_and_gradients(params, problem.X, problem.y, problem.reg)


def test_reg_too_large_for_float32_is_refused_there():
    problem = random_problem(dtype="float32")
    with pytest.raises(
        ValueError, match="reg: expected a finite float32 number >= 0, got 1e\\+300"
    ):
        loss_and_gradients(problem.params, problem.X, problem.y, 1e300)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.int64])
def test_labels_of_any_integer_type_give_the_same_gradients(dtype: type):
    problem = random_problem()
    expected = loss_and_gradients(problem.params, problem.X, problem.y, problem.reg)
    got = loss_and_gradients(problem.params, problem.X, problem.y.astype(dtype), problem.reg)
    np.testing.assert_equal(got, expected)


@pytest.mark.parametrize("rows", [200, 5_000])
def test_large_numbers_that_are_finite_are_no_reason_for_a_warning(rows: int):
    problem = random_problem(samples=rows)
    X = np.full_like(problem.X, 1e200)
    loss_and_gradients(problem.params, X, problem.y, problem.reg)  # a warning is an error here
