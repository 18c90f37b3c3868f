"""Files that go wrong in every way: each costs one line, and leaves nothing behind."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from compare.checker.probes import probes
from compare.checker.sandbox import Answer, run_file, run_function
from compare.problems.problem import Problem
from tests.learners import HEAD, source

RIGHT = source()
LINGERING = (
    f"sleep {10**7 + os.getpid()}"  # what the files start, and what must not be there afterwards
)
START = f"subprocess.Popen({LINGERING.split()!r}, start_new_session=True)"
BATCHES = {name: probes()[name] for name in ("200 × 4", "one sample")}


def first(line: str) -> str:
    """A right file with a line before all the others of the function."""
    return "import os, sys, signal, subprocess\n" + RIGHT.replace(
        "    n, c", f"    {line}\n    n, c"
    )


def body(lines: str) -> str:
    return "import os, sys, signal, subprocess\n" + HEAD + lines


# What the file says, and what is said of it: of all of it, or of its first run.
ONE_LINE = {
    "a lone surrogate in a message": (body("    raise ValueError('\\ud800')\n"), "\\ud800"),
    "escape codes in a message": (body("    raise ValueError('\\x1b[2J\\x07')\n"), "\\x1b[2J\\x07"),
    "null and line ends in a message": (body("    raise ValueError('a\\x00b\\nc')\n"), "a\\x00b c"),
    "text that runs from right to left": (body("    raise ValueError('\\u202e')\n"), "\\u202e"),
    "an exception of a name with escapes": (
        body("    raise type('E\\x1b[31m', (Exception,), {})('x')\n"),
        "E\\x1b[31m: x",
    ),
    "an exception whose text raises": (
        "class Bad(Exception):\n    def __str__(self): raise RuntimeError\n"
        + body("    raise Bad\n"),
        "Bad: (its text raises RuntimeError)",
    ),
    "an exception whose text is no text": (
        "class Bad(Exception):\n    __str__ = lambda self: 3\n" + body("    raise Bad\n"),
        "Bad: (its text raises TypeError)",
    ),
    "sys.exit with a long word": (body("    sys.exit('y' * 10**7)\n"), "sys.exit('yyyy"),
    "a message of ten megabytes": (body("    raise ValueError('y' * 10**7)\n"), "yyy…"),
    "a key of ten megabytes": (body("    return {'k' * 10**7: 1}\n"), "returned kkkk"),
    "a thousand keys": (
        body("    return {str(i): 1 for i in range(1000)}\n"),
        "returned 0, 1, 2, 3, 4, 5 and 994 more",
    ),
    "a key that cannot be shown": (
        "class K:\n    def __repr__(self): raise RuntimeError\n" + body("    return {K(): 1}\n"),
        "returned a K",
    ),
    "a dict that cannot be read": (
        "class D(dict):\n    def items(self): raise RuntimeError('no')\n"
        + body("    return D(dW1=W1)\n"),
        "RuntimeError: no",
    ),
    "four arrays of 64 MB": (
        body("    big = np.zeros(2**23)\n    return dict(dW1=big, db1=big, dW2=big, db2=big)\n"),
        "dW1: expected an array like its parameter, got one of shape (8388608,)",
    ),
    "a list in itself": (body("    a = []\n    a.append(a)\n    return a\n"), "a list of 1"),
    "a list without a shape": (
        body("    return dict(db2=[[1], [1, 2]])\n"),
        "db2: expected an array of real numbers, got a list whose parts have different lengths",
    ),
    "a real-time signal": (body("    os.kill(os.getpid(), 40)\n"), "a crash (signal 40)"),
    "a kill": (body("    os.kill(os.getpid(), 9)\n"), "a crash (SIGKILL)"),
    "its parent killed": (body("    os.kill(os.getppid(), 9)\n    while True: pass\n"), "SIGKILL"),
    "its group killed": (body("    os.killpg(0, 9)\n"), "a crash (SIGKILL)"),
    "an exit status of its own": (body("    os._exit(77)\n"), "exit status 77"),
    "KeyboardInterrupt": (body("    raise KeyboardInterrupt\n"), "KeyboardInterrupt, at line 5"),
    "GeneratorExit on import": ("raise GeneratorExit\n", "GeneratorExit, at line 1"),
    "threads that raise": (
        "import threading\n"
        + body("    threading.Thread(target=lambda: 1 / 0).start()\n    raise ValueError('x')\n"),
        "ValueError: x",
    ),
    "a file without end": (
        body("    f = open('x', 'wb')\n    while True: f.seek(2**26, 1), f.write(b'x')\n"),
        "OSError",
    ),
    "input": (body("    input()\n"), "EOFError"),
    "Python 2's range": (body("    for i in xrange(3): pass\n"), "in Python 3 it is range"),
    "Python 2's print": ("print 'hello'\n", "in Python 3 it is print(...)"),
    "a deep expression": (f"x = {'(' * 5000}{')' * 5000}\n", "Error"),
    "another encoding": (
        "# é\n",
        "expected text in UTF-8, or a first line that names its encoding, got the byte 0xe9",
    ),
    "an unknown encoding": ("# coding: nonsense\n", "expected a known encoding"),
    "recursion in __repr__ of an exit": (
        "class K:\n    def __repr__(self): return repr(self)\n" + body("    sys.exit(K())\n"),
        "sys.exit((its text raises RecursionError))",
    ),
}

RIGHT_ALL_THE_SAME = {
    "len replaced": "import builtins\n" + RIGHT + "\nbuiltins.len = lambda x: 3\n",
    "many of Python's functions replaced": "import builtins\n"
    + RIGHT
    + "\nfor name in ('open', 'print', 'abs', 'sorted', 'input', 'eval'):\n"
    "    setattr(builtins, name, None)\n",
    "its standard output closed": "import os\nos.close(1)\n" + RIGHT,
    "print replaced": first("sys.stdout = None"),
    "json and os rewritten": "import json, os\njson.dumps = os._exit = os.write = None\n" + RIGHT,
    "its parent asked to end": first("os.kill(os.getppid(), signal.SIGTERM)"),
    "its parent interrupted": first("os.kill(os.getppid(), signal.SIGINT)"),
    "children in sessions of their own": first(f"[{START} for _ in range(20)]"),
    "a child of a child": first(
        f"os.fork() or (os.setsid(), os.fork() or os.execvp('sleep', {LINGERING.split()!r}),"
        " os._exit(0))"
    ),
    "children that hear nothing": first(
        "os.fork() or ([signal.signal(s, signal.SIG_IGN) for s in (1, 2, 15)],"
        f" os.setsid(), os.execvp('sleep', {LINGERING.split()!r}))"
    ),
    "a folder that cannot be read": first(
        "os.path.exists('d') or (os.mkdir('d'), open('d/f', 'w').close(), os.chmod('d', 0))"
    ),
    "an alarm at the end": first("signal.alarm(60)"),
    "a handler at the end": "import atexit, time\natexit.register(time.sleep, 60)\n" + RIGHT,
    "numbers that raise": RIGHT.replace("    n, c", "    np.seterr(all='raise')\n    n, c"),
    "warnings that raise": "import warnings\nwarnings.simplefilter('error')\n" + RIGHT,
    "a recursion limit of its own": "import sys\nsys.setrecursionlimit(60)\n" + RIGHT,
    "a tracer of its own": "import sys\nsys.settrace(lambda *a: None)\n" + RIGHT,
    "another folder": first("os.chdir('/')"),
    "an error after the function": RIGHT + "\nopen('no such file')\n",
    "an end after the function": RIGHT + "\nraise SystemExit\n",
}


def lingering(folder: Path) -> list[str]:
    """Commands of processes that a file left, or that stood between."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ")
            where = os.readlink(process / "cwd")  # all that is known of a fork
        except OSError:
            continue
        text = f"{command.decode(errors='replace')} in {where}"
        if LINGERING in text or str(folder) in text:
            found.append(text)
    return found


