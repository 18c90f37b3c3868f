"""Gradient descent on all ranks in lockstep: every step by hand and by DDP, judged on rank 0."""

from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

import numpy as np
import torch

from compare.agreement.bridge import gradients
from compare.agreement.quantity import Quantity, compare_quantity
from compare.bounds.quantities import GRADIENTS, SUMMED
from compare.bounds.reference import Float64s
from compare.distributed.batch import ROWS, Batch, largest_label, parts, shard
from compare.distributed.group import (
    Group,
    agree,
    all_reduce,
    broadcast,
    fingerprint,
    largest,
    tell,
)
from compare.distributed.shares import Network, averaged, errors, sums
from compare.distributed.watched import Event, Watched, tensors, watch
from compare.problems.problem import dtype_named
from compare.problems.seeded import generator, initial_params
from manual import Params
from manual.network import Array
from torch_ref.data_parallel import accumulate, mean_of_own_rows


class Plan(NamedTuple):
    """What is asked for. All ranks are asked for the same."""

    seed: int
    hidden: int
    reg: float
    steps: int
    learning_rate: float


class Step(NamedTuple):
    """One step, against the full batch in one process."""

    loss: float  # by hand
    by_hand: tuple[Quantity, ...]  # the loss and the four gradients
    scaled: tuple[Quantity, ...]  # the four gradients by DDP, each row counted ranks / N times
    usual: tuple[float, ...]  # largest |DDP as it is usually written - full|, of each gradient

    @property
    def first_difference(self) -> Quantity | None:
        return next((q for q in (*self.by_hand, *self.scaled) if not q.ok), None)

    @property
    def tightest(self) -> Quantity:
        return max((*self.by_hand, *self.scaled), key=lambda q: q.used)


@dataclass(frozen=True)
class Lockstep:
    """What rank 0 knows when all steps are done."""

    N: int
    D: int
    classes: int
    shards: tuple[int, ...]  # rows of each rank
    weights: str  # SHA-256 of the initial ones
    steps: tuple[Step, ...]
    bytes_by_hand: int  # in one all_reduce, each step
    first_events: tuple[Event, ...]  # of DDP, in the first step
    last_events: tuple[Event, ...]
    same_bits: bool  # all ranks have the same gradients, in every step

    @property
    def even(self) -> bool:
        return len(set(self.shards)) == 1

    @property
    def agree(self) -> bool:
        return self.same_bits and all(step.first_difference is None for step in self.steps)


def descend(group: Group, batch: Batch, plan: Plan, network: Network) -> Lockstep:
    """All steps from this network, on this rank; what is found is complete on rank 0 alone.

    Raises ValueError for numbers that cannot be used, and for a learning rate that drives the
    weights to infinity.
    """
    weights, digest = fingerprint(network.params), sha256()
    both = _Both(watch(group, network.params), watch(group, network.params))
    rate = dtype_named(batch.dtype).type(plan.learning_rate)
    steps, events, handed_over = [], [], 0

    for number in range(1, plan.steps + 1):
        taken = _take(group, batch, network, both, number)
        group.begin(f"the full batch in one process on rank 0, step {number}")
        if group.rank == 0:
            steps.append(_judge(network, batch, taken, group.ranks))
        digest.update(fingerprint([*taken.by_hand, *taken.usual, *taken.scaled]).encode())
        events.append(tuple(both.scaled.events))
        handed_over = taken.bytes
        descended = (W - rate * dW for W, dW in zip(network.params, taken.by_hand[1:], strict=True))
        network = network._replace(params=Params(*descended))
        if not all(np.isfinite(W).all() for W in network.params):
            raise ValueError(
                f"--learning-rate: expected one at which the weights stay finite, got "
                f"{plan.learning_rate!r}: they overflow at step {number}"
            )

    group.begin("the comparison of all bits")
    bits = tell(group, "bits", digest.hexdigest())
    return Lockstep(
        N=batch.N,
        D=batch.D,
        classes=network.params.W2.shape[1],
        shards=tuple(len(shard(batch.N, rank, group.ranks)) for rank in range(group.ranks)),
        weights=weights,
        steps=tuple(steps),
        bytes_by_hand=handed_over,
        first_events=events[0],
        last_events=events[-1],
        same_bits=len(set(bits)) == 1,
    )


