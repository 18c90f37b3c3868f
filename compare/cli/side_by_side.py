"""The same work on many items, in helper processes: what ends one of them costs one item.

A helper holds nothing of value: when it dies, whatever killed it, its item gets what `failed` says
of it and another helper takes its place. Ctrl-C ends all of them at once.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing import Pipe, Process, parent_process
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def side_by_side(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    jobs: int,
    failed: Callable[[Item, str], Result],
) -> Iterator[Result]:
    """work(item) for each, in order, `jobs` at a time."""
    if len(items) == 1 or jobs == 1:
        yield from map(work, items)
        return
    helpers = [_Helper(work) for _ in range(min(jobs, len(items)))]
    try:
        yield from _in_order(work, items, helpers, failed)
    finally:
        for helper in helpers:
            helper.end()


def _in_order(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    helpers: "list[_Helper]",
    failed: Callable[[Item, str], Result],
) -> Iterator[Result]:
    waiting = list(enumerate(items))[::-1]
    results: dict[int, Result] = {}
    for helper in helpers:
        helper.give(*waiting.pop())
    for number in range(len(items)):
        while number not in results:
            busy = {helper.pipe: at for at, helper in enumerate(helpers) if helper.number >= 0}
            for pipe in wait(list(busy)):
                at = next(at for other, at in busy.items() if other is pipe)
                helper = helpers[at]
                try:
                    results[helper.number] = helper.pipe.recv()
                    helper.number = -1
                except (EOFError, OSError):
                    ending = f"the process that judged it ended: {helper.ending()}"
                    results[helper.number] = failed(items[helper.number], ending)
                    helpers[at] = helper = _Helper(work)
                if waiting:
                    helper.give(*waiting.pop())
        yield results.pop(number)


class _Helper:
    def __init__(self, work: Callable[[Any], Any]) -> None:
        self.pipe, other = Pipe()
        self.process = Process(target=_serve, args=(other, work), daemon=True)
        self.process.start()
        other.close()
        self.number = -1  # of the item that it is at

    def give(self, number: int, item: Any) -> None:
        self.number = number
        with suppress(OSError):  # it is gone, which shows when its answer is waited for
            self.pipe.send(item)

    def ending(self) -> str:
        self.process.join(1)
        return f"exit status {self.process.exitcode}"

    def end(self) -> None:
        self.process.terminate()
        self.process.join(1)
        self.pipe.close()


def _serve(pipe: "Connection[Any, Any]", work: Callable[[Any], Any]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process ends its helpers
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    while True:
        try:
            item = pipe.recv()
        except EOFError:
            return
        pipe.send(work(item))


def _end_with_the_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
