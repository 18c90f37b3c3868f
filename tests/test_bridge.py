"""compare/bridge.py: the same weights on both sides, and none of them shared."""

import numpy as np
import pytest
import torch

from compare.agreement.bridge import choose_device, load, parameters, to_torch, to_values
from compare.problems.seeded import random_problem
from torch_ref import step


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_after_loading_both_sides_hold_the_same_bits(dtype: str):
    problem = random_problem(dtype=dtype)
    model, X, y = to_torch(problem)
    assert X.numpy().tobytes() == problem.X.tobytes()
    assert y.numpy().tobytes() == problem.y.tobytes()
    linear = {"W1": model.fc1.weight.T, "W2": model.fc2.weight.T}
    linear |= {"b1": model.fc1.bias[None], "b2": model.fc2.bias[None]}
    for name, parameter in problem.params._asdict().items():
        assert linear[name].detach().numpy().tobytes() == parameter.tobytes(), name
        assert getattr(parameters(model), name).tobytes() == parameter.tobytes(), name


def test_changing_one_side_leaves_the_other_alone():
    problem = random_problem()
    model, X, y = to_torch(problem)
    read = parameters(model)
    arrays = (*problem.params, problem.X, problem.y)
    before = [array.copy() for array in arrays]

    with torch.no_grad():
        for tensor in (*model.parameters(), X, y):
            tensor.zero_()
    np.testing.assert_equal(list(arrays), before)
    np.testing.assert_equal(list(read), before[:4])

    load(model, problem.params)
    for array in arrays:
        array[...] = 7
    np.testing.assert_equal(list(parameters(model)), before[:4])
    assert not X.any()


def test_values_come_back_in_the_notes_orientation():
    problem = random_problem()
    model, X, y = to_torch(problem)
    values = to_values(step(model, X, y, problem.reg))
    N, D, H, C = problem.sizes
    shapes = {name: value.shape for name, value in values._asdict().items()}
    assert shapes == {
        **dict.fromkeys(("z1", "a1", "da1", "dz1"), (N, H)),
        **dict.fromkeys(("z2", "P", "dz2"), (N, C)),
        "loss": (),
        **{"dW2": (H, C), "db2": (1, C), "dW1": (D, H), "db1": (1, H)},
    }
    np.testing.assert_array_equal(values.dW1, model.fc1.weight.grad.T)


@pytest.mark.parametrize("name", ["tpu", "cpu:9:9", "", "CUDA"])
def test_an_unknown_device_is_refused(name: str):
    with pytest.raises(ValueError, match=r"device: expected one that PyTorch has here"):
        choose_device(name, "float64")


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is available here")
def test_cuda_is_refused_where_there_is_none():
    with pytest.raises(ValueError, match=r"device: .*\(cpu.*\), got 'cuda'"):
        choose_device("cuda", "float64")
