"""What is run of a learner's file or function, in whatever form it comes."""

import textwrap
from pathlib import Path

import numpy as np
import pytest

from compare.checker.check import check_file
from compare.checker.probes import probes
from compare.checker.sandbox import run_file, run_function
from tests.learners import HEAD, RIGHT_SOLUTIONS, source

RIGHT = source()
RETURN = "    return dict(dW1=0 * W1, db1=0 * b1, dW2=0 * W2, db2={})\n"

# What the file says, and what the report says of it.
HOSTILE = {
    "a syntax error": (
        "import numpy as np\ndef backward(X, y:\n    pass\n",
        "SyntaxError: '(' was never closed, at line 2: def backward(X, y:",
    ),
    "not Python": ("\x00\x01", "expected Python source, got null bytes"),
    "an empty file": ("", "expected a function backward("),
    "no such function": ("def backwards(): pass", "expected a function backward("),
    "a number called backward": ("backward = 3", "expected a function backward("),
    "another signature": (
        "def backward(X, y, W1, b1): pass",
        "expected backward(X, y, W1, b1, W2, b2, reg), got backward(X, y, W1, b1)",
    ),
    "an import that fails": (
        "from no_such_module import backward",
        "line 1 was left out: there is no module no_such_module here; expected a function",
    ),
    "an exception": (
        HEAD + "    z1 = X @ W1\n    return z1 @ W1\n",
        "at line 5: return z1 @ W1",
    ),
    "an exception of its own kind": (
        "class Bad(Exception): pass\n" + HEAD + "    raise Bad('two\\nlines')\n",
        "Bad: two lines, at line 5: raise Bad('two\\nlines')",
    ),
    "sys.exit": ("import sys\n" + HEAD + "    sys.exit(3)\n", "it called sys.exit(3), at line 5"),
    "sys.exit on import": ("import sys\nsys.exit()\n", "it called sys.exit()"),
    "os._exit": (
        "import os\n" + HEAD + "    os._exit(0)\n",
        "ended without an answer: exit status 0",
    ),
    "a hard crash": (
        "import ctypes\n" + HEAD + "    ctypes.string_at(0)\n",
        "ended without an answer: a crash (SIGSEGV)",
    ),
    "an abort": ("import os\n" + HEAD + "    os.abort()\n", "a crash (SIGABRT)"),
    "a huge allocation": (
        HEAD + "    np.ones((10**6, 10**6))\n",
        "MemoryError: Unable to allocate",
    ),
    "an allocation in Python": (HEAD + "    [0] * 10**10\n", "MemoryError, at line 4"),
    "endless recursion": (
        HEAD + "    return backward(X, y, W1, b1, W2, b2, reg)\n",
        "RecursionError",
    ),
    "nothing": (HEAD + "    pass\n", "expected a dict of arrays to be returned, got None"),
    "the loss alone": (
        HEAD + "    return 0.5\n",
        "expected a dict of arrays to be returned, got float",
    ),
    "a tuple of three": (
        HEAD + "    return W1, b1, W2\n",
        "expected a dict of arrays, or dW1, db1, dW2, db2 in this order, got a tuple of 3",
    ),
    "an unknown name": (
        HEAD + "    return dict(weights=W1)\n",
        "returned weights: expected names among z1",
    ),
    "a coroutine": (
        HEAD.replace("def ", "async def ") + RETURN.format("b2"),
        "expected a dict of arrays to be returned, got a coroutine: leave out async",
    ),
}
REAL = "expected an array of real numbers, got "
NO_NUMBERS = {
    "None in an array": ("np.array([[None]])", REAL + "an array with None in it"),
    "an object": ("object()", REAL + "object"),
    "strings": ("np.array(['a'])", REAL + "text"),
    "complex numbers": ("1j * b2", REAL + "complex numbers"),
    "rows of several lengths": (
        "[[1, 2], [3]]",
        REAL + "a list whose parts have different lengths",
    ),
    "an enormous array": (
        "np.broadcast_to(b2[0, 0], (10**5, 10**5))",
        "expected an array like its parameter, got one of shape (100000, 100000)",
    ),
}


