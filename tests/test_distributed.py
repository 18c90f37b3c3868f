"""compare/distributed: several ranks give what one process gives, and a fault is named."""

import json
import os
import re
import socket
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as dist

from compare.__main__ import main
from compare.distributed import shares
from compare.distributed.batch import (
    ROWS,
    MappedBatch,
    SeededBatch,
    largest_label,
    open_batch,
    parts,
    shard,
)
from compare.distributed.shares import Network
from compare.problems.seeded import generator, initial_params

ROOT = Path(__file__).parents[1]
TORCHRUN = ("-m", "torch.distributed.run")
A_MINUTE = 60
README = (ROOT / "compare" / "distributed" / "README.md").read_text(encoding="utf-8")
README_BLOCKS = re.findall(r"^```text\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
NETWORK = Network(initial_params(generator(0), 4, 10, 3, "float64"), 1e-3)


def start(*command: str) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    command = (sys.executable, *command)
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=ROOT)


def start_torchrun(*arguments: str, ranks: int = 2) -> subprocess.Popen[str]:
    port = free_port()
    return start(*TORCHRUN, f"--nproc-per-node={ranks}", f"--master-port={port}", *arguments)


def free_port() -> int:
    with socket.socket() as anywhere:
        anywhere.bind(("127.0.0.1", 0))
        return int(anywhere.getsockname()[1])


@pytest.fixture(scope="module", autouse=True)
def ranks(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str] | None]:
    """Three, which run beside the tests that need none. As forks of one process they take half as
    long; with --slow, torchrun starts them.
    """
    if not any("found" in test.fixturenames for test in request.session.items):
        yield None
        return
    if request.config.getoption("--slow") or not hasattr(os, "fork"):
        run = start_torchrun("-m", "tests.ranks", ranks=3)
    else:
        run = start("-m", "tests.ranks", "3", str(free_port()))
    yield run
    if run.returncode is None:  # no test has come to what they found
        run.communicate(timeout=A_MINUTE)


# Shards


@pytest.mark.parametrize(
    ("N", "lengths"),
    [(200, [67, 67, 66]), (3, [1, 1, 1]), (2, [1, 1, 0]), (9, [3, 3, 3]), (7, [7])],
)
def test_shards_are_as_even_as_can_be_and_make_up_the_batch(N: int, lengths: list[int]):
    rows = [shard(N, rank, len(lengths)) for rank in range(len(lengths))]
    assert [len(r) for r in rows] == lengths
    assert [row for r in rows for row in r] == list(range(N))


@pytest.mark.parametrize("ranks", [2, 3, 7])
def test_any_number_of_ranks_makes_the_same_batch_from_the_seed(ranks: int):
    batch = SeededBatch(5, 2 * ROWS + 777, 3, 4, "float64")
    whole = list(parts(batch, range(batch.N)))
    in_shards = [p for rank in range(ranks) for p in parts(batch, shard(batch.N, rank, ranks))]
    for field in ("X", "y"):
        expected = np.concatenate([getattr(part, field) for part in whole])
        got = np.concatenate([getattr(part, field) for part in in_shards])
        np.testing.assert_array_equal(got, expected)


def test_a_longer_batch_begins_with_the_shorter_one_and_float32_is_the_same_rounded():
    short, long = (SeededBatch(1, N, 4, 3, "float64").read(0, 100) for N in (100, 9000))
    rounded = SeededBatch(1, 100, 4, 3, "float32").read(0, 100)
    np.testing.assert_equal(short, long)
    np.testing.assert_array_equal(rounded.X, short.X.astype(np.float32))


def test_the_blocks_of_rows_differ_from_each_other():
    batch = SeededBatch(0, 2 * ROWS, 4, 3, "float64")
    assert abs(batch.read(0, 9).X - batch.read(ROWS, ROWS + 9).X).min() > 0


