"""tests/fork_server.py: in a fork, a file does what it does in a process that is started for it."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from compare.checker.check import check_file
from compare.checker.grades import report_data
from compare.checker.probes import probes
from compare.checker.sandbox import run_file
from tests.learners import HEAD, PLANTS, source

pytestmark = [
    pytest.mark.started_anew,
    pytest.mark.skipif(sys.platform != "linux", reason="forks are used on Linux alone"),
]

SEEN = """
import os, resource, signal, sys
import numpy as np
limits = [resource.getrlimit(r) for r in (resource.RLIMIT_AS, resource.RLIMIT_FSIZE)]
rooms = ("compare", "manual", "tests", "torch")
print(os.path.basename(os.getcwd()), os.environ["MPLBACKEND"], os.listdir(), limits, __name__)
print(sys.argv, sys.path, sys.flags, [n for n in sys.modules if n.split(".")[0] in rooms])
print([signal.getsignal(s) for s in (2, 13, 15)], os.isatty(1), sys.stdin.read(), np.geterr())
print(os.getsid(0) == os.getpid(), len(os.listdir("/proc/self/fd")), signal.pthread_sigmask(0, []))
"""
FILES = {
    "right": source(),
    "wrong": source(PLANTS[0]),
    "an exception": HEAD + "    z1 = X @ W1\n    return z1 @ W1\n",
    "a crash": "import os\n" + HEAD + "    os.abort()\n",
    "an exit status": "import os\n" + HEAD + "    os._exit(77)\n",
    "what it sees around it": SEEN + source(),
}


@pytest.mark.parametrize("case", FILES)
def test_the_report_is_that_of_a_process_of_its_own(
    case: str, tmp_path: Path, forked: Callable, monkeypatch: pytest.MonkeyPatch
):
    file = tmp_path / "mine.py"
    file.write_text(FILES[case], encoding="utf-8")
    anew = check_file(file, seed=1, search=0)
    monkeypatch.setattr("compare.checker.sandbox._started", forked)
    in_a_fork = check_file(file, seed=1, search=0)
    assert in_a_fork.output.splitlines() == anew.output.splitlines()
    assert report_data(in_a_fork) == report_data(anew)
    assert str(in_a_fork) == str(anew)


def test_each_fork_draws_random_numbers_of_its_own(
    tmp_path: Path, forked: Callable, monkeypatch: pytest.MonkeyPatch
):
    file = tmp_path / "mine.py"
    drawn = "import numpy as np, random\nprint(np.random.rand(), random.random())\n"
    file.write_text(drawn + source(), encoding="utf-8")
    monkeypatch.setattr("compare.checker.sandbox._started", forked)
    batch = {"one sample": probes()["one sample"]}
    first, second = (run_file(file, batch, 10).output.split() for _ in range(2))
    assert not set(first) & set(second)