def start(group: Group, batch: Batch, plan: Plan) -> Network:
    """The same weights to the bit on every rank, drawn by rank 0 alone.

    Raises DisagreementError, on every rank, if a rank has other weights all the same.
    """
    group.begin("the initial weights")
    classes = batch.classes or max(2, 1 + largest(group, largest_label(batch, _rows(group, batch))))
    params = initial_params(generator(plan.seed), batch.D, plan.hidden, classes, batch.dtype)
    if group.rank != 0:
        params = Params(*map(np.zeros_like, params))
    params = Params(*broadcast(group, params))
    agree(group, "weights", {"weights with the SHA-256": fingerprint(params)})
    return Network(params, plan.reg)


class _Both(NamedTuple):
    usual: Watched
    scaled: Watched


class _Taken(NamedTuple):
    """A step on one rank, after all sums over the ranks."""

    by_hand: list[Array]  # the loss and the four gradients
    bytes: int
    usual: Params
    scaled: Params
    error: dict[str, Float64s]  # E for the loss and the four gradients


def _take(group: Group, batch: Batch, network: Network, both: _Both, number: int) -> _Taken:
    rows = _rows(group, batch)
    group.begin(f"its rows by hand, step {number}")
    loss, own = sums(network, batch, rows)
    group.begin(f"the sum over the ranks, step {number}")
    by_hand, handed_over = all_reduce(group, [np.asarray(loss), *own])

    group.begin(f"DDP as it is usually written, step {number}")
    both.usual.start(network.params)
    _usual(group, batch, rows, both.usual, network.reg)
    group.begin(f"DDP with each row counted ranks / N times, step {number}")
    both.scaled.start(network.params)
    blocks = tensors(parts(batch, rows), group.device)
    accumulate(both.scaled.model, blocks, network.reg, group.ranks / batch.N)

    group.begin(f"the bounds for its rows, step {number}")
    error = errors(network, batch, rows)
    group.begin(f"the sum of the bounds, step {number}")
    summed, _ = all_reduce(group, list(error.values()))
    found = dict(zip(error, summed, strict=True))
    usual, scaled = (gradients(ddp.net) for ddp in both)
    return _Taken(by_hand, handed_over, usual, scaled, found)


def _usual(group: Group, batch: Batch, rows: range, ddp: Watched, reg: float) -> None:
    blocks = tensors(parts(batch, rows), group.device)
    if len(rows) <= ROWS:
        X, y = zip(*blocks, strict=True)
        mean_of_own_rows(ddp.model, torch.cat(X), torch.cat(y), reg)
    else:
        accumulate(ddp.model, blocks, reg, 1 / len(rows))


def _judge(network: Network, batch: Batch, taken: _Taken, ranks: int) -> Step:
    """Against the full batch in one process, by hand: the same lines without any other rank."""
    loss, in_one = sums(network, batch, range(batch.N))
    full = [np.asarray(loss), *in_one]
    scaled = averaged(network, taken.error, batch.N, ranks)
    with np.errstate(all="ignore"):
        return Step(
            loss=float(taken.by_hand[0]),
            by_hand=tuple(
                compare_quantity(name, here, there, taken.error[name])
                for name, here, there in zip(SUMMED, taken.by_hand, full, strict=True)
            ),
            scaled=tuple(
                compare_quantity(name, here, there, scaled[name])
                for name, here, there in zip(GRADIENTS, taken.scaled, in_one, strict=True)
            ),
            usual=tuple(
                float(abs(here - there).max())
                for here, there in zip(taken.usual, in_one, strict=True)
            ),
        )


def _rows(group: Group, batch: Batch) -> range:
    return shard(batch.N, group.rank, group.ranks)
