"""What a terminal, a pipe, a disk and a memory may be like: the command says what it has to say."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from compare.__main__ import main
from compare.problems import memory
from compare.problems.memory import bytes_needed, check_memory, free_bytes
from compare.text import GREEN, PLAIN, RED, USUAL, YELLOW, coloured

ROOT = Path(__file__).parents[1]
RIGHT = "tests/learners_files/right/06_einsum.py"
Capture = pytest.CaptureFixture[str]


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "compare", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "latin-1"])
@pytest.mark.parametrize("verb", ["", "--steps 2", "graph --blocks 3", "--help", "speed --help"])
def test_every_verb_writes_in_every_encoding(verb: str, encoding: str):
    usual = command(*verb.split(), PYTHONIOENCODING="utf-8")
    other = command(*verb.split(), PYTHONIOENCODING=encoding)
    assert (other.returncode, other.stderr) == (0, b"")
    text, expected = other.stdout.decode(encoding), usual.stdout.decode()
    assert "\\u" not in text
    assert len(text.splitlines()) == len(expected.splitlines())
    if verb != "--help":
        assert text.splitlines()[-1][:8] == expected.splitlines()[-1][:8]


def test_a_plain_table_has_plain_replacements(monkeypatch: pytest.MonkeyPatch):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    assert main([]) == 0
    text = written.getvalue().decode("ascii")
    assert text.startswith("200 samples x 4 features -> 10 hidden units -> 3 classes")
    assert "\n  1500 samples; 40 hidden units, 7 classes; " in text
    assert text.splitlines()[-1].startswith("AGREE")


def test_every_replacement_is_plain():
    assert all(plain.isascii() for plain in PLAIN.values())


FULL = Path("/dev/full")
needs_a_full_disk = pytest.mark.skipif(not FULL.exists(), reason="needs a full disk")


@needs_a_full_disk
@pytest.mark.parametrize("verb", ["--help", "exercise -o -"])
def test_a_full_disk_is_one_line_and_exit_2(verb: str):
    with FULL.open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "compare", *verb.split()],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 2
    assert done.stderr == "compare: standard output: No space left on device\n"


@needs_a_full_disk
@pytest.mark.parametrize("verb", ["", "--json", "graph"])
def test_a_comparison_that_does_not_fit_on_the_disk_is_no_verdict(
    verb: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
):
    with FULL.open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert main(verb.split()) == 2
    assert capsys.readouterr().err == "compare: standard output: No space left on device\n"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell that can close a stream")
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_the_shell_has_closed_takes_what_is_written_to_it(closed: str):
    command = [sys.executable, "-m", "compare", "exercise", "-o", "-"]
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert bool(done.stdout) is (closed == "2>&-")


def test_verdicts_are_coloured():
    assert coloured("z1  1e-16  ok") == f"z1  1e-16  {GREEN}ok{USUAL}"
    assert coloured("a\nDIFFER: dW1") == f"a\n{RED}DIFFER{USUAL}: dW1"
    assert coloured("  dz2    wrong") == f"  dz2    {RED}wrong{USUAL}"
    assert coloured("Fix dz2 first. (--seed 1)") == f"{RED}Fix dz2 first{USUAL}. (--seed 1)"
    assert coloured("  dz2    edge") == f"  dz2    {YELLOW}edge{USUAL}"
    assert coloured("a.py   to do: dW2") == f"a.py   {YELLOW}to do{USUAL}: dW2"
    assert coloured("a.py   wrong: dz2 (sign)") == f"a.py   {RED}wrong{USUAL}: dz2 (sign)"
    assert coloured("an AGREE inside, right there") == "an AGREE inside, right there"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_terminal_gets_colour():
    import pty

    ours, theirs = pty.openpty()
    usual = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    command = [sys.executable, "-m", "compare", "check", RIGHT]
    child = subprocess.Popen(command, cwd=ROOT, stdout=theirs, env=usual | {"TERM": "xterm"})
    os.close(theirs)
    text = b""
    try:
        while piece := os.read(ours, 65536):
            text += piece
    except OSError:  # Linux's way to say that the other end is closed
        pass
    os.close(ours)
    assert child.wait() == 0
    assert f"{GREEN}All right{USUAL}".encode() in text


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "options", "environment", "colours"),
    [
        (Terminal, [], {}, True),
        (Terminal, ["--no-color"], {}, False),
        (Terminal, [], {"NO_COLOR": "1"}, False),
        (Terminal, [], {"TERM": "dumb"}, False),
        (io.StringIO, [], {}, False),
    ],
    ids=["terminal", "--no-color", "NO_COLOR", "a terminal that has none", "no terminal"],
)
def test_colour_is_for_terminals_that_want_it(
    stream: type[io.StringIO],
    options: list[str],
    environment: dict[str, str],
    colours: bool,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in ({"TERM": "xterm"} | environment).items():
        monkeypatch.setenv(name, value)
    written = stream()
    monkeypatch.setattr(sys, "stdout", written)
    assert main(options) == 0
    assert "AGREE" in written.getvalue()
    assert ("\033[" in written.getvalue()) is colours


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGPIPE")
@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["at the end", "while it writes"])
def test_a_reader_that_has_enough_is_neither_a_difference_nor_unusable_input(unbuffered: str):
    enough, theirs = os.pipe()
    os.close(enough)
    done = subprocess.run(
        [sys.executable, "-m", "compare", "exercise", "-o", "-"],
        cwd=ROOT,
        env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
        stdout=theirs,
        stderr=subprocess.PIPE,
    )
    os.close(theirs)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize(
    "options",
    ["", "--samples 20000", "example", "graph --blocks 3", "--data compare/problems/iris.csv"],
)
def test_all_lines_before_the_verdict_fit_80_columns(
    options: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(ROOT)
    assert main(options.split()) == 0
    *lines, verdict = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80, max(lines, key=len)
    assert verdict.startswith("AGREE")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--seed 1.5", "--seed: expected a whole number, got '1.5'"),
        ("--seed -1", "--seed: expected a whole number from 0 to 9223372036854775807, got -1"),
        ("--dtype=int8", "--dtype: expected float64 or float32, got 'int8'"),
        ("--reg x", "--reg: expected a number, got 'x'"),
        ("--steps", "--steps: expected a value, got none"),
        ("speed --threads 3", "--threads: expected 'one', 'all', 'both', got '3'"),
        ("--json=3", "--json: expected no value, got '3'"),
        ("example --seed 3", "expected only what --help names, got --seed 3"),
    ],
)
def test_an_option_is_named_as_it_was_typed(options: str, said: str, capsys: Capture):
    assert main(options.split()) == 2
    assert capsys.readouterr() == ("", f"compare: {said}\n")


@pytest.mark.parametrize(
    "options",
    [
        "--hidden 100000000",
        "--samples 99999999999999999999",
        "--features 999999999999",
        "graph --classes 9999999999",
    ],
)
def test_what_does_not_fit_in_memory_is_refused_in_bytes_before_it_is_made(
    options: str, capsys: Capture
):
    assert main(options.split()) == 2
    printed = capsys.readouterr()
    assert "expected a problem that fits in memory, got one that needs about " in printed.err
    assert "bytes, where " in printed.err
    assert printed.err.count("\n") == 1


def test_a_problem_is_measured_against_the_memory_that_is_free(monkeypatch: pytest.MonkeyPatch):
    sizes = (1_000_000, 4, 10, 3)
    need = bytes_needed(*sizes, 8)
    monkeypatch.setattr(memory, "free_bytes", lambda: need)
    check_memory(*sizes, "float64")
    monkeypatch.setattr(memory, "free_bytes", lambda: need - 1)
    with pytest.raises(ValueError, match="expected a problem that fits in memory"):
        check_memory(*sizes, "float64")
    monkeypatch.setattr(memory, "free_bytes", lambda: None)  # a system that does not say
    check_memory(*sizes, "float64")


def test_this_system_says_how_much_is_free():
    assert (free_bytes() or 1) > 0


def test_many_classes_need_no_matrix_of_classes_by_classes(capsys: Capture):
    assert main(["--classes", "30000", "--samples", "3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["agree"] is True


def test_one_sample_makes_no_blocks_and_the_message_says_so(capsys: Capture):
    assert main(["graph", "--samples", "1", "--blocks", "1"]) == 2
    expected = "compare: --samples: expected at least 2, to make blocks of them, got 1\n"
    assert capsys.readouterr().err == expected
