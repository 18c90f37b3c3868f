"""Autograd's own steps beside the manual lines: every gradient on every edge of the graph, every
tensor that a node kept, and the manual quantity that each of them is.

Which quantity a gradient should be follows from the tensor that it is the gradient of, where the
forward pass has a name for that tensor; elsewhere it is recognised by its values. What a node kept
is recognised by the memory it lies in or, where no tensor of ours lies there, by its values.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple

import numpy as np
from torch import Tensor

from compare.agreement import Quantity, compare_quantity, manual_step, masked_differently
from compare.bridge import to_array, to_matmul, to_torch
from compare.counterparts import (
    KNOWN,
    Array,
    Counterpart,
    forms,
    gradients_by_hand,
    manual_lines,
    plain,
    values_by_hand,
)
from compare.problem import Problem
from compare.rounding import error_bounds
from manual import Backward, Forward, backward
from torch_ref.graph import Node, Saved, observe, storage
from torch_ref.spelling import Tensors, linear, matmul, weight_decay

SPELLINGS = ("linear", "matmul", "weight-decay")

NO_COUNTERPART = "no manual quantity has these values"


class Kept(NamedTuple):
    """A tensor that a node kept from the forward pass, or None if it had no need of it."""

    name: str
    quantity: Quantity | None  # its own name is "" where no manual quantity was recognised
    bytes: int
    storage: int

    @property
    def ok(self) -> bool:
        return self.quantity is None or self.quantity.ok


class Leaving(NamedTuple):
    to: int | None
    quantity: Quantity | None  # None: nobody asks for this gradient


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


class Memory(NamedTuple):
    """Memory that autograd's graph holds between forward and backward."""

    name: str
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


@dataclass(frozen=True)
class Walk:
    """One backward pass of autograd's, node by node, beside the manual one."""

    spelling: str
    steps: tuple[Step, ...]
    kept: tuple[Memory, ...]  # by autograd's graph
    handed_over: tuple[HandedOver, ...]  # by the manual forward pass
    never_kept: tuple[str, ...]  # of the forward pass's tensors, by any node of the data's branch
    sums: tuple[Sum, ...]
    kinks: int

    @property
    def first_difference(self) -> tuple[Step, Quantity] | None:
        return next(((s, q) for s in self.steps for q in s.quantities if not q.ok), None)

    @property
    def agree(self) -> bool:
        return self.first_difference is None

    @property
    def edges(self) -> int:
        """How many gradients travelled, the first included."""
        return 1 + sum(leaving.quantity is not None for s in self.steps for leaving in s.leaves)


def walk(problem: Problem, spelling: str = "linear", device: str = "cpu") -> Walk:
    """Run `problem` once by hand and once by autograd, written in one of SPELLINGS.

    Raises ValueError for another spelling, ManualPassError if a manual line raises an error.
    """
    fwd, _ = manual_step(problem)
    tensors = spell(problem, spelling, device)
    return compare_graph(problem, fwd, tensors, observe(tensors), spelling)


def spell(problem: Problem, name: str, device: str = "cpu") -> Tensors:
    """The forward pass of `problem` in PyTorch. Raises ValueError unless `name` is in SPELLINGS."""
    if name == "linear":
        return linear(*to_torch(problem, device), problem.reg)
    if name == "matmul":
        return matmul(*to_matmul(problem, device), problem.reg)
    if name == "weight-decay":
        return weight_decay(*to_torch(problem, device))
    raise ValueError(
        f"spelling: expected {', '.join(SPELLINGS[:-1])} or {SPELLINGS[-1]}, got {name!r}"
    )