def write(folder: Path, text: str) -> Path:
    file = folder / "backward.py"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.sampled(2)
@pytest.mark.parametrize("case", HOSTILE)
def test_a_file_that_cannot_be_judged_gets_one_line_that_says_why(tmp_path: Path, case: str):
    text, message = HOSTILE[case]
    report = check_file(write(tmp_path, text))
    assert not report.right
    assert message in report.error
    assert "\n" not in report.error


@pytest.mark.sampled(2)
@pytest.mark.parametrize("case", NO_NUMBERS)
def test_what_is_no_array_of_numbers_is_a_mistake_in_the_line_that_returns_it(
    tmp_path: Path, case: str
):
    value, words = NO_NUMBERS[case]
    text = source(everything=False).replace("dW2=dW2", f"dW2={value}")
    report = check_file(write(tmp_path, text), search=0)
    assert [(f.quantity, f.id, f.title) for f in report.mistakes] == [("dW2", "no-numbers", words)]
    assert "return dict(" in report.mistakes[0].source
    assert str(report).splitlines()[-1].startswith("Fix dW2 first.")
    assert not report.error


@pytest.mark.started_anew
@pytest.mark.parametrize(
    "loop", ["while True: pass", "import time; time.sleep(99)", "while True: print('x' * 10**6)"]
)
def test_a_file_that_never_ends_is_stopped(tmp_path: Path, loop: str):
    report = check_file(write(tmp_path, HEAD + f"    {loop}\n"), timeout=0.5)
    assert report.error.startswith("it was still running after 0.5 seconds (--timeout gives")
    assert report.error.endswith(f"at line 4: {loop}")


HARMLESS = {
    "a flood of printing": RIGHT.replace("    n, c", "    print('x' * 10**6)\n    n, c"),
    "output on both streams while imported": "import sys\nsys.stderr.write('x' * 10**6)\n" + RIGHT,
    "NumPy's functions rewritten": RIGHT.replace(
        "def backward",
        "_sum = np.sum\nnp.save = np.load = np.array_equal = np.asarray = np.allclose = None\n"
        "np.ndarray = list\n\ndef backward",
    ),
    "a thread left running": "import threading, time\n"
    "threading.Thread(target=time.sleep, args=(60,)).start()\n" + RIGHT,
    "memory of its arguments read in place": RIGHT.replace(
        "    n, c", "    X = np.frombuffer(X.data, X.dtype).reshape(X.shape)\n    n, c"
    ),
    "a module beside it": "import helper\n"
    + RIGHT.replace("np.maximum(0, hin)", "helper.relu(hin)"),
    "a function of a module that is not there, used elsewhere": (
        "from no_such_module import njit\n" + RIGHT + "\n@njit\ndef train(): pass\n"
    ),
    "a main guard": RIGHT + "\nif __name__ == '__main__':\n    raise SystemExit\n",
}


@pytest.mark.parametrize("case", HARMLESS)
def test_what_a_right_file_does_besides_does_not_make_it_wrong(tmp_path: Path, case: str):
    write(tmp_path, "import numpy as np\ndef relu(z): return np.maximum(z, 0)\n").rename(
        tmp_path / "helper.py"
    )
    report = check_file(write(tmp_path, HARMLESS[case]))
    assert report.right, str(report)


@pytest.mark.started_anew
@pytest.mark.parametrize("solution", ["einsum", "a class", "float32 throughout"])
def test_a_file_gives_the_values_that_its_function_gives_here(tmp_path: Path, solution: str):
    batches = {"float32": probes()["float32"], "one sample": probes()["one sample"]}
    answer = run_file(write(tmp_path, RIGHT_SOLUTIONS[solution]), batches, 10)
    assert answer.failure is None
    namespace: dict = {}
    exec(RIGHT_SOLUTIONS[solution], namespace)
    for name, run in run_function(namespace["backward"], batches).runs.items():
        for value, array in run.values.items():
            np.testing.assert_array_equal(answer.runs[name].values[value], array)