Checked = Callable[..., Answer]


@pytest.fixture
def answer_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Checked]:
    """Runs a text as a file; nothing may be left of it, neither a process nor a folder."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))

    def run(text: str, timeout: float = 10, probes: dict[str, Problem] = BATCHES) -> Answer:
        file = tmp_path / "backward.py"
        file.write_bytes(text.encode("latin-1" if text.startswith("# é") else "utf-8"))
        return run_file(file, probes, timeout, trace="one sample")

    yield run
    end = time.monotonic() + 2
    while lingering(temporary) and time.monotonic() < end:
        time.sleep(0.05)  # killed, but not yet gone
    assert lingering(temporary) == []
    assert list(temporary.iterdir()) == []
    assert sorted(os.listdir(tmp_path)) == ["backward.py", "temporary"]


@pytest.mark.sampled(4)
@pytest.mark.parametrize("case", ONE_LINE)
def test_whatever_goes_wrong_is_one_short_line(answer_of: Checked, case: str):
    text, words = ONE_LINE[case]
    answer = answer_of(text)
    line = answer.failure or answer.runs["200 × 4"].error or ""
    assert words in line
    assert line.isprintable()
    assert len(line) < 500


@pytest.mark.sampled(3)
@pytest.mark.parametrize("case", RIGHT_ALL_THE_SAME)
def test_what_else_a_right_file_does_takes_none_of_its_values(answer_of: Checked, case: str):
    answer = answer_of(RIGHT_ALL_THE_SAME[case])
    assert answer.failure is None
    namespace: dict = {}
    exec(RIGHT, namespace)
    for name, expected in run_function(namespace["backward"], BATCHES).runs.items():
        run = answer.runs[name]
        assert (run.error, run.unstable, run.changed) == (None, (), ())
        assert list(run.values) == list(expected.values)
        for quantity, value in run.values.items():
            np.testing.assert_array_equal(value, expected.values[quantity])


@pytest.mark.started_anew
def test_an_endless_file_that_starts_others_leaves_none_of_them(answer_of: Checked):
    answer = answer_of(body(f"    {START}\n    while True: pass\n"), timeout=1)
    error = answer.runs["200 × 4"].error or ""
    assert error.startswith("it was still running after 1 second (")
    assert "at line 6: while True: pass" in error


ENDLESS = {
    "in Python": "    while True: pass\n",
    "asleep": "    time.sleep(60)\n",
    "that catches every exception": "    while True:\n        try: time.sleep(0.01)\n"
    "        except Exception: pass\n",
    "with a timer of its own": "    signal.alarm(60)\n    time.sleep(60)\n",
    "that lets nothing interrupt it": "    signal.pthread_sigmask(signal.SIG_BLOCK, [14])\n"
    "    time.sleep(60)\n",
    "that catches everything": "    while True:\n        try: time.sleep(0.01)\n"
    "        except BaseException: pass\n",
}


@pytest.mark.started_anew
@pytest.mark.sampled(3)
@pytest.mark.parametrize("case", ENDLESS)
def test_a_function_that_does_not_end_is_ended(answer_of: Checked, case: str):
    answer = answer_of("import time\n" + body(ENDLESS[case]), timeout=0.5)
    line = answer.failure or answer.runs["200 × 4"].error or ""
    assert line.startswith("it was still running after 0.5 seconds")


@pytest.mark.started_anew
def test_what_was_computed_before_an_endless_loop_is_followed(answer_of: Checked):
    answer = answer_of(RIGHT.replace("    dh = ", "    while True: n = n\n    dh = "), timeout=1)
    assert {b.name for b in answer.trace} >= {"hin", "h", "scores", "dscores", "dW2", "db2"}
    assert answer.trace_note == ""
    assert answer.runs["one sample"].error == answer.runs["200 × 4"].error.split(", at line")[0]


@pytest.mark.started_anew
def test_a_loop_after_the_function_is_left_out_and_the_function_is_judged(answer_of: Checked):
    answer = answer_of(RIGHT + "import time\nwhile True:\n    time.sleep(1)\nx = 1\n", timeout=2)
    assert answer.failure is None
    assert all(run.error is None and "dW1" in run.values for run in answer.runs.values())
    (remark,) = answer.remarks
    assert "was left out: it was still running after" in remark
    assert 'if __name__ == "__main__":' in remark
    assert "time.sleep(1)" in remark


@pytest.mark.started_anew
def test_an_import_that_does_not_end_is_given_more_time_and_no_advice_on_training(
    answer_of: Checked,
):
    slow = (
        "import sys, time\nclass Slow:\n    def find_spec(self, name, *more):\n"
        "        if name == 'slow': time.sleep(60)\nsys.meta_path.insert(0, Slow())\nimport slow\n"
    )
    (remark,) = answer_of(slow + RIGHT, timeout=2).remarks
    assert "line 6 was left out: it was still running after" in remark
    assert "(--timeout gives it more)" in remark
    assert "trains" not in remark


@pytest.mark.started_anew
@pytest.mark.slow
def test_a_parent_that_is_stopped_does_not_stop_the_comparison(answer_of: Checked):
    text = body("    os.kill(os.getppid(), signal.SIGSTOP)\n    while True: pass\n")
    error = answer_of(text, timeout=1).runs["200 × 4"].error or ""
    assert error.startswith("it was still running after 1 second (")


@pytest.mark.started_anew
@pytest.mark.slow
def test_a_file_that_kills_its_keeper_leaves_none_of_what_it_started(answer_of: Checked):
    text = body(f"    {START}\n    os.kill(os.getppid(), 9)\n    while True: pass\n")
    assert answer_of(text).failure == "it ended without an answer: a crash (SIGKILL)"


def test_what_was_answered_before_the_end_is_kept(answer_of: Checked):
    answer = answer_of(first("len(X) == 1 and os._exit(3)"))
    assert answer.failure is None
    assert set(answer.runs["200 × 4"].values) >= {"dW1", "db1", "dW2", "db2"}
    assert answer.runs["one sample"].error == "it ended without an answer: exit status 3"


def test_an_end_during_the_trace_costs_the_trace_alone(answer_of: Checked):
    answer = answer_of(first("sys.gettrace() and os._exit(3)"))
    assert all(run.error is None for run in answer.runs.values())
    assert answer.trace == ()
    assert answer.trace_note == "no trace: it ended without an answer: exit status 3"


def test_an_answer_that_was_written_over_is_not_believed(answer_of: Checked):
    answer = answer_of(first("open('../output', 'wb').write(b'x' * 10**6)"))
    assert answer.failure is not None
    assert "cannot be read" in answer.failure


def test_what_is_printed_is_kept_to_a_bound_and_cannot_act_on_the_terminal(answer_of: Checked):
    answer = answer_of(first("print('\\x1b[2J', 'x' * 10**6)"))
    assert answer.output.startswith("\\x1b[2J xxx")
    assert len(answer.output) <= 2000
    assert "dW1" in answer.runs["200 × 4"].values


def test_in_this_process_an_exception_whose_text_raises_is_a_line():
    class BadError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

        __repr__ = __str__

    class Backward:
        def __call__(self, X, y, W1, b1, W2, b2, reg):
            raise BadError

        def __getattr__(self, name):
            raise BadError if name == "__name__" else AttributeError(name)

    run = run_function(Backward(), BATCHES).runs["200 × 4"]
    assert run.error is not None
    assert run.error.startswith("BadError: (its text raises RuntimeError), at line ")


def test_ctrl_c_in_a_function_of_this_process_is_the_users():
    def backward(X, y, W1, b1, W2, b2, reg):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_function(backward, BATCHES)
