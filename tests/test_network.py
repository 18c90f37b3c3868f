"""manual/network.py: the hand-computed example, finite differences, and its manners."""

import copy
import importlib
import subprocess
import sys
from unittest.mock import patch

import numpy as np
import pytest

from compare.problems.hard import TWISTS
from compare.problems.seeded import random_problem
from manual import Params, backward, forward, loss_and_gradients

# Two samples, two features, two hidden units, two classes, with L = ln 3:
#
#     X = 1 0    W1 = 1 -1    z1 = 1 -2    a1 = 1 0    W2 =   L 0    z2 = L 0    P = 3/4 1/4
#         0 2         2  1         4  1         4 1         -4L 0         0 0        1/2 1/2
#                b1 = 0 -1
#
# and the classes 0 and 1, so that each step can be followed on paper.
L = np.log(3)
X = np.array([[1.0, 0.0], [0.0, 2.0]])
Y = np.array([0, 1])
PARAMS = Params(
    W1=np.array([[1.0, -1.0], [2.0, 1.0]]),
    b1=np.array([[0.0, -1.0]]),
    W2=np.array([[L, 0.0], [-4 * L, 0.0]]),
    b2=np.array([[0.0, 0.0]]),
)
REG = 0.5


def test_forward_gives_the_numbers_worked_out_on_paper():
    fwd = forward(PARAMS, X, Y, REG)
    np.testing.assert_array_equal(fwd.z1, [[1, -2], [4, 1]])
    np.testing.assert_array_equal(fwd.a1, [[1, 0], [4, 1]])
    np.testing.assert_allclose(fwd.z2, [[L, 0], [0, 0]], rtol=1e-15)
    np.testing.assert_allclose(fwd.P, [[3 / 4, 1 / 4], [1 / 2, 1 / 2]], rtol=1e-15)
    np.testing.assert_array_equal(fwd.Y_ind, [[1, 0], [0, 1]])
    data = (np.log(4 / 3) + np.log(2)) / 2
    penalty = REG / 2 * ((1 + 1 + 4 + 1) + (L**2 + 16 * L**2))
    np.testing.assert_allclose(fwd.loss, data + penalty, rtol=1e-15)


def test_backward_gives_the_numbers_worked_out_on_paper():
    bwd = backward(PARAMS, X, REG, forward(PARAMS, X, Y, REG))
    close = {"rtol": 1e-14, "atol": 1e-16}
    np.testing.assert_allclose(bwd.dz2, [[-1 / 8, 1 / 8], [1 / 4, -1 / 4]], **close)
    data = np.array([[7 / 8, -7 / 8], [1 / 4, -1 / 4]])
    np.testing.assert_allclose(bwd.dW2, data + REG * PARAMS.W2, **close)
    np.testing.assert_allclose(bwd.db2, [[1 / 8, -1 / 8]], **close)
    np.testing.assert_allclose(bwd.da1, [[-L / 8, L / 2], [L / 4, -L]], **close)
    np.testing.assert_allclose(bwd.dz1, [[-L / 8, 0], [L / 4, -L]], **close)
    data = np.array([[-L / 8, 0], [L / 2, -2 * L]])
    np.testing.assert_allclose(bwd.dW1, data + REG * PARAMS.W1, **close)
    np.testing.assert_allclose(bwd.db1, [[L / 8, -L]], **close)


@pytest.mark.parametrize("name", Params._fields)
@pytest.mark.parametrize("reg", [0.0, 1e-3, 1.0])
def test_gradients_match_central_differences_of_the_loss(name: str, reg: float):
    problem = random_problem(7, samples=20, reg=reg)
    gradient = getattr(loss_and_gradients(problem.params, problem.X, problem.y, reg)[1], name)
    parameter, h = getattr(problem.params, name), 1e-6
    for at in np.ndindex(parameter.shape):
        sides = []
        for step in (h, -h):
            moved = parameter.copy()
            moved[at] += step
            params = problem.params._replace(**{name: moved})
            sides.append(forward(params, problem.X, problem.y, reg).loss)
        assert (sides[0] - sides[1]) / (2 * h) == pytest.approx(gradient[at], abs=1e-8)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_everything_keeps_the_dtype_of_the_arrays(dtype: str):
    problem = random_problem(dtype=dtype)
    fwd = forward(problem.params, problem.X, problem.y, np.float64(problem.reg))
    bwd = backward(problem.params, problem.X, np.float64(problem.reg), fwd)
    assert {value.dtype for value in (*fwd, *bwd)} == {np.dtype(dtype)}


@pytest.mark.parametrize("order", ["C", "F"])
def test_matrices_with_a_row_for_each_sample_are_column_major(order: str):
    problem = random_problem()
    X = np.array(problem.X, order=order)
    fwd = forward(problem.params, X, problem.y, problem.reg)
    bwd = backward(problem.params, X, problem.reg, fwd)
    matrices = [*fwd[:-1], bwd.dz2, bwd.da1, bwd.dz1]
    assert all(matrix.flags.f_contiguous for matrix in matrices)


@pytest.mark.parametrize("twist", TWISTS)
def test_nothing_received_is_changed_and_a_second_call_gives_the_same(twist: str):
    problem = TWISTS[twist](random_problem())
    given = (problem.params, problem.X, problem.y)
    before = copy.deepcopy(given)
    fwd = forward(problem.params, problem.X, problem.y, problem.reg)
    fwd_before = copy.deepcopy(fwd)
    first = backward(problem.params, problem.X, problem.reg, fwd)
    second = backward(problem.params, problem.X, problem.reg, fwd)
    np.testing.assert_equal(given, before)
    np.testing.assert_equal(fwd, fwd_before)
    np.testing.assert_equal(first, second)


def test_read_only_arrays_are_accepted():
    problem = random_problem()
    for array in (*problem.params, problem.X, problem.y):
        array.flags.writeable = False
    loss, gradients = loss_and_gradients(problem.params, problem.X, problem.y, problem.reg)
    assert np.isfinite(loss)
    assert isinstance(gradients, Params)


def test_gradients_have_the_shapes_of_their_parameters():
    problem = random_problem()
    _, gradients = loss_and_gradients(problem.params, problem.X, problem.y, problem.reg)
    assert [g.shape for g in gradients] == [p.shape for p in problem.params]


ROOMS = {"manual", "torch_ref", "compare"}


def test_the_manual_pass_is_imported_without_torch():
    loaded = "import sys, manual; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    command = [sys.executable, "-c", loaded]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = set(done.stdout.split())
    assert {"manual", "numpy"} <= found
    assert not {"torch", "torch_ref", "compare"} & found


@pytest.mark.parametrize(
    ("module", "rooms"),
    [
        ("manual", {"manual"}),
        ("torch_ref", {"torch_ref"}),
        ("compare.agreement.step", {"manual", "torch_ref", "compare"}),
    ],
)
def test_the_rooms_do_not_import_each_other(module: str, rooms: set[str]):
    with patch.dict(sys.modules):
        for name in [name for name in sys.modules if name.split(".")[0] in ROOMS]:
            del sys.modules[name]
        importlib.import_module(module)
        assert {name.split(".")[0] for name in sys.modules} & ROOMS == rooms
