"""How long one step takes with one rank and with all of them, by hand and by DDP."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from compare.distributed.batch import ROWS, Batch, Part, parts, shard
from compare.distributed.group import Group, all_reduce
from compare.distributed.shares import Network, sums
from compare.distributed.watched import wrap
from manual.network import Array, Labels
from torch_ref.data_parallel import accumulate

ROUNDS = 7  # in each, every contender has its turn

Step = Callable[[], None]


class Timing(NamedTuple):
    """Median seconds of one step."""

    name: str
    one: float  # with one rank
    all: float  # with all ranks

    @property
    def speed_up(self) -> float:
        return self.one / self.all


def measure(group: Group, batch: Batch, network: Network) -> tuple[Timing, ...]:
    """All in one run, in turns, from rows that are in memory to the gradients on every rank."""
    group.begin("the rows to be timed")
    alone = dist.new_group([0])
    mine, all_rows = shard(batch.N, group.rank, group.ranks), range(batch.N)
    held = _hold(batch, all_rows if group.rank == 0 else mine)

    def nothing() -> None:
        """Wait for rank 0."""

    makers = {"by hand": _by_hand, "DDP": _by_ddp}
    steps = {name: make(group, held, network, mine, None) for name, make in makers.items()}
    steps_alone = dict.fromkeys(makers, nothing)
    if group.rank == 0:
        for name, make in makers.items():
            steps_alone[name] = make(group, held, network, all_rows, alone)

    times: dict[str, list[tuple[float, float]]] = {name: [] for name in makers}
    for number in range(1 + ROUNDS):
        for name in makers:
            group.begin(f"a step {name}, timed")
            measured = _seconds(steps_alone[name]), _seconds(steps[name])
            if number > 0:  # the first, when nothing is warm, does not count
                times[name].append(measured)
    medians = {name: map(median, zip(*pairs, strict=True)) for name, pairs in times.items()}
    return tuple(Timing(name, *both) for name, both in medians.items())


def _seconds(step: Step) -> float:
    """From all ranks' start to all ranks' end."""
    dist.barrier()
    start = time.perf_counter()
    step()
    dist.barrier()
    return time.perf_counter() - start


def _by_hand(
    group: Group, held: "_Held", network: Network, rows: range, ranks: dist.ProcessGroup | None
) -> Step:
    def step() -> None:
        loss, own = sums(network, held, rows)
        all_reduce(group, [np.asarray(loss), *own], ranks)

    return step


def _by_ddp(
    group: Group, held: "_Held", network: Network, rows: range, ranks: dist.ProcessGroup | None
) -> Step:
    """In blocks, as by hand."""
    model = wrap(group, network.params, ranks)
    X, y = _tensors(held, rows, group.device)
    blocks = list(zip(torch.split(X, ROWS), torch.split(y, ROWS), strict=True))
    weight = (1 if ranks else group.ranks) / held.N

    def step() -> None:
        accumulate(model, blocks, network.reg, weight)

    return step


@dataclass(frozen=True)
class _Held:
    """A batch of which some rows are in memory, and can be read."""

    N: int
    first: int
    X: Array
    y: Labels
    source: str
    classes: None = None

    @property
    def D(self) -> int:
        return int(self.X.shape[1])

    @property
    def dtype(self) -> str:
        return str(self.X.dtype)

    def read(self, start: int, stop: int) -> Part:
        rows = slice(start - self.first, stop - self.first)
        return Part(start, self.X[rows], self.y[rows])


def _hold(batch: Batch, rows: range) -> _Held:
    X = np.empty((len(rows), batch.D), batch.dtype, order="F")
    y = np.empty(len(rows), np.int64)
    for part in parts(batch, rows):
        here = slice(part.first - rows.start, part.first - rows.start + len(part.y))
        X[here], y[here] = part.X, part.y
    return _Held(batch.N, rows.start, X, y, batch.source)


def _tensors(held: _Held, rows: range, device: str) -> tuple[Tensor, Tensor]:
    here = slice(rows.start - held.first, rows.stop - held.first)
    X = torch.from_numpy(np.ascontiguousarray(held.X[here])).to(device)
    return X, torch.from_numpy(held.y[here]).to(device)
