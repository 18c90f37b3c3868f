"""What each side keeps between forward and backward, and what autograd's engine adds up itself."""

from collections.abc import Iterable
from functools import reduce
from typing import NamedTuple

import numpy as np

from compare.agreement.bridge import to_array
from compare.graph.counterparts import Array, Counterpart, displayed
from compare.graph.recognise import Step
from compare.graph.slots import Graph
from compare.problems.problem import Problem
from manual import Backward, Forward, backward
from torch_ref.graph import storage
from torch_ref.spelling import Tensors


class Memory(NamedTuple):
    """Memory that autograd's graph holds between forward and backward."""

    key: str
    name: str  # as it is displayed
    bytes: int
    own: bool  # held for the backward pass alone: neither the batch nor a parameter


class HandedOver(NamedTuple):
    """A value that the manual forward pass hands to the backward pass."""

    name: str
    bytes: int
    read: bool  # the gradients depend on it


class Sum(NamedTuple):
    """What arrived at a weight, beside the sum of what was sent to it."""

    weight: str
    senders: tuple[int, ...]
    difference: float
    penalty: float  # largest |reg * W|
    missing: float  # largest |dW by hand - what arrived|


def kept_memory(steps: tuple[Step, ...], tensors: Tensors) -> tuple[Memory, ...]:
    """Each piece of memory once, however many nodes keep it."""
    ours = {storage(tensor) for tensor in tensors if tensor.is_leaf}
    found: dict[int, Memory] = {}
    for kept in (kept for step in steps for kept in step.saved):
        if kept.quantity is not None and kept.storage not in found:
            key = kept.quantity.key
            name = displayed(key) if key else kept.name
            found[kept.storage] = Memory(key, name, kept.bytes, kept.storage not in ours)
    return tuple(found.values())


def handed_over(problem: Problem, fwd: Forward, manual: Backward) -> tuple[HandedOver, ...]:
    """What forward returned; backward reads what it cannot do without, found by spoiling it."""

    def read(name: str, value: Array) -> bool:
        spoilt = Forward(**(fwd._asdict() | {name: np.full_like(value, np.nan)}))
        again = backward(problem.params, problem.X, problem.reg, spoilt)
        return not all(map(np.array_equal, again, manual))

    return tuple(
        HandedOver(name, value.nbytes, read(name, value)) for name, value in fwd._asdict().items()
    )


def never_kept(data_steps: Iterable[Step]) -> tuple[str, ...]:
    kept = {
        kept.quantity.key for step in data_steps for kept in step.saved if kept.quantity is not None
    }
    names = ("X", "W1", "b1", "z1", "a1", "W2", "b2", "z2")
    return tuple(name for name in names if name not in kept)


def sum_at(weight: str, graph: Graph, gradients: dict[str, Counterpart]) -> Sum:
    (node,) = (node for node in graph.nodes if weight in node.outputs)
    sent = graph.sent_to(node.order)
    arrived = next(to_array(gradient) for gradient in node.arrives if gradient is not None)
    whole, penalty = gradients[f"d{weight}"].value, gradients[f"penalty_{weight}"].value
    whole = whole.T if graph.slots[node.order, 0].turned else whole
    return Sum(
        weight,
        tuple(sender for sender, _ in sent),
        difference=_largest(arrived, reduce(np.add, (array for _, array in sent))),
        penalty=_largest(penalty, np.zeros_like(penalty)),
        missing=_largest(whole, arrived),
    )


def _largest(one: Array, other: Array) -> float:
    return float(abs(one - other).max()) if one.shape == other.shape else np.nan
