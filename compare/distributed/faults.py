"""Why a run failed: one line, which names the rank, from one rank of all."""

import json
import time
from traceback import extract_tb

import torch.distributed as dist

from compare.distributed.group import DisagreementError, Group

# A rank that cannot reach another waits this long before it says so: by then the launcher has ended
# this rank too, having seen what happened, or the rank that failed has said it itself.
GRACE = 2.0


def why(group: Group, error: Exception) -> str:
    """What `error` says about the run, if no rank has said it before; else nothing."""
    text = _missing(group) if _is_about_others(error) else _own(group, error)
    return text if _first_to_tell(group) else ""


def _own(group: Group, error: Exception) -> str:
    if isinstance(error, DisagreementError):
        return str(error)
    if isinstance(error, ValueError):
        return f"rank {group.rank}: {error}"
    *_, frame = extract_tb(error.__traceback__)
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"rank {group.rank} raised {what} ({frame.filename}, line {frame.lineno})"


def _is_about_others(error: Exception) -> bool:
    """Whether torch.distributed raised it because another rank could not be reached."""
    if isinstance(error, dist.DistError):
        return True
    return isinstance(error, RuntimeError) and "gloo" in str(error)


def _missing(group: Group) -> str:
    """Which rank this one waits for in vain: of those that are behind, the first."""
    waited = time.monotonic() - group.since
    time.sleep(GRACE)
    stages = [_stage(group, rank) for rank in range(group.ranks)]
    furthest, stage = max(stages)
    for rank, (begun, theirs) in enumerate(stages):
        if begun < furthest:
            return (
                f"rank {rank} is gone or hangs: it did not finish {theirs}, and rank {group.rank} "
                f"waited {waited:.0f} s for it in vain"
            )
    return f"a rank was lost during {stage}"


def _stage(group: Group, rank: int) -> tuple[int, str]:
    """How many stages the rank has begun, and which the last one is."""
    key = f"stage/{rank}"
    if not group.store.check([key]):
        return 0, "the start of its process"
    begun, stage = json.loads(group.store.get(key))
    return begun, stage


def _first_to_tell(group: Group) -> bool:
    try:
        return int(group.store.add("failures", 1)) == 1
    except RuntimeError:  # the store is gone, with the process that kept it
        return True