@pytest.mark.parametrize("twist", ["", "units within rounding of 0"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("ranks", [1, 2, 3, 301])
def test_the_shards_sum_up_to_the_whole_batch(ranks: int, dtype: str, twist: str):
    batch = SeededBatch(2, 300, 4, 3, dtype)
    params = initial_params(generator(0), 4, 10, 3, dtype)
    if twist:
        params = params._replace(b1=-(batch.read(0, 1).X @ params.W1))
    network = Network(params, 1e-3)
    rows = [shard(batch.N, rank, ranks) for rank in range(ranks)]
    own = [shares.sums(network, batch, r) for r in rows]
    errors = [shares.errors(network, batch, r) for r in rows]
    loss, gradients = shares.sums(network, batch, range(batch.N))
    assert abs(sum(loss for loss, _ in own) - loss) <= 2 * sum(e["loss"] for e in errors)
    for name, whole in zip(params._fields, gradients, strict=True):
        summed = sum(getattr(found, name) for _, found in own)
        assert (abs(summed - whole) <= 2 * sum(e[f"d{name}"] for e in errors)).all()
        assert summed.dtype == dtype


@pytest.mark.slow
def test_memory_is_that_of_a_few_blocks_whatever_the_length():
    peaks = []
    for N in (2 * ROWS, 6 * ROWS):
        batch = SeededBatch(0, N, 4, 3, "float64")
        tracemalloc.start()
        shares.sums(NETWORK, batch, range(N))
        shares.errors(NETWORK, batch, range(N))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]


# Batches in files


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    X = np.random.default_rng(0).normal(size=(50, 4))
    paths = tmp_path / "X.npy", tmp_path / "y.npy"
    np.save(paths[0], X)
    np.save(paths[1], np.arange(50) % 3)
    return paths


def test_a_batch_in_files_is_mapped_and_a_rank_reads_its_own_rows_alone(files: tuple[Path, Path]):
    X = np.load(files[0])
    X[25:] = np.nan
    np.save(files[0], X)
    batch = open_batch(*files)
    assert isinstance(batch.X, np.memmap)
    assert largest_label(batch, shard(50, 0, 2)) == 2
    shares.sums(NETWORK, batch, shard(50, 0, 2))
    with pytest.raises(
        ValueError, match=r"with rows counted from 25 on: X: expected finite .* nan"
    ):
        shares.sums(NETWORK, batch, shard(50, 1, 2))


@pytest.mark.parametrize(
    ("X", "y", "words"),
    [
        (np.zeros(4), np.zeros(4, int), r"X.npy: expected \(N, D\)"),
        (np.zeros((4, 2), int), np.zeros(4, int), "X.npy: expected float64 or float32, got int64"),
        (np.zeros((4, 2)), np.zeros(3, int), r"y.npy: expected \(4,\), .* got \(3,\)"),
        (np.zeros((4, 2)), np.zeros(4), "y.npy: expected integer labels, got float64"),
        (None, np.zeros(4, int), "X.npy: expected a .npy file, got"),
        (b"1,2,3", np.zeros(4, int), "X.npy: expected a .npy file of numbers, got"),
        (b"", np.zeros(4, int), "X.npy: expected a .npy file of numbers, got"),
    ],
    ids=["one axis", "integers", "fewer labels", "fractions", "no file", "text", "empty"],
)
def test_files_that_hold_no_batch_are_refused(X: Any, y: Any, words: str, tmp_path: Path):
    if isinstance(X, bytes):
        (tmp_path / "X.npy").write_bytes(X)
    elif X is not None:
        np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y.npy", y)
    with pytest.raises(ValueError, match=words):
        open_batch(tmp_path / "X.npy", tmp_path / "y.npy")


def test_mapped_rows_are_copied_so_that_nothing_writes_to_the_file():
    X = np.zeros((2, 3))
    part = MappedBatch(X, np.zeros(2, int), "here").read(0, 2)
    assert not np.shares_memory(part.X, X)


# The command


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--samples", "0"], "--samples: expected a whole number >= 1, got 0"),
        (["--processes", "0"], "--processes: expected a whole number >= 1, got 0"),
        (["--steps", "0"], "--steps: expected a whole number >= 1, got 0"),
        (["--learning-rate", "1"], "--learning-rate: expected --steps beside it"),
        (["--timeout", "0"], "--timeout: expected seconds > 0, got 0"),
        (["--reg", "-1"], "--reg: expected a finite number >= 0, got -1"),
        (["--hidden", "0"], "--hidden: expected a whole number >= 1, got 0"),
        (["--device", "abacus"], "--device: expected one that PyTorch has here"),
        (["--data", "X.npy", "y.npy"], "X.npy: expected a .npy file, got: No such file"),
        (["--data", "X.npy", "y.npy", "--samples", "9"], "--samples: expected no such option"),
    ],
)
def test_what_cannot_be_used_is_refused_before_any_process_is_started(
    options: list[str], words: str, capsys: pytest.CaptureFixture[str]
):
    assert main(["distributed", *options]) == 2
    assert capsys.readouterr().err.startswith(f"compare: {words}")


