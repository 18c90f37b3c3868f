"""python -m compare distributed with a fault in rank 1, for test_distributed.py. Under torchrun
this is a rank; without it, it starts two of them as the command does.

    python -m tests.faulty_ranks FAULT [option ...]
"""

import os
import signal
import sys
import time
from collections.abc import Callable

from compare import __main__ as program
from compare.distributed import launch, lockstep


def _raise() -> None:
    raise ZeroDivisionError("one of the ranks is bad at sums")


FAULTS: dict[str, Callable[[], None]] = {
    "raises": _raise,
    "is killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "hangs": lambda: time.sleep(600),
    "is stopped": lambda: os.kill(os.getpid(), signal.SIGSTOP),
}


def main(fault: str, *options: str) -> int:
    if "RANK" not in os.environ:
        return launch.launch([sys.executable, "-m", "tests.faulty_ranks", fault, *options], 2)
    print("pid", os.getpid(), flush=True)
    if os.environ["RANK"] == "1":
        if fault in FAULTS:
            lockstep.sums = lambda *_: FAULTS[fault]()
        else:
            options = (*options, *fault.split())  # what only this rank is asked for
    return program.main(["distributed", *options])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
