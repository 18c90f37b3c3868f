"""Which tensor a gradient in autograd's graph belongs to, and so what it has to be."""

from typing import NamedTuple

import numpy as np

from compare.agreement.bridge import to_array
from compare.graph.counterparts import KNOWN, Array
from compare.problems.problem import Problem
from torch_ref.graph import Node
from torch_ref.spelling import Tensors


class Slot(NamedTuple):
    """The tensor whose gradient arrives; `turned`: it is the transpose of the manual one."""

    name: str
    turned: bool


class Graph(NamedTuple):
    nodes: tuple[Node, ...]
    slots: dict[tuple[int | None, int], Slot]  # by a node's order and the number of its output
    data: frozenset[int]  # the nodes on the way from the loss through z2

    @property
    def known(self) -> bool:
        return all(node.name in KNOWN for node in self.nodes)

    def sent_to(self, order: int | None) -> list[tuple[int, Array]]:
        """The gradients that were added up at a node, and who sent them, in that order."""
        return [
            (node.order, to_array(edge.gradient))
            for node in self.nodes
            for edge in node.leaves
            if edge.to == order and edge.gradient is not None
        ]


def slots_of(
    problem: Problem, tensors: Tensors, nodes: tuple[Node, ...]
) -> dict[tuple[int | None, int], Slot]:
    """The named ones, and two more that have one meaning only: what TBackward0 turns is the
    gradient of what it passes on, and what LogSoftmaxBackward0 receives that of log P.
    """
    slots: dict[tuple[int | None, int], Slot] = {}
    for node in reversed(nodes):
        for output, name in enumerate(node.outputs):
            if name:
                slots[node.order, output] = Slot(name, _turned(name, problem, tensors))
        if node.name == "LogSoftmaxBackward0":
            slots[node.order, 0] = Slot("log_P", False)
        if node.name == "TBackward0":
            passed_on = slots.get(node.leaves[0][:2])
            if passed_on is not None:
                slots[node.order, 0] = Slot(passed_on.name, not passed_on.turned)
    return slots


def _turned(name: str, problem: Problem, tensors: Tensors) -> bool:
    if name not in ("W1", "W2"):
        return False
    weight = to_array(getattr(tensors, name).detach())
    return not np.array_equal(weight, getattr(problem.params, name))


def data_branch(nodes: tuple[Node, ...]) -> frozenset[int]:
    z2 = {node.order for node in nodes if "z2" in node.outputs}
    before, after = set(z2), set(z2)
    for node in reversed(nodes):
        if any(edge.to in before for edge in node.leaves):
            before.add(node.order)
    for node in nodes:
        if node.order in after:
            after.update(edge.to for edge in node.leaves if edge.to is not None)
    return frozenset(before | after)


def expected_key(slot: Slot, at: tuple[int | None, int], sender: int | None, graph: Graph) -> str:
    """The key of what a tensor's gradient has to be; `sender` is None for all that arrived."""
    keys = {"loss": "one", "log_P": "true_class"}
    if slot.name not in ("W1", "W2"):
        return keys.get(slot.name, f"d{slot.name}")
    senders = [number for number, _ in graph.sent_to(at[0])]
    if sender is None and len(senders) > 1:
        return f"d{slot.name}"
    if sender is None or sender in graph.data:
        return f"data_d{slot.name}"
    # W * W is a product of two Ws, and gives each of them half.
    return f"penalty_{slot.name}" if senders.count(sender) == 1 else f"half_penalty_{slot.name}"