def compare_graph(
    problem: Problem, fwd: Forward, tensors: Tensors, nodes: tuple[Node, ...], spelling: str
) -> Walk:
    """A manual forward pass, and the manual backward pass from it, against autograd's records."""
    bounds = error_bounds(problem)
    a1 = to_array(tensors.a1.detach())
    kinks = masked_differently(fwd.a1, a1, bounds)
    if kinks.any():  # as in compare_steps: rounding chose the side, so take autograd's
        fwd = fwd._replace(a1=np.where(kinks, a1, fwd.a1))
    manual = backward(problem.params, problem.X, problem.reg, fwd)
    gradients, memory = gradients_by_hand(problem, fwd, manual), values_by_hand(problem, fwd)
    graph = _Graph(nodes, _slots(problem, tensors, nodes), _data_branch(nodes))
    steps = tuple(_step(node, graph, gradients, memory, tensors) for node in nodes)
    data_steps = [step for step in steps if step.order in graph.data]
    return Walk(
        spelling,
        steps,
        kept=_kept(steps, tensors),
        handed_over=_handed_over(problem, fwd, manual),
        never_kept=_never_kept(data_steps),
        sums=tuple(_sum(weight, graph, gradients) for weight in ("W2", "W1")),
        kinks=int(kinks.sum()),
    )


# Which gradient belongs to which tensor.


class _Slot(NamedTuple):
    """The tensor whose gradient arrives; `turned`: it is the transpose of the manual one."""

    name: str
    turned: bool


class _Graph(NamedTuple):
    nodes: tuple[Node, ...]
    slots: dict[tuple[int | None, int], _Slot]  # by a node's order and the number of its output
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


def _slots(
    problem: Problem, tensors: Tensors, nodes: tuple[Node, ...]
) -> dict[tuple[int | None, int], _Slot]:
    """The named ones, and two more that have one meaning only: what TBackward0 turns is the
    gradient of what it passes on, and what LogSoftmaxBackward0 receives that of log P.
    """
    slots: dict[tuple[int | None, int], _Slot] = {}
    for node in reversed(nodes):
        for output, name in enumerate(node.outputs):
            if name:
                slots[node.order, output] = _Slot(name, _turned(name, problem, tensors))
        if node.name == "LogSoftmaxBackward0":
            slots[node.order, 0] = _Slot("log P", False)
        if node.name == "TBackward0":
            passed_on = slots.get(node.leaves[0][:2])
            if passed_on is not None:
                slots[node.order, 0] = _Slot(passed_on.name, not passed_on.turned)
    return slots


def _turned(name: str, problem: Problem, tensors: Tensors) -> bool:
    if name not in ("W1", "W2"):
        return False
    weight = to_array(getattr(tensors, name).detach())
    return not np.array_equal(weight, getattr(problem.params, name))


def _data_branch(nodes: tuple[Node, ...]) -> frozenset[int]:
    z2 = {node.order for node in nodes if "z2" in node.outputs}
    before, after = set(z2), set(z2)
    for node in reversed(nodes):
        if any(edge.to in before for edge in node.leaves):
            before.add(node.order)
    for node in nodes:
        if node.order in after:
            after.update(edge.to for edge in node.leaves if edge.to is not None)
    return frozenset(before | after)


def _expected(slot: _Slot, at: tuple[int | None, int], sender: int | None, graph: _Graph) -> str:
    """What the gradient by a tensor has to be; `sender` is None for all that arrived, added up."""
    names = {"loss": "1", "log P": "−Y_ind/N"}
    if slot.name not in ("W1", "W2"):
        return names.get(slot.name, f"d{slot.name}")
    senders = [number for number, _ in graph.sent_to(at[0])]
    if sender is None and len(senders) > 1:
        return f"d{slot.name}"
    if sender is None or sender in graph.data:
        return "a1.T·dz2" if slot.name == "W2" else "X.T·dz1"
    # W * W is a product of two Ws, and gives each of them half.
    return f"reg·{slot.name}" if senders.count(sender) == 1 else f"½·reg·{slot.name}"


# Recognising and judging.


