"""Every gradient on every edge of autograd's graph, and every tensor that a node kept, beside the
manual quantity that each of them is.

Which quantity a gradient should be follows from the tensor that it is the gradient of, where the
forward pass has a name for that tensor; elsewhere it is recognised by its values. What a node kept
is recognised by the memory it lies in or, where no tensor of ours lies there, by its values.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from torch import Tensor

from compare.agreement.bridge import to_array
from compare.agreement.quantity import Quantity, compare_quantity, mismatched
from compare.graph.counterparts import Array, Counterpart, displayed, forms, manual_lines
from compare.graph.slots import Graph, expected_key
from torch_ref.graph import Node, Saved, storage
from torch_ref.spelling import Tensors

NO_COUNTERPART = "no manual quantity has these values"


class Kept(NamedTuple):
    """A tensor that a node kept from the forward pass, or None if it had no need of it."""

    name: str
    quantity: Quantity | None  # its key is "" where no manual quantity was recognised
    bytes: int
    storage: int

    @property
    def ok(self) -> bool:
        return self.quantity is None or self.quantity.ok


class Leaving(NamedTuple):
    to: int | None
    quantity: Quantity | None  # None: this gradient is not needed


@dataclass(frozen=True)
class Step:
    """One node beside the manual lines that it does."""

    order: int
    name: str
    manual: tuple[str, ...]
    saved: tuple[Kept, ...]
    arrives: tuple[Quantity, ...]
    leaves: tuple[Leaving, ...]

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """All that was judged here, in the order in which it was there."""
        saved = (kept.quantity for kept in self.saved)
        left = (leaving.quantity for leaving in self.leaves)
        return tuple(q for q in (*saved, *self.arrives, *left) if q is not None)


def judge_node(
    node: Node,
    graph: Graph,
    gradients: dict[str, Counterpart],
    values: dict[str, Counterpart],
    tensors: Tensors,
) -> Step:
    arrives = tuple(
        _judge_gradient(gradient, (node.order, k), None, graph, gradients)
        for k, gradient in enumerate(node.arrives)
        if gradient is not None
    )
    leaves = tuple(
        Leaving(
            edge.to,
            None
            if edge.gradient is None
            else _judge_gradient(edge.gradient, edge[:2], node.order, graph, gradients),
        )
        for edge in node.leaves
    )
    saved = tuple(_recognise(saved, values, tensors) for saved in node.saved)
    left = [leaving.quantity.key for leaving in leaves if leaving.quantity is not None]
    manual = manual_lines(node.name, [q.key for q in arrives], left)
    return Step(node.order, node.name, manual, saved, arrives, leaves)


def _judge_gradient(
    gradient: Tensor,
    at: tuple[int | None, int],
    sender: int | None,
    graph: Graph,
    gradients: dict[str, Counterpart],
) -> Quantity:
    array = to_array(gradient)
    slot = graph.slots.get(at)
    if slot is None:
        found = _nearest([form for c in gradients.values() for form in forms(c, array)], array)
        # A graph of nodes that we know has no room for a gradient that we do not.
        return found if found.ok or graph.known else _unrecognised(array)
    expected = gradients[expected_key(slot, at, sender, graph)]
    fitting = forms(expected, array, slot.turned)
    if fitting:
        return _nearest(fitting, array)
    shapes = f"shape {expected.value.shape} by hand, {array.shape} by autograd"
    return mismatched(expected.key, array, shapes, name=expected.name)


def _recognise(saved: Saved, values: dict[str, Counterpart], tensors: Tensors) -> Kept:
    if saved.tensor is None:
        return Kept(saved.name, None, 0, 0)
    array, address = to_array(saved.tensor), storage(saved.tensor)
    owners = [name for name, tensor in tensors._asdict().items() if storage(tensor) == address]
    if any(name in values for name in owners):
        fitting = [f for name in owners if name in values for f in forms(values[name], array)]
        found = _nearest(fitting, array) if fitting else _unrecognised(array)
    else:
        found = _by_value(array, values)
    return Kept(saved.name, found, saved.tensor.nbytes, address)


def _by_value(array: Array, values: dict[str, Counterpart]) -> Quantity:
    found = _nearest([form for c in values.values() for form in forms(c, array)], array)
    P = values["P"]
    if not found.ok and array.shape == P.value.shape and array.dtype.kind == "f":
        # The manual pass keeps P and not log P; the bound on P holds for exp(log P) too, which is
        # how autograd takes P on the way back.
        found = compare_quantity("log_P", P.value, np.exp(array), P.error, displayed("log_P"))
    return found if found.ok else _unrecognised(array)


def _nearest(fitting: Sequence[Counterpart], array: Array) -> Quantity:
    """The judgement of the first form that agrees or, where none does, of the nearest."""
    judged = [
        compare_quantity(form.key, form.value, array, form.error, form.name) for form in fitting
    ]
    if not judged:
        return mismatched("", array, NO_COUNTERPART)
    return min(judged, key=lambda q: (not q.ok, 0 if q.ok else np.nan_to_num(q.used, nan=np.inf)))


def _unrecognised(array: Array) -> Quantity:
    return mismatched("", array, NO_COUNTERPART, ok=True)
