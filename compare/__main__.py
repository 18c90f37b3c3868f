"""The command line: the verb's file does the work.

Exit status 0: agreement; 1: a difference; 2: unusable input or options.
"""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from importlib import import_module
from typing import TextIO

from compare.cli.options import INTERRUPTED, NO_COLOUR, UNUSABLE, as_typed
from compare.text import coloured

CLOSED_PIPE = 141  # what a shell has for a program that SIGPIPE ended
# Each is a file of compare/cli/.
VERBS = ("example", "graph", "page", "sharpness", "speed", "distributed", "exercise", "check")


def main(argv: list[str]) -> int:
    """Run the verb, and turn what a user can do wrong into one line on standard error."""
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="plainly")
    try:
        with _colours(argv):
            return _run(argv)
    except ValueError as error:
        print(f"compare: {as_typed(str(error), argv)}", file=sys.stderr)
    except MemoryError:
        print("compare: expected a problem that fits in memory, got a larger one", file=sys.stderr)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader (head, say) has enough: no verdict, and no fault either
        _write_no_more()
        return CLOSED_PIPE
    except OSError as error:
        where = error.filename or "standard output"
        print(f"compare: {where}: {error.strerror or error}", file=sys.stderr)
        _write_no_more()
    return UNUSABLE


def _run(argv: list[str]) -> int:
    verb, rest = (argv[0], argv[1:]) if argv and not argv[0].startswith("-") else ("step", argv)
    if verb not in (*VERBS, "step"):
        raise ValueError(f"expected one of {', '.join(VERBS)}, or options, got {verb!r}")
    try:
        status: int = import_module(f"compare.cli.{verb}").run(rest)
    except SystemExit as done:  # --help
        status = int(done.code or 0)
    sys.stdout.flush()  # here, where a full disk can still be reported
    return status


@contextmanager
def _colours(argv: list[str]) -> Iterator[None]:
    """Verdicts in colour where standard output is a terminal and nobody objects."""
    dumb = os.environ.get("TERM") == "dumb"
    if not sys.stdout.isatty() or dumb or os.environ.get("NO_COLOR") or NO_COLOUR in argv:
        yield
        return
    with redirect_stdout(_Coloured(sys.stdout)):
        yield


class _Coloured(io.TextIOBase):
    """A stream whose verdicts are coloured."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        return self.stream.write(coloured(text))

    def flush(self) -> None:
        self.stream.flush()

    def isatty(self) -> bool:
        return self.stream.isatty()

    def fileno(self) -> int:
        return self.stream.fileno()


def _open_closed_streams() -> None:
    """Where the shell has closed one (`>&-`), what is written there goes nowhere. Its number is
    taken again, so that no other file gets it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            stream = open(os.devnull, mode, encoding="utf-8")  # noqa: SIM115 (open until the end)
            if stream.fileno() != number:
                os.dup2(stream.fileno(), number)
            setattr(sys, name, stream)


def _write_no_more() -> None:
    """Python would complain again when it closes standard output."""
    with suppress(OSError):  # standard output may be no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
