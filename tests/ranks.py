"""What each rank of test_distributed.py runs: several batches, one after the other, in one process
group. Rank 0 prints one JSON object with what was found for each.

    torchrun --nproc-per-node=3 -m tests.ranks
    python -m tests.ranks 3 PORT  # forks of one process, which has imported torch for all of them
"""

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from typing import Any
from unittest.mock import patch

import numpy as np
import torch

from compare.agreement.bridge import gradients
from compare.distributed import lockstep, report
from compare.distributed.batch import SeededBatch, parts, shard
from compare.distributed.group import DisagreementError, Group, connect, leave, meet, share_status
from compare.distributed.lockstep import Plan, descend, start
from compare.distributed.watched import tensors, watch
from manual import Params
from torch_ref.data_parallel import accumulate, mean_of_own_rows

PLAN = Plan(seed=0, hidden=10, reg=1e-3, steps=1, learning_rate=0.1)


def main() -> None:
    torch.set_num_threads(1)
    group = meet("cpu", 30)
    connect(group, {})
    found: dict[str, Any] = {
        "the README's": run(group, 200),
        "uneven": run(group, 200, steps=2),
        "even": run(group, 300),
        "one row each": run(group, 3),
        "an empty shard": run(group, 2),
        "float32": run(group, 200, dtype="float32"),
        "long": run(group, 50_000),
        "two buckets": run(group, 5, hidden=40_000, steps=2),
    }
    with own_means():
        found["mean of means"] = run(group, 200)
    with other_weights(group):
        found["other weights"] = refused(group)
    found["usual, in blocks"] = usual_in_blocks(group)
    if group.rank == 0:
        print(json.dumps(found))
    leave(share_status(group, 0))


def run(group: Group, samples: int, dtype: str = "float64", **changed: int) -> dict[str, Any]:
    batch = SeededBatch(0, samples, 4, 3, dtype)
    plan = PLAN._replace(**changed)
    found = descend(group, batch, plan, start(group, batch, plan))
    both = report.Run(batch, plan, "cpu", found, ())
    return report.run_data(both) | {"text": report.run_text(both) if group.rank == 0 else ""}


@contextmanager
def own_means() -> Iterator[None]:
    """The well-known bug by hand: each rank divides by its own number of rows."""

    def wrong(network: Any, batch: SeededBatch, rows: range) -> Any:
        shard_alone = len(rows) < batch.N
        return right(network, replace(batch, N=3 * len(rows)) if shard_alone else batch, rows)

    right = lockstep.sums
    with patch.object(lockstep, "sums", wrong):
        yield


@contextmanager
def other_weights(group: Group) -> Iterator[None]:
    """Rank 1 has one weight that is one bit off."""

    def wrong(group: Group, params: Params) -> list[Any]:
        W1, *others = right(group, params)
        if group.rank == 1:
            W1[0, 0] = np.nextafter(W1[0, 0], 1)
        return [W1, *others]

    right = lockstep.broadcast
    with patch.object(lockstep, "broadcast", wrong):
        yield


def refused(group: Group) -> str:
    try:
        start(group, SeededBatch(0, 200, 4, 3, "float64"), PLAN)
    except DisagreementError as error:
        return str(error)
    return "accepted"


def usual_in_blocks(group: Group) -> float:
    """How far DDP as it is usually written is from the same in blocks of rows."""
    batch = SeededBatch(0, 200, 4, 3, "float64")
    network, rows = start(group, batch, PLAN), shard(200, group.rank, group.ranks)
    ddp = watch(group, network.params)
    [(X, y)] = tensors(parts(batch, rows), "cpu")
    mean_of_own_rows(ddp.model, X, y, network.reg)
    at_once = gradients(ddp.net)
    blocks = zip(X.split(20), y.split(20), strict=True)
    accumulate(ddp.model, blocks, network.reg, 1 / len(rows))
    return max(float(abs(a - b).max()) for a, b in zip(at_once, gradients(ddp.net), strict=True))


def fork_ranks(ranks: int, port: str) -> None:
    """Each with the variables that torchrun sets. The first that fails ends the run."""
    import_module("torch._dynamo")  # DDP does, in each rank, and it takes as long as torch itself
    pids = []
    for rank in range(ranks):
        pids.append(os.fork())
        if pids[-1] == 0:
            where = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
            os.environ.update(where, RANK=str(rank), WORLD_SIZE=str(ranks))
            main()
            return
    while pids:
        pid, status = os.wait()
        pids.remove(pid)
        if status:
            for other in pids:
                os.kill(other, signal.SIGKILL)
            sys.exit(f"a rank ended with {os.waitstatus_to_exitcode(status)}")


if __name__ == "__main__":
    if sys.argv[1:]:
        fork_ranks(int(sys.argv[1]), sys.argv[2])
    else:
        main()
