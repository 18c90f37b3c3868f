"""Whether a problem fits in memory, asked before anything is allocated."""

import os
from pathlib import Path

import numpy as np

NOT_ASKED = 2**28  # bytes that are taken without a question


def check_memory(samples: int, features: int, hidden: int, classes: int, dtype: str) -> None:
    """Raise ValueError if a comparison of these sizes needs more memory than there is."""
    need = bytes_needed(samples, features, hidden, classes, np.dtype(dtype).itemsize)
    free = free_bytes() if need > NOT_ASKED else None
    if free is not None and need > free:
        raise ValueError(
            f"{samples} samples × {features} features → {hidden} hidden → {classes} classes: "
            f"expected a problem that fits in memory, got one that needs about {need:.1e} bytes, "
            f"where {free:.1e} are free"
        )


def bytes_needed(samples: int, features: int, hidden: int, classes: int, itemsize: int) -> int:
    """An estimate: autograd's pass of the whole batch; the bounds, in float64, of a block of it;
    the weights, their gradients and their bounds.
    """
    N, D, H, C = samples, features, hidden, classes
    batch = N * (3 * D + 5 * H + 8 * C + 1) * itemsize
    block = min(N, 2**15, max(256, 2**19 // (D + 4 * H + 7 * C))) * (2 * D + 12 * H + 14 * C) * 8
    weights = 12 * (D + C + 2) * H * 8
    return batch + block + weights


def free_bytes() -> int | None:
    """What can be allocated here, as far as the system says; None where it does not."""
    found = [*_meminfo(), *_control_group()]
    if not found and hasattr(os, "sysconf"):
        found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    return min(found, default=None)


def _meminfo() -> list[int]:
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
        return [
            int(line.split()[1]) * 1024
            for line in text.splitlines()
            if line.startswith("MemAvailable:")
        ]
    except (OSError, ValueError):
        return []


def _control_group() -> list[int]:
    """The limit of a container, less what is in use."""
    group = Path("/sys/fs/cgroup")
    try:
        limit, used = ((group / f"memory.{name}").read_text() for name in ("max", "current"))
        return [int(limit) - int(used)]
    except (OSError, ValueError):  # no such group, or "max": no limit
        return []
