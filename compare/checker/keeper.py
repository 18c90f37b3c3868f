"""Stands between the comparison and the process of a learner's file, and cleans up behind it.

    python -I -c "…; keeper.main()" INPUT OUTPUT FOLDER BYTES

Its standard input is a pipe: when that closes, the comparison wants no more, or is gone. On Linux
every process that the file started, in whatever session, becomes the keeper's child when its own
parent ends, and so can be found and ended. Where there is no fork, it is the worker itself.
"""

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

SECONDS = 2.0  # for ending what a file left running
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def main() -> None:
    input_file, output_file, folder, memory = sys.argv[1:5]
    parent = os.getppid()
    if not hasattr(os, "fork"):
        threading.Thread(target=_end_with_the_input, daemon=True).start()
        _work(input_file, output_file, memory)
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    keeper = os.getpid()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != keeper:
            os._exit(1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        _work(input_file, output_file, memory)
    status = _wait(pid)
    gone = status == -1 and not os.read(0, 1)  # the comparison says a byte before it closes
    _end_all(pid)
    if gone or os.getppid() != parent:  # nobody is left to do it
        import shutil

        shutil.rmtree(folder, ignore_errors=True)
    _end_as(status)


def _work(input_file: str, output_file: str, memory: str) -> None:
    from compare.checker import worker

    worker.main(input_file, output_file, int(memory))


def _wait(pid: int) -> int:
    """The status with which the process ended; -1 if it has to be ended."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    # The file is not to end its keeper by accident.
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals() - {signal.SIGCHLD})
    while True:
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == pid:
                    return ended[1]
        ready, _, _ = select.select([0, reader], [], [])
        if 0 in ready:
            return -1
        os.read(reader, 4096)


def _end_all(pid: int) -> None:
    """End the process, its group, and all that came from it."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        with suppress(OSError):
            os.killpg(pid, signal.SIGKILL)
        for child in _children():
            with suppress(OSError):
                os.kill(child, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return  # none is left
        time.sleep(0.002)


def _children() -> Iterator[int]:
    """As Linux tells them; elsewhere none."""
    me = os.getpid()
    try:
        with open(f"/proc/{me}/task/{me}/children") as file:
            yield from map(int, file.read().split())
    except OSError:
        return


def _end_as(status: int) -> None:
    """End as the process ended: its exit status, or its signal."""
    if status == -1:
        os._exit(0)
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        with suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signal.valid_signals())
        os.kill(os.getpid(), number)
        time.sleep(1)
    os._exit(os.waitstatus_to_exitcode(status) & 255)


def _prctl(option: int, value: int) -> None:
    """Linux's; elsewhere nothing happens."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError, ImportError):
            import ctypes

            ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), 0, 0, 0)


def _end_with_the_input() -> None:
    sys.stdin.buffer.read()
    os._exit(1)
