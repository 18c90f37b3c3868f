"""One backward pass of autograd's, node by node, beside the manual one."""

from dataclasses import dataclass

from compare.agreement.bridge import to_array, to_matmul, to_torch
from compare.agreement.kinks import on_autograds_side
from compare.agreement.quantity import Quantity
from compare.agreement.step import manual_step
from compare.bounds.rounding import error_bounds
from compare.graph.counterparts import gradients_by_hand, values_by_hand
from compare.graph.memory import (
    HandedOver,
    Memory,
    Sum,
    handed_over,
    kept_memory,
    never_kept,
    sum_at,
)
from compare.graph.recognise import Step, judge_node
from compare.graph.slots import Graph, data_branch, slots_of
from compare.problems.problem import Problem
from manual import Forward, backward
from torch_ref.graph import Node, observe
from torch_ref.spelling import Tensors, linear, matmul, weight_decay

SPELLINGS = ("linear", "matmul", "weight-decay")


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
    fwd, kinks = on_autograds_side(fwd, to_array(tensors.a1.detach()), bounds.unsure)
    manual = backward(problem.params, problem.X, problem.reg, fwd)
    gradients, memory = gradients_by_hand(problem, fwd, manual), values_by_hand(problem, fwd)
    graph = Graph(nodes, slots_of(problem, tensors, nodes), data_branch(nodes))
    steps = tuple(judge_node(node, graph, gradients, memory, tensors) for node in nodes)
    data_steps = [step for step in steps if step.order in graph.data]
    return Walk(
        spelling,
        steps,
        kept=kept_memory(steps, tensors),
        handed_over=handed_over(problem, fwd, manual),
        never_kept=never_kept(data_steps),
        sums=tuple(sum_at(weight, graph, gradients) for weight in ("W2", "W1")),
        kinks=kinks,
    )
