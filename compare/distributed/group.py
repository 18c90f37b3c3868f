"""The processes of a run, its ranks: how they meet, agree and add up.

What they say of themselves goes through torch.distributed's store, which torchrun keeps outside the
ranks: it can still be read when a rank is gone.
"""

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
import torch
import torch.distributed as dist
from torch.distributed.rendezvous import rendezvous

Arrays = Sequence[npt.NDArray[Any]]


class DisagreementError(ValueError):
    """A rank has something else than rank 0. The message says which, and what."""


@dataclass
class Group:
    store: dist.Store  # type: ignore[name-defined]  # torch exports it, mypy does not see it
    rank: int
    ranks: int
    device: str  # this rank's
    timeout: timedelta  # for every wait for another rank
    stages: int = 0  # how many this rank has begun
    since: float = 0.0  # when it began the last one

    def begin(self, stage: str) -> None:
        """Tell the others what this rank does now. All ranks begin the same stages: one that hangs,
        or is gone, stays behind.
        """
        self.stages, self.since = self.stages + 1, time.monotonic()
        self.store.set(f"stage/{self.rank}", json.dumps((self.stages, stage)))


def torchrun_started_us() -> bool:
    """Or another launcher that sets the same variables."""
    return {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"} <= os.environ.keys()


def meet(device: str, timeout: float) -> Group:
    """The group of all ranks that torchrun has started, connected by its store alone."""
    wait = timedelta(seconds=timeout)
    store, rank, ranks = next(rendezvous("env://", timeout=wait))
    store.set_timeout(wait)
    group = Group(store, rank, ranks, device, wait)
    group.begin("its start")
    return group


def connect(group: Group, asked: Mapping[str, object]) -> None:
    """Make the process group. Raises DisagreementError unless all ranks are asked for the same."""
    agree(group, "asked", {"device": group.device, **asked})
    if group.device == "cuda":
        local, here = int(os.environ.get("LOCAL_RANK", 0)), torch.cuda.device_count()
        if local >= here:
            raise ValueError(f"--device cuda: expected a GPU for each rank here, got {here}")
        torch.cuda.set_device(local)
        group.device = f"cuda:{local}"
    backend = "gloo" if group.device == "cpu" else "nccl"
    dist.init_process_group(
        backend, store=group.store, rank=group.rank, world_size=group.ranks, timeout=group.timeout
    )


def tell(group: Group, what: str, text: str) -> list[str]:
    """What every rank says of `what`, which is asked once in a stage, in the order of the ranks."""
    question = f"{what}/{group.stages}"
    group.store.set(f"{question}/{group.rank}", text)
    return [group.store.get(f"{question}/{rank}").decode() for rank in range(group.ranks)]


def agree(group: Group, what: str, mine: Mapping[str, object]) -> None:
    """Raise DisagreementError, on every rank alike, unless all ranks have what rank 0 has."""
    told = [json.loads(text) for text in tell(group, what, json.dumps(mine))]
    for rank, theirs in enumerate(told):
        for name, value in told[0].items():
            if theirs.get(name) != value:
                raise DisagreementError(
                    f"rank {rank}: expected {name} {value} like rank 0, got {theirs.get(name)}"
                )


def broadcast(group: Group, arrays: Arrays) -> list[npt.NDArray[Any]]:
    """Rank 0's numbers, on every rank, in arrays like these."""
    flat = _flat(group, arrays)
    dist.broadcast(flat, src=0)
    return _like(arrays, flat)


def all_reduce(
    group: Group, arrays: Arrays, ranks: dist.ProcessGroup | None = None
) -> tuple[list[npt.NDArray[Any]], int]:
    """The sums over all ranks, or over these, the same bits on each; and the bytes that were handed
    over, in one call.
    """
    flat = _flat(group, arrays)
    dist.all_reduce(flat, group=ranks)
    return _like(arrays, flat), flat.nbytes


def largest(group: Group, number: int) -> int:
    """Among the ranks' numbers."""
    tensor = torch.tensor(number, device=group.device)
    dist.all_reduce(tensor, op=dist.ReduceOp.MAX)
    return int(tensor)


def _flat(group: Group, arrays: Arrays) -> torch.Tensor:
    return torch.from_numpy(np.concatenate([a.ravel() for a in arrays])).to(group.device)


def _like(arrays: Arrays, flat: torch.Tensor) -> list[npt.NDArray[Any]]:
    ends = np.cumsum([a.size for a in arrays])[:-1]
    pieces = np.split(flat.cpu().numpy(), ends)
    return [piece.reshape(a.shape) for piece, a in zip(pieces, arrays, strict=True)]


def fingerprint(arrays: Arrays) -> str:
    """SHA-256 of the numbers' bits: a single other bit gives another one."""
    digest = sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def share_status(group: Group, status: int) -> int:
    """Rank 0's exit status, for every rank, when all of them have it."""
    if group.rank == 0:
        group.store.set("status", str(status))
    shared = int(group.store.get("status"))
    dist.barrier()
    return shared


def leave(status: int) -> NoReturn:
    """End this process. Python must not shut down first: a thread of gloo that lets go of a Python
    object meanwhile, a hook's say, would end the process with SIGABRT.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