@pytest.mark.started_anew
def test_the_process_knows_neither_the_reference_nor_torch(tmp_path: Path):
    spy = textwrap.dedent(
        """
        import sys
        def backward(X, y, W1, b1, W2, b2, reg):
            found = {m.split(".")[0] for m in sys.modules} & {"torch", "manual", "compare"}
            raise RuntimeError(f"found {sorted(found)}")
        """
    )
    assert check_file(write(tmp_path, spy)).error.startswith("RuntimeError: found []")


def test_one_bad_batch_is_named_and_the_others_are_judged(tmp_path: Path):
    text = RIGHT.replace("    n, c", "    if len(X) == 1: raise ValueError('one')\n    n, c")
    report = check_file(write(tmp_path, text))
    assert not report.right
    assert "ValueError: one, at line 4" in report.error
    assert "(on the batch “one sample”)" in report.error
    assert {q.verdict for q in report.quantities} == {"right"}


def test_an_argument_that_is_written_to_is_named(tmp_path: Path):
    text = RIGHT.replace("    dh = dscores", "    W2 -= 0.1 * dW2\n    dh = dscores")
    report = check_file(write(tmp_path, text))
    assert [(f.quantity, f.id) for f in report.mistakes] == [("W2", "writes-to-argument")]


def test_an_argument_that_is_written_to_has_a_row_with_its_line(tmp_path: Path):
    after = RIGHT.replace("    return", "    W1 -= 0.1 * dW1\n    return")
    report = check_file(write(tmp_path, after))
    assert [(f.quantity, f.source) for f in report.mistakes] == [("W1", "W1 -= 0.1 * dW1")]
    row = report.quantities[-1]
    assert (row.name, row.verdict, row.source) == ("W1", "wrong", "W1 -= 0.1 * dW1")


def test_what_was_computed_before_an_argument_was_written_to_is_not_said_to_be_spoilt(
    tmp_path: Path,
):
    dW2 = "    dW2 = h.T.dot(dscores) + reg * W2\n"
    late = RIGHT.replace(dW2, "").replace(
        "    dhin = ", f"    W2 -= 0.1 * h.T.dot(dscores)\n{dW2}    dhin = "
    )
    (finding,) = check_file(write(tmp_path, late)).mistakes
    assert finding.others == ("dW2",)
    assert finding.title.startswith("W2 is written to before dW2 is computed from it")


def test_a_second_call_that_gives_another_answer_is_named(tmp_path: Path):
    text = RIGHT.replace("import numpy as np", "import numpy as np\ncalls = []").replace(
        "    n, c", "    calls.append(1)\n    n, c"
    )
    text = text.replace("dW1=dW1", "dW1=dW1 * (1 + (len(calls) % 2 == 0))")
    report = check_file(write(tmp_path, text))
    assert [(f.quantity, f.id) for f in report.mistakes] == [("dW1", "second-call-differs")]


FAILS_AGAIN = {
    "it raises": ("calls.pop()", "IndexError: pop from empty list, at line 5: calls.pop()"),
    "it returns nothing": (
        "if not calls: return\n    calls.clear()",
        "expected a dict of arrays to be returned, got None",
    ),
}


@pytest.mark.parametrize("case", FAILS_AGAIN)
def test_a_second_call_that_fails_is_no_other_answer(tmp_path: Path, case: str):
    first, words = FAILS_AGAIN[case]
    text = RIGHT.replace("import numpy as np", "import numpy as np\ncalls = [1]")
    report = check_file(write(tmp_path, text.replace("    n, c", f"    {first}\n    n, c")))
    assert {q.verdict for q in report.quantities} == {"right"}
    assert not report.mistakes
    assert report.error.startswith(f"a second call with the same arguments failed: {words}")
    assert str(report).splitlines()[-1].startswith("Not right yet.")
