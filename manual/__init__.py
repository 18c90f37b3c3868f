"""The notes in NumPy: forward, backward, and the loss and gradients that a step needs."""

from manual.network import Backward, Forward, Params, backward, forward, loss_and_gradients

__all__ = ["Backward", "Forward", "Params", "backward", "forward", "loss_and_gradients"]