# Three ranks


@pytest.fixture(scope="module")
def found(ranks: subprocess.Popen[str]) -> dict[str, Any]:
    """What three ranks found for several batches: see tests/ranks.py."""
    out, err = ranks.communicate(timeout=A_MINUTE)
    assert ranks.returncode == 0, err
    data: dict[str, Any] = json.loads(out)
    return data


CASES = {
    "uneven": [67, 67, 66],
    "even": [100, 100, 100],
    "one row each": [1, 1, 1],
    "an empty shard": [1, 1, 0],
    "float32": [67, 67, 66],
    "long": [16667, 16667, 16666],
    "two buckets": [2, 2, 1],
}


@pytest.mark.parametrize("case", CASES)
def test_three_ranks_agree_with_one_process(case: str, found: dict[str, Any]):
    assert found[case]["agree"], found[case]["text"]
    assert found[case]["shards"] == CASES[case]
    assert found[case]["same_bits"]
    dtype = "float32" if case == "float32" else "float64"
    assert found[case]["problem"]["dtype"] == dtype


def test_each_step_of_a_descent_is_judged(found: dict[str, Any]):
    steps = found["uneven"]["steps"]
    assert len(steps) == 2
    assert steps[1]["loss"] < steps[0]["loss"]
    assert "2 steps in lockstep, learning rate 0.1: 2 agree" in found["uneven"]["text"]


@pytest.mark.parametrize("case", ["uneven", "an empty shard", "float32"])
def test_ddp_as_it_is_usually_written_is_wrong_on_uneven_shards(case: str, found: dict[str, Any]):
    assert min(found[case]["steps"][0]["ddp_as_usual"].values()) > 1e-4
    assert "This is wrong" in found[case]["text"]


@pytest.mark.parametrize("case", ["even", "one row each"])
def test_ddp_as_it_is_usually_written_is_right_on_even_shards(case: str, found: dict[str, Any]):
    assert max(found[case]["steps"][0]["ddp_as_usual"].values()) < 1e-15
    assert "this is right too" in found[case]["text"]


def test_in_blocks_of_rows_the_usual_way_is_what_it_is_at_once(found: dict[str, Any]):
    assert found["usual, in blocks"] < 1e-15


def test_a_mean_of_the_ranks_means_by_hand_is_found(found: dict[str, Any]):
    planted = found["mean of means"]
    assert not planted["agree"]
    assert "DIFFER: loss by hand. loss is " in planted["text"]
    [step] = planted["steps"]
    assert not any(q["ok"] for q in step["by_hand"])
    assert all(q["ok"] for q in step["ddp_scaled"])


def test_a_weight_that_is_one_bit_off_is_found_before_anything_is_computed(found: dict[str, Any]):
    assert re.match(
        r"rank 1: expected weights with the SHA-256 \w{64} like rank 0, got \w{64}$",
        found["other weights"],
    )


def test_what_travels_and_which_hooks_fire_is_observed(found: dict[str, Any]):
    numbers = 4 * 10 + 10 + 10 * 3 + 3
    assert found["uneven"]["travels"] == {
        "by_hand": {"all_reduce_calls": 1, "bytes": 8 * (numbers + 1)},
        "by_ddp": {"all_reduce_calls": 1, "bytes": 8 * numbers},
    }
    events = found["uneven"]["hooks"]["first_step"]
    assert [event["gradients"] for event in events[:-1]] == [["db2"], ["dW2"], ["db1"], ["dW1"]]
    assert sorted(events[-1]["gradients"]) == ["dW1", "dW2", "db1", "db2"]
    assert events[-1]["bytes"] == 8 * numbers


def test_a_wide_network_takes_two_buckets(found: dict[str, Any]):
    leaves = [e for e in found["two buckets"]["hooks"]["last_step"] if e["bytes"]]
    assert found["two buckets"]["travels"]["by_ddp"]["all_reduce_calls"] == len(leaves) == 2
    assert "DDP has filled its buckets anew" in found["two buckets"]["text"]


# The README


def test_the_readme_shows_what_is_printed(found: dict[str, Any]):
    shown, *_, buckets = README_BLOCKS
    assert comparable(shown) == comparable(found["the README's"]["text"])
    assert buckets in found["two buckets"]["text"] + "\n"


