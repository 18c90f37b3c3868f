"""A line of progress on standard error, for long work that a person is watching."""

import sys
import time
from types import TracebackType

SILENT_SECONDS = 2.0
SECONDS_BETWEEN = 0.2


class Progress:
    """Called with the number of things done so far. Writes nothing in the first two seconds, and
    nothing at all where standard error is no terminal; leaves the line empty when it ends.
    """

    def __init__(self, noun: str, total: int) -> None:
        self.noun, self.total = noun, total
        self.shown = False
        self.next = time.monotonic() + SILENT_SECONDS

    def __call__(self, done: int) -> None:
        if time.monotonic() < self.next or not sys.stderr.isatty():
            return
        print(f"\r\033[K{self.noun} {done} of {self.total}", end="", file=sys.stderr, flush=True)
        self.shown = True
        self.next = time.monotonic() + SECONDS_BETWEEN

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
