"""compare/manual_loss.py: PyTorch takes the manual pass as its own."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from compare.agreement.bridge import to_array, to_matmul
from compare.agreement.quantity import compare_quantity
from compare.bounds.rounding import error_bounds
from compare.graph import manual_loss
from compare.graph.manual_loss import ManualLoss
from compare.problems.problem import Problem
from compare.problems.seeded import random_problem
from manual import Params
from tests.conftest import plant
from torch_ref.spelling import MatmulNet, matmul

DTYPES = ["float32", "float64"]
NAMES = Params._fields


def small() -> Problem:
    return random_problem(2, samples=5, features=3, hidden=4, reg=0.1)


def parameters(model: MatmulNet) -> list[Tensor]:
    return [model.get_parameter(name) for name in NAMES]


def by_hand(problem: Problem) -> tuple[Tensor, list[Tensor]]:
    """The loss of ManualLoss, and the parameters that it came from."""
    model, X, y = to_matmul(problem)
    return ManualLoss.apply(X, y, *parameters(model), problem.reg), parameters(model)


def by_autograd(problem: Problem) -> tuple[Tensor, list[Tensor]]:
    model, X, y = to_matmul(problem)
    return matmul(model, X, y, problem.reg).loss, parameters(model)


def gradcheck(problem: Problem) -> bool:
    model, X, y = to_matmul(problem)
    return torch.autograd.gradcheck(
        lambda *params: ManualLoss.apply(X, y, *params, problem.reg), parameters(model)
    )


def test_pytorchs_own_checker_finds_the_gradients_right():
    assert gradcheck(small())


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("(P - Y_ind) / N", "P - Y_ind"), ("dz2 + reg * W2", "dz2"), ("db1 = dz1", "db1 = da1")],
    ids=["1/N lost", "reg lost", "db1 from da1"],
)
def test_pytorchs_own_checker_finds_a_planted_mistake(
    right: str, wrong: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(manual_loss, "backward", plant(right, wrong).backward)
    with pytest.raises(RuntimeError, match="Jacobian mismatch"):
        gradcheck(small())


@pytest.mark.parametrize("dtype", DTYPES)
def test_loss_and_gradients_are_autograds_within_rounding(dtype: str):
    problem = random_problem(dtype=dtype)
    (manual, ours), (autograd, theirs) = by_hand(problem), by_autograd(problem)
    manual.backward()
    autograd.backward()
    bounds = error_bounds(problem).error
    assert abs(manual.item() - autograd.item()) <= 2 * bounds.loss
    for name, our, their in zip(NAMES, ours, theirs, strict=True):
        error = getattr(bounds, f"d{name}")
        assert compare_quantity(name, to_array(our.grad), to_array(their.grad), error).ok


@pytest.mark.parametrize("scale", [-2.0, 0.0, 0.25, 4.0])
def test_an_incoming_gradient_other_than_1_is_honoured(scale: float):
    loss, params = by_hand(small())
    scaled = torch.autograd.grad(loss * scale, params, retain_graph=True)
    for once, gradient in zip(torch.autograd.grad(loss, params), scaled, strict=True):
        assert torch.equal(gradient, scale * once)


@pytest.mark.parametrize("needed", NAMES)
def test_only_what_is_needed_gets_a_gradient(needed: str, monkeypatch: pytest.MonkeyPatch):
    returned = []

    def spy(ctx: object, incoming: Tensor) -> tuple[Tensor | None, ...]:
        returned.extend(honest(ctx, incoming))
        return tuple(returned)

    honest = ManualLoss.backward
    monkeypatch.setattr(ManualLoss, "backward", staticmethod(spy))
    problem = small()
    model, X, y = to_matmul(problem)
    for name in NAMES:
        model.get_parameter(name).requires_grad_(name == needed)
    ManualLoss.apply(X, y, *parameters(model), problem.reg).backward()
    assert [g is not None for g in returned[2:6]] == [name == needed for name in NAMES]
    assert [p.grad is not None for p in parameters(model)] == [name == needed for name in NAMES]


def test_without_any_parameter_that_needs_one_there_is_no_graph():
    problem = small()
    model, X, y = to_matmul(problem)
    params = [p.detach() for p in parameters(model)]
    assert not ManualLoss.apply(X, y, *params, problem.reg).requires_grad


def penalised(loss: Tensor, params: list[Tensor]) -> Tensor:
    """What a gradient penalty asks for: a graph through the gradients."""
    gradients = torch.autograd.grad(loss, params, create_graph=True)
    return sum((g.square().sum() for g in gradients), start=sum(p.sum() for p in params))


def test_a_double_backward_raises_and_does_not_return_a_wrong_number():
    penalised(*by_autograd(small())).backward()  # autograd itself can
    with pytest.raises(RuntimeError, match="ManualLoss: expected a backward without create_graph"):
        penalised(*by_hand(small()))


def test_a_second_backward_through_a_graph_that_was_kept_gives_the_same():
    loss, params = by_hand(small())
    first = torch.autograd.grad(loss, params, retain_graph=True)
    assert all(map(torch.equal, first, torch.autograd.grad(loss, params)))


def test_a_parameter_changed_before_backward_is_noticed():
    loss, params = by_hand(small())
    with torch.no_grad():
        params[2].add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


BAD: dict[str, tuple[dict[str, Callable[[Tensor], object]], str]] = {
    "X asks": ({"X": lambda X: X.requires_grad_()}, "X: expected a tensor that asks for no"),
    "X an array": ({"X": lambda X: X.numpy()}, "X: expected a tensor, got ndarray"),
    "half X": ({"X": lambda X: X.half()}, "X: expected float32 or float64, got float16"),
    "float32 W1": ({"W1": lambda W: W.float()}, "W1: expected float64 like X, got float32"),
    "b1 a vector": ({"b1": lambda b: b[0]}, r"b1: expected \(1, 4\), .* got \(4,\)"),
    "W2 elsewhere": (
        {"W2": lambda W: W.to("meta")},
        "W2: expected a tensor on the CPU, got",
    ),
    "no such class": ({"y": lambda y: y + 9}, "y: expected labels from 0 to 2, got"),
    "reg a tensor": (
        {"reg": lambda reg: torch.tensor(reg)},
        "reg: expected a number, got a",
    ),
    "reg negative": ({"reg": lambda reg: -reg}, "reg: expected a finite float64 number >= 0"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_it_cannot_use_is_named(case: str):
    changes, words = BAD[case]
    problem = small()
    model, X, y = to_matmul(problem)
    params = dict(zip(NAMES, parameters(model), strict=True))
    given = {"X": X, "y": y, **params, "reg": problem.reg}
    for name, change in changes.items():
        given[name] = change(given[name])
    with pytest.raises(ValueError, match=words):
        ManualLoss.apply(*given.values())


@pytest.mark.parametrize("dtype", DTYPES)
def test_an_sgd_loop_reaches_the_same_weights_as_autograd_compared_step_by_step(dtype: str):
    """As in --steps: at each step both start from the same weights, and are compared within what
    rounding explains. A third model goes all the way on autograd alone.
    """
    problem, rate = random_problem(dtype=dtype), 0.1
    (ours, X, y), (theirs, *_), (free, *_) = (to_matmul(problem) for _ in range(3))
    optimizers = [torch.optim.SGD(m.parameters(), lr=rate) for m in (ours, theirs, free)]
    start = parameters(ours)[0].detach().clone()
    for _ in range(100):
        theirs.load_state_dict(ours.state_dict())
        here = Params(*(to_array(p.detach()).copy() for p in parameters(ours)))
        for optimizer in optimizers:
            optimizer.zero_grad()
        ManualLoss.apply(X, y, *parameters(ours), problem.reg).backward()
        for model in (theirs, free):
            matmul(model, X, y, problem.reg).loss.backward()
        for optimizer in optimizers:
            optimizer.step()
        compare_step(problem, here, rate, ours, theirs)
    drift = max(
        float((p - q).detach().abs().max())
        for p, q in zip(parameters(ours), parameters(free), strict=True)
    )
    assert drift < 100 * torch.finfo(getattr(torch, dtype)).eps
    assert float((parameters(ours)[0] - start).detach().abs().max()) > 0.1


def compare_step(
    problem: Problem, here: Params, rate: float, ours: MatmulNet, theirs: MatmulNet
) -> None:
    """The gradients within their bounds, and the weights within those times the rate, and the
    rounding of W - rate * dW.
    """
    bounds = error_bounds(replace(problem, params=here)).error
    eps = np.finfo(problem.X.dtype).eps
    for name, our, their in zip(NAMES, parameters(ours), parameters(theirs), strict=True):
        error = getattr(bounds, f"d{name}")
        assert compare_quantity(name, to_array(our.grad), to_array(their.grad), error).ok, name
        moved = abs(getattr(here, name)) + rate * abs(to_array(their.grad))
        weights = (to_array(p.detach()) for p in (our, their))
        assert compare_quantity(name, *weights, rate * error + 2 * eps * moved).ok, name
