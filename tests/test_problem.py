"""compare/problem.py: problems from a seed and from a file."""

from pathlib import Path

import numpy as np
import pytest

from compare.agreement.comparison import against_autograd
from compare.problems.csv_file import read_problem
from compare.problems.hard import TWISTS, hard_problem
from compare.problems.problem import Problem
from compare.problems.seeded import random_problem
from manual import Params

IRIS = Path(__file__).parents[1] / "compare" / "problems" / "iris.csv"


def test_the_default_is_the_problem_of_the_notes():
    problem = random_problem()
    assert problem.sizes == (200, 4, 10, 3)
    assert problem.dtype == "float64"
    assert problem.reg == 1e-3


def test_a_seed_gives_the_same_problem_again_and_another_seed_another():
    first, again, other = random_problem(3), random_problem(3), random_problem(4)
    np.testing.assert_equal((first.X, first.y, first.params), (again.X, again.y, again.params))
    assert not np.array_equal(first.X, other.X)


def test_float32_is_the_float64_problem_rounded():
    wide, narrow = random_problem(dtype="float64"), random_problem(dtype="float32")
    np.testing.assert_equal(wide.X.astype(np.float32), narrow.X)
    np.testing.assert_equal(wide.params.W1.astype(np.float32), narrow.params.W1)


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("samples", 0),
        ("samples", 2.5),
        ("features", -1),
        ("hidden", 0),
        ("classes", 1),
        ("dtype", "float16"),
        ("reg", -1.0),
    ],
)
def test_a_size_that_makes_no_network_is_refused(argument: str, value: object):
    with pytest.raises(ValueError, match=rf"{argument}: expected .*, got {value!r}"):
        random_problem(**{argument: value})


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_out_of_range_is_refused(seed: int):
    with pytest.raises(ValueError, match="seed: expected a whole number from 0"):
        random_problem(seed)


def test_iris_is_read_as_fisher_gave_it():
    problem = read_problem(IRIS)
    assert problem.sizes == (150, 4, 10, 3)
    assert problem.classes == ("setosa", "versicolor", "virginica")
    np.testing.assert_array_equal(np.bincount(problem.y), [50, 50, 50])
    # The species' means of Fisher (1936), table II.
    means = np.array([problem.X[problem.y == k].mean(axis=0) for k in range(3)])
    np.testing.assert_allclose(means[0], [5.006, 3.428, 1.462, 0.246], atol=1e-9)
    np.testing.assert_allclose(means[1], [5.936, 2.770, 4.260, 1.326], atol=1e-9)
    np.testing.assert_allclose(means[2], [6.588, 2.974, 5.552, 2.026], atol=1e-9)


def test_classes_are_numbered_in_order_of_first_appearance(tmp_path: Path):
    file = tmp_path / "c.csv"
    file.write_text("a,b,kind\n1,2,9\n3,4,zwei\n\n5,6, 9 \n", encoding="utf-8-sig")
    problem = read_problem(file)
    assert problem.classes == ("9", "zwei")
    np.testing.assert_array_equal(problem.y, [0, 1, 0])
    np.testing.assert_array_equal(problem.X, [[1, 2], [3, 4], [5, 6]])


BAD_FILES = {
    "empty": (b"", "expected a header row and rows of data, got an empty file"),
    "header alone": (b"a,b,kind\n", "expected rows of data after the header, got none"),
    "no header": (b"1,2,x\n3,4,y\n", "line 1: expected a header row with names, got numbers"),
    "one column": (b"kind\nx\ny\n", "expected features and a class, got one column: 'kind'"),
    "text among the features": (
        b"a,b,kind\n1,2,x\n3,tall,y\n",
        r"line 3, column 2 \(b\): expected a finite number, got 'tall'",
    ),
    "nothing among the features": (
        b"a,b,kind\n1,,x\n",
        r"line 2, column 2 \(b\): expected a finite number, got ''",
    ),
    "an underscore": (b"a,b,kind\n1_000,2,x\n", r"line 2, column 1 \(a\): .*'1_000'"),
    "nan": (b"a,b,kind\nnan,2,x\n", r"line 2, column 1 \(a\): expected a finite .*'nan'"),
    "infinity": (b"a,b,kind\n1,-inf,x\n", r"line 2, column 2 \(b\): .*'-inf'"),
    "short row": (b"a,b,kind\n1,2,x\n3,y\n", "line 3: expected 3 cells, got 2"),
    "long row": (b"a,b,kind\n1,2,3,x\n", "line 2: expected 3 cells, got 4"),
    "class missing": (b"a,b,kind\n1,2,\n", "line 2: expected a class in the last cell"),
    "one class": (b"a,b,kind\n1,2,x\n3,4,x\n", "expected at least 2 classes .*'x'"),
    "not UTF-8": (b"a,b,kind\n1,2,\xff\n", "expected UTF-8 text"),
    "open quote": (b'a,b,kind\n1,2,"x' + b"x" * 140_000, "expected comma-separated values"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_bad_file_is_a_value_error_that_says_where(tmp_path: Path, case: str):
    content, message = BAD_FILES[case]
    file = tmp_path / "data.csv"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_problem(file)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "says"), [("missing.csv", "No such file"), (".", "directory")])
def test_a_file_that_cannot_be_read_is_a_value_error(tmp_path: Path, name: str, says: str):
    with pytest.raises(ValueError, match=f"expected a CSV file, got: .*{says}"):
        read_problem(tmp_path / name)


def test_a_number_too_large_for_float32_is_refused_there(tmp_path: Path):
    file = tmp_path / "data.csv"
    file.write_text("a,kind\n1e300,x\n2,y\n")
    assert read_problem(file).X[0, 0] == 1e300
    with pytest.raises(ValueError, match=r"X: expected finite numbers, got inf at \[0, 0\]"):
        read_problem(file, dtype="float32")


def test_hard_problems_come_in_every_kind():
    seen = [hard_problem(seed, "float64") for seed in range(60)]
    assert min(p.sizes[0] for p in seen) < 5
    assert max(p.sizes[0] for p in seen) > 500
    assert {p.reg for p in seen} >= {0.0, 100.0}
    assert any(abs(p.params.W2).max() > 1e3 for p in seen)


@pytest.mark.parametrize("twist", TWISTS)
def test_every_twist_does_something(twist: str):
    plain = random_problem()
    twisted = TWISTS[twist](plain)
    same = np.array_equal(plain.X, twisted.X) and np.array_equal(plain.y, twisted.y)
    same = same and plain.reg == twisted.reg
    same = same and all(map(np.array_equal, plain.params, twisted.params))
    assert not same


@pytest.mark.parametrize("form", ["backwards", "big-endian"])
def test_arrays_that_torch_cannot_read_are_compared_all_the_same(form: str):
    plain = random_problem()

    def formed(array: np.ndarray) -> np.ndarray:
        if form == "backwards":
            return array[::-1].copy()[::-1]
        return array.astype(array.dtype.newbyteorder(">"))

    params = Params(*map(formed, plain.params))
    problem = Problem(formed(plain.X), formed(plain.y), params, plain.reg)
    assert against_autograd(problem).agree
    np.testing.assert_equal(problem.X, plain.X)