def _step(
    node: Node,
    graph: _Graph,
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
    left = [leaving.quantity.name for leaving in leaves if leaving.quantity is not None]
    manual = manual_lines(node.name, [q.name for q in arrives], left)
    return Step(node.order, node.name, manual, saved, arrives, leaves)


def _judge_gradient(
    gradient: Tensor,
    at: tuple[int | None, int],
    sender: int | None,
    graph: _Graph,
    gradients: dict[str, Counterpart],
) -> Quantity:
    array = to_array(gradient)
    slot = graph.slots.get(at)
    if slot is None:
        found = _nearest([form for c in gradients.values() for form in forms(c, array)], array)
        # A graph of nodes that we know has no room for a gradient that we do not.
        return found if found.ok or graph.known else _unrecognised(array)
    expected = gradients[_expected(slot, at, sender, graph)]
    fitting = forms(expected, array, slot.turned)
    if fitting:
        return _nearest(fitting, array)
    shapes = f"shape {expected.value.shape} by hand, {array.shape} by autograd"
    return _without_counterpart(expected.name, array, ok=False, why=shapes)


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
        found = compare_quantity("log P", P.value, np.exp(array), P.error)
    return found if found.ok else _unrecognised(array)


def _nearest(fitting: Sequence[Counterpart], array: Array) -> Quantity:
    """The judgement of the first form that agrees or, where none does, of the nearest."""
    judged = [compare_quantity(form.name, form.value, array, form.error) for form in fitting]
    if not judged:
        return _without_counterpart("", array, ok=False)
    return min(judged, key=lambda q: (not q.ok, 0 if q.ok else np.nan_to_num(q.used, nan=np.inf)))


def _unrecognised(array: Array) -> Quantity:
    return _without_counterpart("", array, ok=True)


def _without_counterpart(name: str, array: Array, ok: bool, why: str = NO_COUNTERPART) -> Quantity:
    nan = np.nan
    return Quantity(name, array.shape, nan, (), nan, nan, nan, ok, nan, why)


# What was kept, and what the engine added.


def _kept(steps: tuple[Step, ...], tensors: Tensors) -> tuple[Memory, ...]:
    """Each piece of memory once, however many nodes keep it."""
    ours = {storage(tensor) for tensor in tensors if tensor.is_leaf}
    found: dict[int, Memory] = {}
    for kept in (kept for step in steps for kept in step.saved):
        if kept.quantity is not None and kept.storage not in found:
            name = plain(kept.quantity.name) or kept.name
            found[kept.storage] = Memory(name, kept.bytes, kept.storage not in ours)
    return tuple(found.values())


def _handed_over(problem: Problem, fwd: Forward, manual: Backward) -> tuple[HandedOver, ...]:
    """What forward returned; backward reads what it cannot do without, found by spoiling it."""

    def read(name: str, value: Array) -> bool:
        spoilt = Forward(**(fwd._asdict() | {name: np.full_like(value, np.nan)}))
        again = backward(problem.params, problem.X, problem.reg, spoilt)
        return not all(map(np.array_equal, again, manual))

    return tuple(
        HandedOver(name, value.nbytes, read(name, value)) for name, value in fwd._asdict().items()
    )


def _never_kept(data_steps: Iterable[Step]) -> tuple[str, ...]:
    kept = {
        plain(kept.quantity.name)
        for step in data_steps
        for kept in step.saved
        if kept.quantity is not None
    }
    names = ("X", "W1", "b1", "z1", "a1", "W2", "b2", "z2")
    return tuple(name for name in names if name not in kept)


def _sum(weight: str, graph: _Graph, gradients: dict[str, Counterpart]) -> Sum:
    (node,) = (node for node in graph.nodes if weight in node.outputs)
    sent = graph.sent_to(node.order)
    arrived = next(to_array(gradient) for gradient in node.arrives if gradient is not None)
    whole, penalty = gradients[f"d{weight}"].value, gradients[f"reg·{weight}"].value
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
