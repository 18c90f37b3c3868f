"""python -m compare distributed: the batch on several processes, by hand and by DDP."""

import argparse
import math
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from compare.cli.options import AGREE, DIFFER, UNUSABLE, Parser, print_json
from compare.problems.problem import check_seconds, check_whole

if TYPE_CHECKING:
    from compare.distributed.batch import Batch
    from compare.distributed.group import Group

PROCESSES = 3
LEARNING_RATE = 0.1
SIZES = {"samples": 200, "features": 4, "classes": 3}


def run(argv: list[str]) -> int:
    """The batch in shards, one for each process, by hand and by DistributedDataParallel."""
    options = _parser().parse_args(argv)
    _check(options)
    from compare.agreement.bridge import choose_device
    from compare.distributed.group import torchrun_started_us
    from compare.distributed.launch import launch

    batch = _batch(options)
    choose_device(options.device, batch.dtype)
    if torchrun_started_us():
        _run_rank(options, batch)
    processes = PROCESSES if options.processes is None else options.processes
    return launch([sys.executable, "-m", "compare", "distributed", *argv], processes)


def _run_rank(options: argparse.Namespace, batch: "Batch") -> NoReturn:
    """This process is one of the ranks. Of all that a failure ends, one says why."""
    from compare.distributed.faults import why
    from compare.distributed.group import leave, meet
    from compare.distributed.launch import RANK_FAILED

    group = meet(options.device, options.timeout)
    try:
        status = _work(group, options, batch)
    except Exception as error:
        reason = why(group, error)
        if reason:
            print(f"compare: {reason}", file=sys.stderr, flush=True)
        status = UNUSABLE if isinstance(error, ValueError) else RANK_FAILED
    leave(status)


def _work(group: "Group", options: argparse.Namespace, batch: "Batch") -> int:
    import numpy as np
    import torch

    from compare.distributed import report
    from compare.distributed.group import connect, share_status
    from compare.distributed.lockstep import Plan, descend, start
    from compare.distributed.timing import measure

    rate = LEARNING_RATE if options.learning_rate is None else options.learning_rate
    plan = Plan(options.seed, options.hidden, options.reg, options.steps or 1, rate)
    sizes = {"samples": batch.N, "features": batch.D, "dtype": batch.dtype}
    connect(group, {**sizes, **plan._asdict(), "--time": options.time})
    torch.set_num_threads(1)
    with np.errstate(all="ignore"):  # an overflow shows as the difference that it makes
        network = start(group, batch, plan)
        found = descend(group, batch, plan, network)
        timings = measure(group, batch, network) if options.time else ()
    if group.rank == 0:
        run = report.Run(batch, plan, options.device, found, timings)
        if options.json:
            print_json(report.run_data(run))
        else:
            print(report.run_text(run), flush=True)
    return share_status(group, AGREE if found.agree else DIFFER)


def _check(options: argparse.Namespace) -> None:
    if options.processes is not None:
        check_whole("--processes", options.processes, 1)
        started = os.environ.get("WORLD_SIZE", str(options.processes))
        if started != str(options.processes):
            raise ValueError(f"--processes: expected no such option where torchrun has {started}")
    if options.steps is not None:
        check_whole("--steps", options.steps, 1)
    elif options.learning_rate is not None:
        raise ValueError("--learning-rate: expected --steps beside it, got none")
    if options.learning_rate is not None and not 0 < options.learning_rate < math.inf:
        raise ValueError(f"--learning-rate: expected a number > 0, got {options.learning_rate:g}")
    check_seconds("--timeout", options.timeout)
    if not 0 <= options.reg < math.inf:
        raise ValueError(f"--reg: expected a finite number >= 0, got {options.reg:g}")
    check_whole("--hidden", options.hidden, 1)


def _batch(options: argparse.Namespace) -> "Batch":
    from compare.distributed.batch import SeededBatch, open_batch

    given = {name: getattr(options, name) for name in (*SIZES, "dtype")}
    if options.data is not None:
        for name, value in given.items():
            if value is not None:
                raise ValueError(f"--{name}: expected no such option with --data: the files say it")
        return open_batch(*options.data)
    N, D, classes = (d if given[name] is None else given[name] for name, d in SIZES.items())
    return SeededBatch(options.seed, N, D, classes, options.dtype or "float64")


def _parser() -> Parser:
    parser = Parser(
        "python -m compare distributed",
        "The batch in shards, one for each process: the gradients by hand, summed by all_reduce, "
        "and by DistributedDataParallel, against the full batch in one process. Under torchrun "
        "this is what each process runs; without it, torch's own launcher is started.",
        "Exit status 0: all agree; 1: something differs; 2: unusable input or options; 3: a rank "
        "failed, was killed or hangs. (Under torchrun: 0, or 1 for all others.)",
    )
    parser.add_problem_options(csv=False)
    parser.set_defaults(dtype=None)
    parser.add_argument(
        "--data",
        nargs=2,
        type=Path,
        metavar=("X.npy", "y.npy"),
        help="read the batch from two files, memory-mapped: features (N, D), and labels (N,) "
        "from 0 on",
    )
    parser.add_argument(
        "--processes",
        type=int,
        metavar="P",
        help=f"ranks to start on this machine, without torchrun (default {PROCESSES})",
    )
    parser.add_argument("--steps", type=int, metavar="K", help="K gradient-descent steps")
    parser.add_argument(
        "--learning-rate", type=float, metavar="R", help=f"with --steps (default {LEARNING_RATE})"
    )
    parser.add_argument(
        "--time",
        action="store_true",
        help="and how long a step takes with one rank and with all of them, one thread each; "
        "each rank then holds its rows in memory",
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=60,
        metavar="S",
        help="seconds that a rank waits for another one (default 60)",
    )
    parser.add_json_option()
    return parser
