"""The notes in NumPy: forward, backward, and the loss and gradients that a step needs."""

from manual.batches import loss_and_gradients
from manual.network import Backward, Forward, Params, backward, forward

__all__ = ["Backward", "Forward", "Params", "backward", "forward", "loss_and_gradients"]
