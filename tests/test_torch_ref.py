"""torch_ref/: a plain nn.Module, and every value from autograd itself."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from compare.agreement.bridge import to_torch
from compare.problems.seeded import random_problem
from torch_ref import TwoLayerNet, loss, step
from torch_ref.autograd import gradient


def test_the_model_is_a_plain_module_of_two_linear_layers():
    model = TwoLayerNet(4, 10, 3)
    assert [type(child) for child in model.children()] == [nn.Linear, nn.Linear]
    assert [tuple(p.shape) for p in model.parameters()] == [(10, 4), (10,), (3, 10), (3,)]


def test_the_gradients_are_those_of_an_ordinary_training_step():
    problem = random_problem()
    model, X, y = to_torch(problem)
    total = F.cross_entropy(model(X), y)
    for layer in (model.fc1, model.fc2):
        total = total + 0.5 * problem.reg * (layer.weight**2).sum()
    total.backward()
    expected = [p.grad.clone() for p in model.parameters()]

    found = step(model, X, y, problem.reg)
    torch.testing.assert_close(found.loss, total.detach())
    for got, wanted in zip((found.dW1, found.db1, found.dW2, found.db2), expected, strict=True):
        torch.testing.assert_close(got, wanted)


def test_a_second_step_does_not_add_to_the_first():
    problem = random_problem()
    model, X, y = to_torch(problem)
    first = [t.clone() for t in step(model, X, y, problem.reg)]
    second = step(model, X, y, problem.reg)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_intermediates_are_consistent_with_the_scores():
    problem = random_problem()
    model, X, y = to_torch(problem)
    found = step(model, X, y, problem.reg)
    assert torch.equal(found.z2, model(X).detach())
    assert torch.equal(found.loss, loss(model, model(X), y, problem.reg).detach())
    assert torch.equal(found.P, torch.softmax(found.z2, dim=1))


def test_a_tensor_without_gradient_is_an_error_not_a_zero():
    with pytest.raises(ValueError, match="gradient: expected a tensor that backward has reached"):
        gradient(torch.zeros(3, requires_grad=True))