def test_the_readme_shows_the_lines_that_run():
    source = (ROOT / "torch_ref" / "data_parallel.py").read_text(encoding="utf-8")
    _, usual, scaled, _ = README_BLOCKS
    for line in (usual + scaled).splitlines():
        assert f"    {line}" in source


def comparable(text: str) -> list[str]:
    """The lines without what rounding decides, and without alignment."""
    for pattern in (r"\d\.\d+e[-+]\d+", r"\d+\.\d%", r"\[\d+, \d+\]"):
        text = re.sub(pattern, "#", text)
    return [" ".join(line.split()) for line in text.strip().splitlines()]


# Several nodes


@pytest.mark.slow
def test_two_launchers_on_the_loopback_address_make_one_run(files: tuple[Path, Path]):
    rendezvous = (f"--rdzv-endpoint=127.0.0.1:{free_port()}", "--rdzv-backend=c10d")
    node = ("--nnodes=2", "--nproc-per-node=1", "--rdzv-id=7", "--local-addr=127.0.0.1")
    data = ("--data", *map(str, files))
    command = (*TORCHRUN, *rendezvous, *node, "-m", "compare", "distributed", "--json", *data)
    nodes = [start(*command), start(*command)]
    outputs = [node.communicate(timeout=A_MINUTE) for node in nodes]
    assert [node.returncode for node in nodes] == [0, 0], outputs
    [report] = [json.loads(out) for out, _ in outputs if out]  # rank 0's, on one of the two
    assert report["agree"]
    assert report["shards"] == [25, 25]
    assert report["problem"]["classes"] == 3


# Faults


class Fault:
    """A run of two ranks of which rank 1 has a fault: see tests/faulty_ranks.py."""

    def __init__(self, *command: str) -> None:
        self.run = start(*command)

    def end(self) -> tuple[int, list[str]]:
        """The exit status and the lines that `compare` says. No rank may be left."""
        out, err = self.run.communicate(timeout=A_MINUTE)
        pids = [int(pid) for pid in re.findall(r"^pid (\d+)$", out, re.MULTILINE)]
        assert len(pids) == 2
        assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
        assert "Traceback" not in err
        return self.run.returncode, [line for line in err.splitlines() if line]


@pytest.fixture(scope="module")
def hanging() -> Iterator[Fault]:
    """It takes as long as its --timeout: so it is started before the others."""
    fault = Fault("-m", "tests.faulty_ranks", "hangs", "--timeout", "12")
    yield fault
    fault.run.terminate()  # where its test did not run; the launcher then ends its ranks
    with fault.run:
        pass


@pytest.mark.slow
@pytest.mark.usefixtures("hanging")
@pytest.mark.parametrize(
    ("fault", "status", "line"),
    [
        ("is killed", 3, "compare: rank 1 was killed by SIGKILL"),
        ("raises", 3, r"compare: rank 1 raised ZeroDivisionError: .* \(.*, line \d+\)"),
        ("--dtype float32", 2, "compare: rank 1: expected dtype float64 like rank 0, got float32"),
    ],
)
def test_a_rank_that_fails_ends_the_run_and_is_named(fault: str, status: int, line: str):
    ended, lines = Fault("-m", "tests.faulty_ranks", fault).end()
    assert ended == status
    assert len(lines) == 1
    assert re.fullmatch(line, lines[0])


@pytest.mark.slow
def test_a_rank_that_hangs_ends_the_run_and_is_named(hanging: Fault):
    ended, lines = hanging.end()
    assert ended == 3
    assert len(lines) == 1
    assert re.fullmatch(
        r"compare: rank 1 is gone or hangs: it did not finish its rows by hand, step 1, "
        r"and rank 0 waited 1\d s for it in vain",
        lines[0],
    )


# A GPU for each rank


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two CUDA devices")
@pytest.mark.skipif(not dist.is_nccl_available(), reason="needs NCCL")
def test_two_ranks_on_two_gpus_agree():
    run = start("-m", "compare", "distributed", "--processes", "2", "--device", "cuda", "--json")
    out, err = run.communicate(timeout=A_MINUTE)
    assert run.returncode == 0, err
    assert json.loads(out)["agree"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_where_there_is_none_is_refused(capsys: pytest.CaptureFixture[str]):
    assert main(["distributed", "--device", "cuda"]) == 2
    assert "device: expected one that PyTorch has here (cpu" in capsys.readouterr().err
