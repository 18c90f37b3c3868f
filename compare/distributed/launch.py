"""torch's own launcher, with one line where a run fails."""

import logging
import os
import signal
import sys
import uuid
from collections.abc import Sequence

from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

RANK_FAILED = 3  # exit status
# One thread for each rank, as torchrun has it; and no warnings from torch's own network code.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
}

# Of torch's launcher: what they warn of is said in one line here.
TALKATIVE = ("agent.server.api", "agent.server.local_elastic_agent", "multiprocessing.api")


def launch(command: Sequence[str], processes: int) -> int:
    """Run the command as that many ranks on this machine; return their exit status.

    The first rank that fails ends all others. A rank says itself why it fails; of one that was
    killed, this process says it. Raises KeyboardInterrupt if this process is told to end.
    """
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    for module in TALKATIVE:
        logging.getLogger(f"torch.distributed.elastic.{module}").setLevel(logging.CRITICAL)
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=processes,
        run_id=uuid.uuid4().hex,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",  # a free port
        local_addr="localhost",
        max_restarts=0,
        logs_specs=DefaultLogsSpecs(log_dir=os.devnull),
    )
    program, *arguments = command
    try:
        elastic_launch(config, program)(*arguments)
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        if failure.exitcode >= 0:
            return failure.exitcode
        name = signal.Signals(-failure.exitcode).name
        print(f"compare: rank {rank} was killed by {name}", file=sys.stderr)
        return RANK_FAILED
    except SignalException:
        raise KeyboardInterrupt from None
    return 0
