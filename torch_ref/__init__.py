"""The network of the notes in torch.nn, and what autograd computes for it."""

from torch_ref.autograd import Step, step
from torch_ref.network import TwoLayerNet, loss

__all__ = ["Step", "TwoLayerNet", "loss", "step"]
