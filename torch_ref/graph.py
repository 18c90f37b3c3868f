"""The autograd graph as records: nodes in the order in which they ran, what each had saved, and
the gradient on every edge. All of it is observed; nothing here knows which nodes there are.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from torch import Tensor
from torch.autograd.graph import Node as AutogradNode
from torch.autograd.graph import get_gradient_edge

from torch_ref.spelling import Tensors

Gradients = tuple[Tensor | None, ...]


class Saved(NamedTuple):
    """A tensor that a node kept from the forward pass; None: it had no need of this one."""

    name: str  # as PyTorch calls it: mat1, result, self, ...
    tensor: Tensor | None


class Edge(NamedTuple):
    """Where a gradient goes: to which node, and as the gradient of which of its outputs."""

    to: int | None  # that node's order; None: nobody asks for this gradient
    output: int
    gradient: Tensor | None


@dataclass(frozen=True)
class Node:
    """One node of the graph, and what passed through it."""

    order: int  # counted from 1, as the engine ran them
    name: str
    outputs: tuple[str, ...]  # the forward tensor that each output is, "" if it has no name
    saved: tuple[Saved, ...]
    arrives: Gradients  # one for each output
    leaves: tuple[Edge, ...]  # one for each input


def observe(tensors: Tensors) -> tuple[Node, ...]:
    """Run backward from `tensors.loss`, and say what happened, in the order in which it did.

    The gradients also end up in the leaves' `.grad`, as after any backward.
    """
    nodes = _reachable(tensors.loss.grad_fn)
    saved = [tuple(_saved(node)) for node in nodes]  # now: backward frees them
    names = {_place(tensor): name for name, tensor in tensors._asdict().items()}
    arrived: dict[AutogradNode, Gradients] = {}
    left: dict[AutogradNode, Gradients] = {}
    handles = [node.register_prehook(_note(arrived, node)) for node in nodes]
    handles += [node.register_hook(_note(left, node)) for node in nodes]
    try:
        tensors.loss.backward()  # type: ignore[no-untyped-call]
    finally:
        for handle in handles:
            handle.remove()

    order = {node: number for number, node in enumerate(arrived, 1)}
    kept = dict(zip(nodes, saved, strict=True))

    def edges(node: AutogradNode) -> tuple[Edge, ...]:
        ways = zip(node.next_functions, left.get(node, ()), strict=False)
        return tuple(Edge(order.get(to) if to else None, k, gradient) for (to, k), gradient in ways)

    return tuple(
        Node(
            order=number,
            name=type(node).__name__,
            outputs=tuple(names.get((node, k), "") for k in range(len(arrived[node]))),
            saved=kept[node],
            arrives=arrived[node],
            leaves=edges(node),
        )
        for node, number in order.items()
    )


def _reachable(root: AutogradNode | None) -> list[AutogradNode]:
    found: dict[AutogradNode, None] = {}
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in found:
            found[node] = None
            waiting.extend(to for to, _ in node.next_functions)
    return list(found)


def _place(tensor: Tensor) -> tuple[AutogradNode, int] | None:
    """The node, and which of its outputs, that the gradient with respect to `tensor` arrives at."""
    if not tensor.requires_grad:
        return None
    edge = get_gradient_edge(tensor)
    return edge.node, edge.output_nr


def _note(notes: dict[AutogradNode, Gradients], node: AutogradNode) -> Callable[..., None]:
    """A hook that keeps copies of the gradients it sees first. It returns None: anything else
    would take the gradients' place.
    """

    def hook(gradients: Gradients, *_: Gradients) -> None:
        # The engine may add to a gradient in place, later on.
        notes[node] = tuple(None if g is None else g.detach().clone() for g in gradients)

    return hook


def _saved(node: AutogradNode) -> Iterator[Saved]:
    for attribute in dir(node):
        if attribute.startswith("_saved_"):
            yield from _tensors(attribute.removeprefix("_saved_"), getattr(node, attribute))


def _tensors(name: str, value: Any) -> Iterator[Saved]:
    if value is None or isinstance(value, Tensor):
        yield Saved(name, None if value is None else value.detach())
    elif isinstance(value, tuple | list):
        for index, item in enumerate(value):
            if isinstance(item, Tensor):
                yield from _tensors(f"{name}[{index}]", item)


def storage(tensor: Tensor) -> int:
    """The address of the memory that holds the tensor's elements, which its views share."""
    return tensor.untyped_storage().data_ptr()
