"""What a learner's own lines computed: each array and number that they bound or changed.

`record` runs a function under sys.settrace and looks at the names of a statement (statements.py)
before and after it: at locals, closures, members of dicts and lists, attributes; at what a helper
was given, and what it returned. It changes nothing, and is bounded in events, time and memory.
"""

import itertools
import linecache
import sys
import sysconfig
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import CodeType, FrameType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compare.checker.statements import Statement, statements
from compare.text import printable

EVENTS = 100_000
SECONDS = 1.0
BYTES = 2**23  # of all copies together
LARGEST = 2**20  # bytes of one array that is looked at
OFTEN = 64  # times that a statement of one call is looked at; later, only what it left behind
KEPT = 64  # values of a name at a line of one call: the first ones, and the last
KEPT_LARGE, LARGE = 4, 512  # of arrays of more elements
MEMBERS = 64  # of one container, those of its members included
DEPTH = 3

COMPREHENSIONS = ("<listcomp>", "<dictcomp>", "<setcomp>", "<genexpr>")
LIBRARIES = tuple(
    {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
)
NUMBERS = (int, float, np.number, np.bool_)


class Binding(NamedTuple):
    """One name, after one line of the learner's had run."""

    line: int  # of the learner's file, from 1: where the statement begins
    source: str  # the statement's text, on one line, bounded
    name: str  # as the learner writes it: "Z1", "grads['b2']", "self.params['W1']", "return[0]"
    value: npt.NDArray[Any]  # a copy; 0-d for a number
    call: int  # of which call of a function: 0 for the entry function, counting
    last_line: int = 0  # where the statement ends
    given: bool = False  # to a helper, as this argument; the line is the caller's
    caller: tuple[int, int] = (-1, 0)  # the call, and the line of its statement, that made this one


class Raised(NamedTuple):
    """Where an exception came up."""

    kind: str
    message: str
    line: int
    source: str
    operands: tuple[str, ...]  # what the operation was to work on: "W2 is 10 × 3", "N is 200"
    cell: int | None = None  # of a notebook; the line is the cell's


def is_library(file: str) -> bool:
    """Python's own file, or an installed package's: none of the learner's."""
    return file.startswith((*LIBRARIES, "<frozen ", "<__array_function__"))


def record(
    function: Callable[[], Any],
    mine: Callable[[str], bool],
    events: int = EVENTS,
    seconds: float = SECONDS,
) -> tuple[list[Binding], str]:
    """Call `function`, and follow the lines of the files that are `mine`. What was bound, in order,
    and why it is not all, or "". Whatever the function raises ends the record, and is not raised.
    """
    recorder = _Recorder(mine, events, seconds)
    before = sys.gettrace()
    sys.settrace(recorder.on_call)
    try:
        function()
    except KeyboardInterrupt:
        raise
    except BaseException:
        pass  # the record says how far it came
    finally:
        sys.settrace(before)
    return recorder.bindings(), recorder.note


class _Call:
    """One call of a learner's function, while it runs."""

    def __init__(self, number: int, caller: tuple[int, int]) -> None:
        self.number = number
        self.caller = caller  # a call, and the line of its statement
        self.statement: Statement | None = None  # the one that runs
        self.before: dict[str, Any] = {}  # what it may change, as it was
        self.times: dict[int, int] = {}  # how often the statement that begins at a line was run
        self.unseen: dict[int, Statement] = {}  # those run too often to look at each time
        self.drawn: dict[tuple[int, str], Any] = {}  # what a loop's head bound last


class _Recorder:
    def __init__(self, mine: Callable[[str], bool], events: int, seconds: float) -> None:
        self.mine = mine
        self.events, self.bytes = events, BYTES
        self.end = time.monotonic() + seconds
        self.note = ""
        self.calls: dict[FrameType, _Call] = {}
        self.count = 0
        self.order = 0
        self.found: dict[tuple[int, int, str], list[tuple[int, Binding]]] = {}
        self.followed: dict[CodeType, bool] = {}
        self.statements: dict[str, dict[int, Statement]] = {}

    def bindings(self) -> list[Binding]:
        flat = [item for items in self.found.values() for item in items]
        return [binding for _, binding in sorted(flat, key=lambda item: item[0])]

    # The three trace functions; an exception in one of them would be the learner's.

    def on_call(self, frame: FrameType, event: str, arg: Any) -> Any:
        if self.note or not self._is_followed(frame.f_code):
            return None
        try:
            if frame not in self.calls:  # a generator is called again and again
                caller = self._caller(frame)
                at = (-1, 0)
                if caller is not None and caller.statement is not None:
                    at = (caller.number, caller.statement.first)
                self.calls[frame] = _Call(self.count, at)
                self.count += 1
                if caller is not None and caller.statement is not None:
                    self._given(frame, caller.statement)
        except Exception as error:
            self._stop(f"the trace stopped: {type(error).__name__}")
        return self.on_line

    def on_line(self, frame: FrameType, event: str, arg: Any) -> Any:
        if self.note:
            return None
        try:
            self._count_event()
            call = self.calls[frame]
            if event == "line":
                statement = self._statement(frame)
                if statement is not call.statement:  # else another line of the same
                    self._after(frame, call)
                    self._before(frame, call, statement)
            elif event == "return":
                self._after(frame, call)
                self._left_behind(frame, call)
                self._returned(frame, call, arg)
                if not frame.f_code.co_flags & 0x2A0:  # generators and coroutines go on
                    del self.calls[frame]
        except Exception as error:
            self._stop(f"the trace stopped: {type(error).__name__}")
        return self.on_line

    def _is_followed(self, code: CodeType) -> bool:
        if code not in self.followed:
            own = code.co_name not in COMPREHENSIONS and self.mine(code.co_filename)
            self.followed[code] = own
        return self.followed[code]

    def _count_event(self) -> None:
        self.events -= 1
        if self.events < 0:
            self._stop("the trace stopped: too many lines were run")
        elif self.bytes < 0:
            self._stop("the trace stopped: too many numbers were bound")
        elif self.events % 64 == 0 and time.monotonic() > self.end:
            self._stop("the trace stopped: it took too long")

    def _stop(self, note: str) -> None:
        self.note = note
        sys.settrace(None)
        for frame in self.calls:
            frame.f_trace = None

    def _statement(self, frame: FrameType) -> Statement:
        file, line = frame.f_code.co_filename, frame.f_lineno
        if file not in self.statements:
            self.statements[file] = statements("".join(linecache.getlines(file)))
        of_file = self.statements[file]
        if line not in of_file:  # no source text: whatever the function has may change
            code = frame.f_code
            names = frozenset(code.co_varnames + code.co_cellvars + code.co_freevars)
            of_file[line] = Statement(line, line, "", passed=names)
        return of_file[line]

    # Before and after a statement.

    def _before(self, frame: FrameType, call: _Call, statement: Statement) -> None:
        times = call.times[statement.first] = call.times.get(statement.first, 0) + 1
        if times == 1:
            self._left_behind(frame, call)
        call.statement, call.before = statement, {}
        if times > OFTEN:
            call.unseen[statement.first] = statement
            return
        for name in statement.stored | statement.passed:
            for text, value in _arrays(name, _lookup(frame, name)):
                call.before[text] = _fingerprint(value)

    def _after(self, frame: FrameType, call: _Call) -> None:
        statement, call.statement = call.statement, None
        if statement is None or statement.first in call.unseen:
            return
        for name in sorted(statement.bound):
            value = _lookup(frame, name)
            if statement.loop:  # its head is run once more when there is nothing left
                before = call.drawn.get((statement.first, name))
                call.drawn[statement.first, name] = value
                if value is before:
                    continue
            for text, array in _arrays(name, value):
                if text == name or not _has(frame.f_locals, array):
                    self._bind(statement, text, array, call)
        for name in sorted((statement.stored | statement.passed) - statement.bound):
            for text, array in _arrays(name, _lookup(frame, name)):
                if call.before.get(text) != _fingerprint(array):
                    self._bind(statement, text, array, call)

    def _left_behind(self, frame: FrameType, call: _Call) -> None:
        """What a loop left that ran too often to be looked at each time."""
        for statement in call.unseen.values():
            for name in sorted(statement.bound | statement.stored | statement.passed):
                for text, array in _arrays(name, _lookup(frame, name)):
                    seen = self.found.get((call.number, statement.first, text), [])
                    if (name in statement.bound or seen) and not _is_last(seen, array):
                        self._bind(statement, text, array, call)
        call.unseen.clear()

    # What comes into a function, and what goes out of it.

    def _caller(self, frame: FrameType) -> _Call | None:
        """The call of the learner's that led to this one, perhaps by way of a library."""
        caller = frame.f_back
        while caller is not None and caller not in self.calls:
            caller = caller.f_back
        return self.calls[caller] if caller is not None else None

    def _given(self, frame: FrameType, statement: Statement) -> None:
        """Arrays and numbers that a helper is called with, by the names that it has for them."""
        code = frame.f_code
        for name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
            value = frame.f_locals.get(name)
            if isinstance(value, (np.ndarray, *NUMBERS)) and _as_array(value) is not None:
                self._bind(statement, name, value, self.calls[frame], given=True)

    def _returned(self, frame: FrameType, call: _Call, value: Any) -> None:
        """Values that a function returns; from within a helper's lists and dicts, those alone that
        have no name in it.
        """
        if value is None:
            return
        own = value if isinstance(value, tuple) else (value,)
        for text, array in _arrays("return", value):
            handed = call.number == 0 or any(array is member for member in own)
            if handed or not _has(frame.f_locals, array):
                self._bind(self._statement(frame), text, array, call)

    def _bind(
        self, statement: Statement, name: str, value: Any, call: _Call, given: bool = False
    ) -> None:
        values = self.found.setdefault((call.number, statement.first, name), [])
        array = np.array(value)
        self.bytes -= array.nbytes + 200
        place = statement if given else statement.elements.get(name, statement)
        text = place.text if statement.last > statement.first else statement.text
        binding = Binding(
            place.first, text, name, array, call.number, place.last, given, call.caller
        )
        if len(values) >= (KEPT if array.size <= LARGE else KEPT_LARGE):
            values.pop()
        self.order += 1
        values.append((self.order, binding))


def _is_last(seen: list[tuple[int, Binding]], array: Any) -> bool:
    return bool(seen) and _fingerprint(seen[-1][1].value) == _fingerprint(np.asarray(array))


def _lookup(frame: FrameType, name: str) -> Any:
    value = frame.f_locals.get(name)
    return frame.f_globals.get(name) if value is None else value


def _has(names: Mapping[str, Any], value: Any) -> bool:
    return any(value is other for other in names.values())


def _arrays(text: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The arrays and numbers in a value, as the learner would write them."""
    waiting = [(text, value, DEPTH)]
    for _ in range(MEMBERS):
        if not waiting:
            return
        text, value, depth = waiting.pop()
        array = _as_array(value)
        if array is not None:
            yield text, array
        elif depth:
            inside = [(name, member, depth - 1) for name, member in _members(text, value)]
            waiting += reversed(inside)


def _as_array(value: Any) -> Any:
    """An array or a number as it is; the array that a list of numbers, or of lists of them, stands
    for; or None.
    """
    if isinstance(value, np.ndarray):
        return value if value.dtype.kind in "fiub" and value.nbytes <= LARGEST else None
    if isinstance(value, NUMBERS):
        small = not isinstance(value, int) or abs(value) < 2**63
        return value if small and not isinstance(value, bool) else None
    if hasattr(type(value), "detach") and hasattr(type(value), "numpy"):  # a tensor of torch's
        return _as_array(value.detach().cpu().numpy())
    first = value
    while isinstance(first, list | tuple) and first:
        first = first[0]
    if first is value or not isinstance(first, NUMBERS) or len(value) > 4096:
        return None
    try:
        return _as_array(np.asarray(value))
    except (ValueError, TypeError, OverflowError):
        return None


def _members(text: str, value: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(value, dict):
        items = itertools.islice(value.items(), MEMBERS)
        return [(f"{text}[{_key(key)}]", v) for key, v in items if type(key) in (str, int)]
    fields = getattr(type(value), "_fields", None)
    if isinstance(value, tuple) and fields is not None:
        return [(f"{text}.{field}", v) for field, v in zip(fields, value, strict=False)]
    if isinstance(value, list | tuple):
        return [(f"{text}[{i}]", member) for i, member in enumerate(value[:MEMBERS])]
    if isinstance(value, ModuleType | FunctionType | MethodType | type):
        return ()
    try:
        attributes = object.__getattribute__(value, "__dict__")
        return [(f"{text}.{name}", v) for name, v in list(attributes.items())[:MEMBERS]]
    except (AttributeError, TypeError):
        return ()


def _key(key: str | int) -> str:
    return printable(repr(key), 40)


def _fingerprint(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.char, value.tobytes()
    return value.item() if isinstance(value, np.generic) else value  # to compare it with a tuple
