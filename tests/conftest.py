"""What several test files share."""

import gc
import inspect
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import disk_usage
from types import FunctionType, ModuleType

import numpy as np
import pytest
import torch

import manual.network
from compare.agreement.comparison import Comparison, compare_shares
from compare.bounds.quantities import Values
from compare.checker import sandbox
from compare.problems.problem import Problem
from manual import Backward, Forward
from manual.batches import Share
from tests import fork_server

IN_MEMORY = Path("/dev/shm")  # on Linux, a folder that is on no disk
ENOUGH = 2**32  # bytes: in some containers it has a few MB


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--problems",
        type=int,
        default=32,
        metavar="N",
        help="random problems per dtype where right answers must agree (the full run: 2000)",
    )
    parser.addoption("--slow", action="store_true", help="also what takes long: CI runs it")
    parser.addoption(
        "--attack",
        type=float,
        default=0,
        metavar="SECONDS",
        help="how long to attack the rounding bound in each dtype (default: 150 problems)",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "sampled(every): one case of so many in the suite, all with --problems 2000"
    )
    config.addinivalue_line(
        "markers", "started_anew: files are started as for a user, not as forks of one process"
    )
    if config.getoption("--problems") < 2000:
        # The matrices here are small: threads would spend their time waiting for each other, and
        # on a busy machine many times what the work takes. The full runs have them all the same.
        torch.set_num_threads(1)


def pytest_sessionstart() -> None:
    """A small temporary folder for each run of a file: on a disk that takes longer than the run."""
    if "TMPDIR" not in os.environ and IN_MEMORY.is_dir() and disk_usage(IN_MEMORY).free > ENOUGH:
        os.environ["TMPDIR"] = str(IN_MEMORY)
        tempfile.tempdir = None  # it is looked for anew


def pytest_collection_finish() -> None:
    """PyTorch's half a million objects stay until the end: Python need not go through them again
    each time that it looks for garbage.
    """
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of long lists of cases some are run each time: not those that are named with -k or ::."""
    _skip_what_takes_long(config, items)
    chosen = config.option.keyword or any("::" in argument for argument in config.args)
    if chosen or config.getoption("--problems") >= 2000:
        return
    count: dict[str, int] = {}
    left_out = []
    for item in items:
        marker = item.get_closest_marker("sampled")
        if marker is not None:
            name = item.nodeid.split("[")[0]
            count[name] = count.get(name, -1) + 1
            if count[name] % marker.args[0]:
                left_out.append(item)
    config.hook.pytest_deselected(items=left_out)
    gone = set(left_out)
    items[:] = [item for item in items if item not in gone]


def _skip_what_takes_long(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--slow"):
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(pytest.mark.skip(reason="takes long: run it with --slow"))


@pytest.fixture(scope="session")
def forked() -> Iterator[Callable[..., fork_server.Forked]]:
    with fork_server.running() as started:
        yield started


@pytest.fixture(autouse=True)
def _files_are_run_in_forks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch):
    """But where a test is about how they are started, and in the full runs."""
    full = request.config.getoption("--problems") >= 2000
    anew = request.node.get_closest_marker("started_anew")
    if sys.platform == "linux" and not full and not anew:
        monkeypatch.setattr(sandbox, "_started", request.getfixturevalue("forked"))


@pytest.fixture(autouse=True)
def _overflow_is_expected():
    """As on the command line: what overflows is judged, not warned about."""
    with np.errstate(all="ignore"):
        yield


def compare_steps(problem: Problem, fwd: Forward, bwd: Backward, autograd: Values) -> Comparison:
    """A manual step of the whole batch at once, against autograd's."""
    whole = Share(slice(0, len(problem.X)), problem.reg, fwd, bwd)
    return compare_shares(problem, [whole], autograd)


def plant(
    right: str, wrong: str, module: ModuleType = manual.network, file: Path = Path("planted")
) -> ModuleType:
    """The module with one piece of its text, which must stand there once, replaced. `file` is
    where a traceback looks for its lines.
    """
    source = inspect.getsource(module)
    assert source.count(right) == 1, f"{right!r} stands {source.count(right)} times"
    planted = ModuleType("planted")
    exec(compile(source.replace(right, wrong), file, "exec"), planted.__dict__)
    return planted


def plant_for_all(
    monkeypatch: pytest.MonkeyPatch, planted: ModuleType, module: ModuleType = manual.network
) -> None:
    """Each function of the module does what the planted one does, whoever has imported it."""
    for name, function in vars(module).items():
        if isinstance(function, FunctionType) and function.__module__ == module.__name__:
            monkeypatch.setattr(function, "__code__", vars(planted)[name].__code__)


def planted_step(problem: Problem, right: str, wrong: str) -> tuple[Forward, Backward]:
    """The manual step of `problem` with a mistake planted in it."""
    module = plant(right, wrong)
    fwd = module.forward(problem.params, problem.X, problem.y, problem.reg)
    bwd = module.backward(problem.params, problem.X, problem.reg, fwd)
    return Forward(*fwd), Backward(*bwd)


@pytest.fixture
def raising_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A line planted in the manual pass that raises. It stands in a file, to be looked up there."""
    right, wrong = "a1.T @ dz2", "a1 @ dz2"
    file = tmp_path / "network.py"
    file.write_text(inspect.getsource(manual.network).replace(right, wrong), encoding="utf-8")
    plant_for_all(monkeypatch, plant(right, wrong, file=file))
    return "dW2 = a1 @ dz2 + reg * W2"
