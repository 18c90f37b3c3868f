"""Between NumPy and PyTorch. The project's only transposes for nn.Linear's (out, in) stand here."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from compare.bounds.quantities import Values
from compare.problems.problem import Problem
from manual import Params
from torch_ref import Step, TwoLayerNet
from torch_ref.autograd import gradient
from torch_ref.spelling import MatmulNet


def choose_device(name: str, dtype: str) -> str:
    """`name`, if this PyTorch can compute in `dtype` there; else ValueError. Pins TF32 off."""
    available = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    kind = name.partition(":")[0]
    if not available.get(kind, False):
        usable = ", ".join(kind for kind, here in available.items() if here)
        raise ValueError(f"device: expected one that PyTorch has here ({usable}), got {name!r}")
    if kind == "mps" and dtype == "float64":
        raise ValueError("device: expected cpu or cuda for float64, got 'mps', which has none")
    try:
        torch.zeros(1, device=name)
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f"device: expected one that PyTorch has here, got {name!r}: {reason}"
        ) from None
    torch.backends.cuda.matmul.allow_tf32 = False
    return name


def to_torch(problem: Problem, device: str = "cpu") -> tuple[TwoLayerNet, Tensor, Tensor]:
    """A model with the problem's weights, X and y: copies, which share no memory with it."""
    _, D, H, C = problem.sizes
    X = torch.tensor(problem.X, device=device)
    y = torch.tensor(problem.y, device=device, dtype=torch.int64)
    model = TwoLayerNet(D, H, C, X.dtype, device)
    load(model, problem.params)
    return model, X, y


def load(model: TwoLayerNet, params: Params) -> None:
    """Copy the weights into the model, bit for bit."""
    with torch.no_grad():
        for layer, W, b in (
            (model.fc1, params.W1, params.b1),
            (model.fc2, params.W2, params.b2),
        ):
            layer.weight.copy_(torch.tensor(W.T))
            layer.bias.copy_(torch.tensor(b[0]))


def parameters(model: TwoLayerNet) -> Params:
    """The model's weights as the notes keep them: copies."""
    return _params(model, lambda parameter: parameter.detach())


def gradients(model: TwoLayerNet) -> Params:
    """What backward left in the parameters' `.grad`, as the notes keep it: copies.

    Raises ValueError if it left nothing.
    """
    return _params(model, gradient)


def _params(model: TwoLayerNet, read: Callable[[Tensor], Tensor]) -> Params:
    def layer(linear: nn.Linear) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]:
        return to_array(read(linear.weight)).T.copy(), to_array(read(linear.bias))[None].copy()

    return Params(*layer(model.fc1), *layer(model.fc2))


def to_matmul(problem: Problem, device: str = "cpu") -> tuple[MatmulNet, Tensor, Tensor]:
    """As `to_torch`, for the spelling that keeps the weights as the notes do."""
    _, D, H, C = problem.sizes
    X = torch.tensor(problem.X, device=device)
    y = torch.tensor(problem.y, device=device, dtype=torch.int64)
    model = MatmulNet(D, H, C, X.dtype, device)
    with torch.no_grad():
        for name, value in problem.params._asdict().items():
            model.get_parameter(name).copy_(torch.tensor(value))
    return model, X, y


def to_values(step: Step) -> Values:
    """Autograd's step in the notes' orientation: weights (in, out), biases as rows."""
    arrays = {name: to_array(tensor) for name, tensor in step._asdict().items()}
    for weight in ("dW1", "dW2"):
        arrays[weight] = arrays[weight].T
    for bias in ("db1", "db2"):
        arrays[bias] = arrays[bias][None]
    return Values(**arrays)


def to_array(tensor: Tensor) -> npt.NDArray[Any]:
    """The tensor's values where NumPy can read them; on the CPU they share its memory."""
    array: npt.NDArray[Any] = tensor.cpu().numpy()
    return array
