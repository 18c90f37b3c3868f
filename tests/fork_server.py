"""Starts learners' files from a process that has NumPy and the worker loaded already.

The start of Python and the import of NumPy are most of what a file's run takes. Here one process,
started as the sandbox starts its own, has done both, and is forked for each file. What runs in the
fork is the sandbox's keeper and worker, with the same input, folder and limits.

    python -I tests/fork_server.py SOCKET
"""

import gc
import json
import os
import select
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

SETTINGS = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # a fork has no other threads
ROOT = str(Path(__file__).parents[1])
LARGEST = 2**17  # bytes of a request: the command and the environment
NUMBER = struct.Struct("<i")  # a pid, and then an exit status as os.wait has it


class Forked:
    """What the sandbox uses of a subprocess.Popen."""

    def __init__(
        self, server: socket.socket, command: list[str], folder: Path, env: Mapping[str, str]
    ) -> None:
        theirs_in, ours_in = os.pipe()
        ours_out, theirs_out = os.pipe()
        self.told, telling = os.pipe()
        request = json.dumps({"argv": command[3:], "folder": str(folder), "env": dict(env)})
        socket.send_fds(server, [request.encode()], [theirs_in, theirs_out, telling])
        for fd in (theirs_in, theirs_out, telling):
            os.close(fd)
        self.stdin, self.stdout = os.fdopen(ours_in, "wb"), os.fdopen(ours_out, "rb")
        (self.pid,) = NUMBER.unpack(os.read(self.told, NUMBER.size))
        self.returncode: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not select.select([self.told], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("a fork", timeout or 0)
            (status,) = NUMBER.unpack(os.read(self.told, NUMBER.size))
            os.close(self.told)
            self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def poll(self) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode


@contextmanager
def running() -> Iterator[Callable[[list[str], Path, Mapping[str, str]], Forked]]:
    """Starts what the sandbox's own `_started` starts, and takes the same arguments."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-I", __file__, str(theirs.fileno())],
            env=os.environ | SETTINGS,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )
    with process, ours:  # it ends when the socket closes
        yield partial(Forked, ours)


def serve(asked: socket.socket) -> None:
    sys.path.insert(0, ROOT)
    import compare.checker.keeper
    import compare.checker.worker  # noqa: F401

    gc.freeze()  # else each fork would copy what it only looks through
    running: dict[int, tuple[int, int]] = {}  # by a descriptor: the pid, and where its end is told
    while True:
        for fd in select.select([asked, *running], [], [])[0]:
            if fd in running:
                _tell(*running.pop(fd))
                os.close(fd)
                continue
            request, fds, _, _ = socket.recv_fds(asked, LARGEST, 3)
            if not request:
                return
            given, printed, telling = fds
            pid = os.fork()
            if pid == 0:
                for other, (_, told) in running.items():
                    os.close(other)
                    os.close(told)
                os.close(telling)
                asked.close()
                _start(json.loads(request), given, printed)
            os.write(telling, NUMBER.pack(pid))
            running[os.pidfd_open(pid)] = pid, telling
            os.close(given)
            os.close(printed)


def _tell(pid: int, telling: int) -> None:
    """Its end, as soon as it comes."""
    with suppress(BrokenPipeError):  # nobody waits for it
        os.write(telling, NUMBER.pack(os.waitpid(pid, 0)[1]))
    os.close(telling)


def _start(request: dict[str, Any], given: int, printed: int) -> NoReturn:
    """A keeper."""
    os.setsid()
    for ours, theirs in ((given, 0), (printed, 1), (printed, 2)):
        os.dup2(ours, theirs)
    os.close(given)
    os.close(printed)
    _keep(**request)
    os._exit(0)


def _keep(argv: list[str], folder: str, env: dict[str, str]) -> None:
    import numpy as np

    from compare.checker import keeper

    np.random.seed()  # else all forks would draw the same numbers
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = argv
    keeper.main()


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
