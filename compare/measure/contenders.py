"""Those whose step is timed: the manual pass, PyTorch, torch.compile and, if installed, JAX."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from compare.problems.problem import Problem
from manual import loss_and_gradients

Gradients = tuple[npt.NDArray[Any], ...]  # as Params, in the notes' orientation
Contender = Callable[[], Callable[[], Gradients]]  # a step, which returns a way to its gradients


class UnavailableError(Exception):
    """This contender cannot be had here."""


def contender(name: str, problem: Problem) -> Contender:
    """Its step, not yet called. Raises UnavailableError where it is not installed."""
    try:
        return MAKERS[name](problem)
    except (ImportError, NotImplementedError) as error:
        raise UnavailableError(f"{name}: {error}") from None


def _manual(problem: Problem) -> Contender:
    def step() -> Callable[[], Gradients]:
        _, gradients = loss_and_gradients(problem.params, problem.X, problem.y, problem.reg)
        return lambda: gradients

    return step


def _eager(problem: Problem) -> Contender:
    from compare.agreement.bridge import to_torch
    from torch_ref import loss as torch_loss

    model, X, y = to_torch(problem)
    return _torch_step(model, lambda: torch_loss(model, model(X), y, problem.reg))


def _compiled(problem: Problem) -> Contender:
    import torch

    from compare.agreement.bridge import to_torch
    from torch_ref import loss as torch_loss

    model, X, y = to_torch(problem)
    compiled = torch.compile(
        lambda X, y: torch_loss(model, model(X), y, problem.reg), dynamic=False
    )
    return _torch_step(model, lambda: compiled(X, y))


def _torch_step(model: Any, forward: Callable[[], Any]) -> Contender:
    fc1, fc2 = model.fc1, model.fc2

    def gradients() -> Gradients:
        W1, b1, W2, b2 = (p.grad.numpy() for p in (fc1.weight, fc1.bias, fc2.weight, fc2.bias))
        return W1.T, b1[None], W2.T, b2[None]

    def step() -> Callable[[], Gradients]:
        model.zero_grad()
        forward().backward()
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


MANUAL = "manual"
MAKERS: dict[str, Callable[[Problem], Contender]] = {
    MANUAL: _manual,
    "torch eager": _eager,
    "torch.compile": _compiled,
    "jax.jit": _jax,
}


def check_gradients(problem: Problem, found: dict[str, Gradients]) -> None:
    """Raises ValueError if the contenders' gradients differ by more than rounding explains."""
    from compare.agreement.quantity import compare_quantity
    from compare.bounds.long_batch import summed_errors
    from compare.bounds.quantities import GRADIENTS

    error = summed_errors(problem)
    for name, gradients in found.items():
        for quantity, value, manual in zip(GRADIENTS, gradients, found[MANUAL], strict=True):
            same = compare_quantity(quantity, manual, value, error[quantity])
            if not same.ok:
                raise ValueError(
                    f"{name}: expected the manual {quantity} within rounding, got one "
                    f"{same.max_abs_diff:.1e} away, where {same.allowed:.1e} is allowed"
                )
