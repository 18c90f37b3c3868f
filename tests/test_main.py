"""python -m compare, as a person uses it: exit status, verdict, JSON, and every bad input."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from compare.__main__ import main
from manual import Backward, batches
from tests.conftest import plant, plant_for_all
from tests.test_problem import BAD_FILES, IRIS

ROOT = Path(__file__).parents[1]
Capture = pytest.CaptureFixture[str]


def test_the_command_agrees_and_exits_0():
    command = [sys.executable, "-m", "compare"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1].startswith("AGREE")
    assert "\033[" not in done.stdout  # a pipe gets no colour
    assert done.stderr == ""


def test_a_mistake_planted_in_the_manual_pass_exits_1_and_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
):
    """By the very lines that `python -m compare` runs, in this process: PyTorch is loaded here."""
    plant_for_all(monkeypatch, plant("dz2 = (P - Y_ind) / N", "dz2 = P - Y_ind"))
    monkeypatch.setattr(sys, "argv", ["compare"])
    monkeypatch.delitem(sys.modules, "compare.__main__")  # runpy is to run it anew
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("compare", run_name="__main__")
    assert ended.value.code == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("DIFFER: dz2 is the first. dz2[")


def test_a_mistake_in_what_the_backward_pass_hands_on_exits_1_and_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
):
    module = plant("return Params(self.dW1,", "return Params(-self.dW1,")
    monkeypatch.setattr(Backward, "gradients", module.Backward.gradients)
    assert main([]) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("DIFFER: dW1 is the first. dW1[")


def test_a_planted_line_that_raises_exits_1_and_is_named_without_a_traceback(
    raising_line: str, capsys: Capture
):
    assert main([]) == 1
    printed = capsys.readouterr()
    assert "network.py, line" in printed.out
    assert raising_line in printed.out
    assert printed.err == ""


# Mistakes that the user's own batch hides, and the first quantity that shows them on another.
HIDDEN = {
    "a mask with a threshold": ("(a1 > 0)", "(a1 > 1e-3)", "dz1"),
    "a ReLU with a threshold": ("np.maximum(z1, 0)", "np.where(z1 > 1e-4, z1, 0)", "a1"),
    "z1 clipped": ("np.maximum(z1, 0)", "np.clip(z1, 0, 1000)", "a1"),
    "wrong from 1000 samples on": (
        "dz2 = (P - Y_ind) / N",
        "dz2 = (P - Y_ind) / min(N, 1000)",
        "dz2",
    ),
    "wrong beyond 10 hidden units": (
        "dW2 = a1.T @ dz2 + reg * W2",
        "dW2 = a1.T @ dz2 + reg * W2; dW2[10:] = 0",
        "dW2",
    ),
    "wrong beyond 3 classes": (
        "db2 = dz2.sum(axis=0, keepdims=True)",
        "db2 = dz2.sum(axis=0, keepdims=True); db2[:, 3:] = 0",
        "db2",
    ),
    "wrong for reg > 1": ("X.T @ dz1 + reg * W1", "X.T @ dz1 + min(reg, 1) * W1", "dW1"),
}


@pytest.mark.parametrize("mistake", HIDDEN)
def test_a_mistake_that_the_users_batch_hides_shows_on_another(
    mistake: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
):
    right, wrong, first = HIDDEN[mistake]
    plant_for_all(monkeypatch, plant(right, wrong))
    assert main([]) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("DIFFER on another batch (")
    assert f"): {first} is the first. {first}[" in last


# What is planted in manual/batches.py, and the first words of the verdict.
IN_THE_BLOCKS = {
    "the penalty in every block": (
        "reg if start == 0 else 0.0",
        "reg",
        "DIFFER: loss is the first. loss is ",
    ),
    "a block left out": (
        "_lengths(here, rows_per_block(params)):",
        "list(_lengths(here, rows_per_block(params)))[:-1] or [here]:",
        "DIFFER: z1 is the first: 16384 rows in the blocks by hand, 20000 by autograd",
    ),
    "a block divided by its own length": (
        "rows, N)",
        "rows, length)",
        "DIFFER: loss is the first. loss is ",
    ),
    "gradients of another sign": (
        "return total(map(_sums, shares(params, X, y, reg, first=first, N=N)))",
        "loss, dW = total(map(_sums, shares(params, X, y, reg, first=first, N=N)))\n"
        "    return loss, dW._replace(W1=-dW.W1)",
        "DIFFER: the steps agree, and manual.loss_and_gradients returns something else. "
        "dW1 is the first. dW1[",
    ),
}


@pytest.mark.parametrize("mistake", IN_THE_BLOCKS)
def test_a_mistake_planted_in_the_blocks_of_a_long_batch_exits_1(
    mistake: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
):
    right, wrong, verdict = IN_THE_BLOCKS[mistake]
    plant_for_all(monkeypatch, plant(right, wrong, batches), batches)
    assert main(["--samples", "20000"]) == 1
    assert capsys.readouterr().out.splitlines()[-1].startswith(verdict)


@pytest.mark.parametrize(
    "options",
    [
        "--dtype float32",
        "--seed 5 --samples 1 --hidden 1 --classes 2 --features 1",
        "--reg 0",
        "--reg 100",
        "--steps 20",
        "--steps 20 --learning-rate 0.5 --dtype float32",
        f"--data {IRIS}",
        f"--data {IRIS} --dtype float32 --hidden 5",
    ],
)
def test_all_of_these_agree(options: str, capsys: Capture):
    assert main(options.split()) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines()[-1].startswith("AGREE")
    assert printed.err == ""


def test_json_is_one_object_with_everything(capsys: Capture):
    assert main(["--json", "--steps", "3"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["agree"] is True
    assert data["problem"] == {
        "samples": 200,
        "features": 4,
        "hidden": 10,
        "classes": 3,
        "dtype": "float64",
        "reg": 0.001,
        "seed": 0,
        "device": "cpu",
        "source": "random",
    }
    assert len(data["quantities"]) == 12
    for row in data["quantities"]:
        keys = {"name", "shape", "max_abs_diff", "at", "manual", "autograd", "allowed", "used"}
        assert keys | {"ok"} <= set(row)
        assert abs(row["manual"] - row["autograd"]) == row["max_abs_diff"] <= row["allowed"]
    assert [v["agree"] for v in data["steps"]["verdicts"]] == [True] * 3


@pytest.fixture
def overflowing(tmp_path: Path) -> str:
    """Features whose scores are infinite in float32."""
    file = tmp_path / "huge.csv"
    file.write_text("a,b,kind\n3e38,3e38,x\n3e38,-3e38,y\n")
    return str(file)


def test_json_for_a_difference_is_json_too(overflowing: str, capsys: Capture):
    assert main(["--json", "--dtype", "float32", "--hidden", "50", "--data", overflowing]) == 1
    data = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert data["agree"] is False
    assert data["problem"]["source"] == overflowing
    wrong = next(row for row in data["quantities"] if not row["ok"])
    assert wrong["max_abs_diff"] is None


def test_what_overflows_is_a_difference_without_warnings(overflowing: str, capsys: Capture):
    assert main(["--dtype", "float32", "--hidden", "50", "--data", overflowing]) == 1
    printed = capsys.readouterr()
    assert printed.out.splitlines()[-1].startswith("DIFFER: ")
    assert printed.err == ""


UNUSABLE = {
    "--samples 0": "samples: expected a whole number >= 1, got 0",
    "--samples x": "--samples: expected a whole number, got 'x'",
    "--features -2": "features: expected a whole number >= 1, got -2",
    "--hidden 0": "hidden: expected a whole number >= 1, got 0",
    "--classes 1": "classes: expected a whole number >= 2, got 1",
    "--seed -1": "seed: expected a whole number from 0 to",
    "--dtype float16": "dtype: expected float64 or float32, got 'float16'",
    "--reg -1": "reg: expected a finite float64 number >= 0, got -1.0",
    "--reg nan": "reg: expected a finite float64 number >= 0, got nan",
    "--steps 0": "steps: expected a whole number >= 1, got 0",
    "--steps 3 --learning-rate 0": "learning-rate: expected a number > 0, got 0.0",
    "--steps 9 --learning-rate 1e300": "learning-rate: expected one at which the weights stay",
    "--learning-rate 1": "--learning-rate: expected --steps beside it, got none",
    "--device abacus": "device: expected one that PyTorch has here (cpu",
    "--samples 100000000000000": "expected a problem that fits in memory",
    "--data nowhere.csv": "nowhere.csv: expected a CSV file, got: No such file",
    "--data .": "expected a CSV file, got: Is a directory",
    f"--data {IRIS} --samples 9": "--samples: expected no such option with --data",
    f"--data {IRIS} --features 9": "--features: expected no such option with --data",
    f"--data {IRIS} --classes 9": "--classes: expected no such option with --data",
    "--sed 1": "what --help names, got --sed 1",
    "extra": "expected one of example, graph, page, sharpness",
}


@pytest.mark.parametrize("options", UNUSABLE)
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_unusable_options_exit_2_with_one_line_on_standard_error(
    options: str, as_json: bool, capsys: Capture
):
    assert main(options.split() + ["--json"] * as_json) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert UNUSABLE[options] in printed.err
    assert printed.err.count("\n") == 1


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_bad_file_exits_2_with_one_line_on_standard_error(
    case: str, tmp_path: Path, capsys: Capture
):
    file = tmp_path / "data.csv"
    file.write_bytes(BAD_FILES[case][0])
    assert main(["--data", str(file)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"compare: {file}")
    assert printed.err.count("\n") == 1


@pytest.mark.skipif("not __import__('torch').cuda.is_available()", reason="needs a CUDA device")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_cuda_agrees(dtype: str, capsys: Capture):
    assert main(["--device", "cuda", "--dtype", dtype, "--steps", "5"]) == 0
    assert "cuda" in capsys.readouterr().out
