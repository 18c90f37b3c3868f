"""A line of progress on standard error, for long work that a person is watching."""

import sys
import time
from types import TracebackType

SILENT_SECONDS = 2.0
SECONDS_BETWEEN = 0.2


class Progress:
    """Called with the number of things done so far. Writes nothing in the first two seconds, and
    nothing at all where standard error is no terminal; leaves the line empty when it ends. What
    remains is what it would take if the rest went on as it did so far.
    """

    def __init__(self, noun: str, total: int) -> None:
        self.noun, self.total = noun, total
        self.shown = False
        self.start = time.monotonic()
        self.next = self.start + SILENT_SECONDS

    def __call__(self, done: int) -> None:
        now = time.monotonic()
        if now < self.next or not sys.stderr.isatty():
            return
        left = duration((now - self.start) / done * (self.total - done))
        text = f"{self.noun} {done} of {self.total}, about {left} left"
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
        self.shown = True
        self.next = now + SECONDS_BETWEEN

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


def duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
