"""Interrupts the learner's code when its time is over, at the line that it has come to.

It needs the timer of POSIX; elsewhere nothing happens, and the comparison ends the process. So it
does where the code has a timer of its own, or catches what is raised.
"""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SOON = 0.02  # seconds: later, where none of the learner's lines is running now

# Taken now: a learner's file may put others in their place. Windows has no such timer.
_set_timer, _timer = getattr(signal, "setitimer", None), getattr(signal, "ITIMER_REAL", 0)
_handle, _alarm = signal.signal, getattr(signal, "SIGALRM", 0)
_monotonic = time.monotonic


class StillRunningError(BaseException):
    """No Exception: what the learner's code catches lets it pass."""


def still_running(seconds: float, advice: str = "--timeout gives it more") -> str:
    plural = "" if seconds == 1 else "s"
    return f"it was still running after {seconds:g} second{plural} ({advice})"


@contextmanager
def interrupted_at(end: float, mine: Callable[[str], bool], words: str) -> Iterator[None]:
    """Raise StillRunningError at that time of the monotonic clock, in a file that is `mine`."""
    if _set_timer is None:
        yield
        return

    def interrupt(_: int, frame: FrameType | None) -> None:
        while frame is not None:
            if mine(frame.f_code.co_filename):
                raise StillRunningError(words)
            frame = frame.f_back
        _set_timer(_timer, SOON)

    _handle(_alarm, interrupt)
    _set_timer(_timer, max(end - _monotonic(), SOON))
    try:
        yield
    finally:
        _set_timer(_timer, 0)
