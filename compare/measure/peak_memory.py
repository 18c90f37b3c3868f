"""The peak memory of one step on a batch in memory-mapped files.

python -m compare.measure.peak_memory 10000000 float32
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

from compare.problems.seeded import generator, initial_params
from manual import loss_and_gradients

ROWS_AT_A_TIME = 100_000


def write_batch(folder: Path, rows: int, dtype: str) -> None:
    """X.npy (rows, 4), column-major, and y.npy, written without ever being in memory whole."""
    rng = generator(0)
    X = np.lib.format.open_memmap(folder / "X.npy", "w+", dtype, (rows, 4), fortran_order=True)
    y = np.lib.format.open_memmap(folder / "y.npy", "w+", "u1", (rows,))
    for start in range(0, rows, ROWS_AT_A_TIME):
        here = slice(start, min(start + ROWS_AT_A_TIME, rows))
        X[here] = rng.normal(size=X[here].shape)
        y[here] = rng.integers(3, size=y[here].shape)


def mebibytes(key: str) -> float:
    """What Linux says of this process: RssAnon, its own memory; VmHWM, the peak of all of it."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(key))


def run(rows: int, dtype: str) -> str:
    """One step, and what it took, in words. Raises OSError where there is no /proc."""
    params = initial_params(generator(0), 4, 10, 3, dtype)
    with tempfile.TemporaryDirectory() as name:
        write_batch(Path(name), rows, dtype)
        X, y = (np.load(Path(name, f"{array}.npy"), mmap_mode="r") for array in ("X", "y"))
        mapped = (X.nbytes + y.nbytes) / 2**20
        # The files' pages that are in memory count as this process's, but can be taken from it.
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # a new VmHWM
        loss_and_gradients(params, X, y, 1e-3)
        peak = mebibytes("VmHWM")
        return (
            f"{rows} rows, {dtype}: X and y take {mapped:.0f} MiB on disk; "
            f"at the peak {peak:.0f} MiB in memory, pages of these files included; "
            f"own memory {mebibytes('RssAnon'):.0f} MiB"
        )


if __name__ == "__main__":
    print(run(int(sys.argv[1]), sys.argv[2]))
