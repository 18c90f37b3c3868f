"""How values go from statement to statement of a learner's code, as far as it was followed."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from compare.checker.reading import Seen
from compare.checker.statements import Statement
from compare.checker.trace import Binding

Array = npt.NDArray[np.float64]

CLOSE = 1e-9  # of the largest value: two of the learner's values on one batch are the same
NEAR = 12  # bindings before a statement's own, among which are those of what it called


def same(a: Array, b: Array) -> bool:
    largest = float(np.max(abs(b), initial=0))
    return bool((abs(a - b) <= CLOSE * largest).all()) and largest > 0


def among(seen: Seen, values: Sequence[Array], scale: float = 1, whole: bool = False) -> bool:
    """The value is one of these, or so many times one of them; all of it, or a part."""
    return any(
        same(form, value) or (scale != 1 and same(form / scale, value))
        for value in values
        for form in seen.forms(np.shape(value))
        if not whole or form.size == seen.value.size
    )


def returned(seen: Seen) -> bool:
    """Seen when a function returned it."""
    return seen.binding.name.startswith("return")


@dataclass(frozen=True, eq=False)
class Flow:
    """The values in the order in which they came up; what the file's statements read and bind."""

    seen: tuple[Seen, ...]
    statements: Mapping[int, Statement]

    @cached_property
    def together(self) -> dict[tuple[int, str], Seen]:
        """All values of one name at one line of a loop, as one."""
        return {(s.binding.line, s.binding.name): s for s in self.seen if s.many}

    @cached_property
    def singles(self) -> tuple[Seen, ...]:
        return tuple(s for s in self.seen if not s.many)

    @cached_property
    def lines(self) -> frozenset[int]:
        """Those that bound or changed something."""
        return frozenset(s.binding.line for s in self.seen)

    def before(self, one: Seen) -> Iterator[Seen]:
        """Nearest first."""
        return (s for s in reversed(self.singles) if s.order < one.order)

    def source(self, one: Seen) -> Seen | None:
        """What a function returned, if this is no more than that; of an argument, the value that
        it was called with, if that had a name.
        """
        mine = one.binding
        others = (
            s
            for s in self.before(one)
            if (s.binding.line, s.binding.call) != (mine.line, mine.call) or mine.given
        )
        for number, earlier in enumerate(others):
            if one.binding.given:
                if not earlier.binding.given and _equal(earlier, one):
                    return earlier
                continue
            if number >= NEAR or earlier.binding.call <= one.binding.call:
                return None
            if returned(earlier) and _equal(earlier, one):
                return earlier
        return None

    def operands(self, one: Seen, closed: Collection[int] = ()) -> list[Seen]:
        """The values that the statement of this one read, as they were; or that which it got from
        a function, unless this is at one of the closed lines.
        """
        source = self.source(one)
        if source is not None and source.binding.line not in closed:
            return [source]
        statement = self.statements.get(one.binding.line)
        if statement is None:
            return []
        found: dict[str, Seen] = {}
        for name in statement.read | statement.stored | statement.passed:
            found |= self._last(name, one, statement)
        results = [s for s in self.results(one) if s.binding.line not in closed]
        several = len(self._made_by(one)) > 1  # a tuple, or a dict
        alike = [s for s in found.values() if several and among(s, [one.value])]
        return alike or [*results, *found.values()]

    def results(self, one: Seen) -> list[Seen]:
        """What the functions returned that the statement of this one called."""
        mine = one.binding
        if mine.given:
            return []
        own = (s.order for s in self.before(one) if _place(s) == _place(one))
        begin = next(own, -1)
        return [
            s for s in self._results.get((mine.call, mine.line), ()) if begin < s.order < one.order
        ]

    @cached_property
    def _results(self) -> dict[tuple[int, int], list[Seen]]:
        found: dict[tuple[int, int], list[Seen]] = {}
        for one in self.singles:
            if returned(one):
                found.setdefault(one.binding.caller, []).append(one)
        return found

    def _made_by(self, one: Seen) -> set[str]:
        """The names that a statement binds."""
        line, call = one.binding.line, one.binding.call
        return self._names.get((line, call), set())

    @cached_property
    def _names(self) -> dict[tuple[int, int], set[str]]:
        found: dict[tuple[int, int], set[str]] = {}
        for one in self.singles:
            found.setdefault((one.binding.line, one.binding.call), set()).add(one.binding.name)
        return found

    def _last(self, name: str, one: Seen, statement: Statement) -> dict[str, Seen]:
        """The last value of a name, or of each of its members that the statement writes out."""
        found: dict[str, Seen] = {}
        for mine in (True, False):  # else it is a closure's, an object's or a module's
            for earlier in self.before(one):
                text = earlier.binding.name
                named = _root(text) == name and text not in found and not returned(earlier)
                if named and (earlier.binding.call == one.binding.call) is mine:
                    found[text] = earlier
            if found:
                break
        written = {t: s for t, s in found.items() if _quoted(t) in _quoted(statement.text)}
        return written or found

    def readers(self, one: Seen) -> list[Seen]:
        """The values whose statements read this one."""
        key = (one.binding.line, one.binding.name)
        return [self.singles[i] for i in self._readers.get(key, ())]

    @cached_property
    def _readers(self) -> dict[tuple[int, str], list[int]]:
        found: dict[tuple[int, str], list[int]] = {}
        for number, one in enumerate(self.singles):
            for operand in self.operands(one):
                key = (operand.binding.line, operand.binding.name)
                if key != (one.binding.line, one.binding.name):
                    found.setdefault(key, []).append(number)
        return found

    def is_renaming(self, one: Seen) -> bool:
        """A statement that gives a value which was there before another name, or hands it on from
        a function that did not make it.
        """
        statement = self.statements.get(one.binding.line)
        if one.binding.given or self.source(one) is not None or (statement and statement.loop):
            return False
        if one.many:
            others = [s for s in self.together.values() if s.order < one.order]
            return any(_equal(s, one) for s in others)
        earlier = [s for s in self.before(one) if _equal(s, one)]
        within = (one.binding.call, one.binding.line)
        if any(s.binding.caller == within and not s.binding.given for s in earlier):
            return False  # what it called changed an object
        if returned(one):
            mine = [s for s in earlier if s.binding.call == one.binding.call]
            return bool(earlier) and all(s.binding.given for s in mine)
        return bool(earlier)

    def is_plain(self, one: Seen) -> bool:
        """`a = b` or `a = b.copy()`, and nothing else."""
        statement = self.statements.get(one.binding.line)
        plain = r"[\w.\[\]'\"]+ = [\w.\[\]'\"]+(\.copy\(\))?"
        return statement is not None and re.fullmatch(plain, statement.text) is not None

    def loop_around(self, binding: Binding) -> Binding | None:
        """The head of the innermost loop in which a line stands."""
        heads = [
            s.binding
            for s in self.singles
            if s.binding.call == binding.call and s.binding.line < binding.line
            if s.binding.line in self.statements
            if binding.line <= self.statements[s.binding.line].loop
        ]
        return max(heads, key=lambda b: b.line, default=None)

    def adds_to(self, one: Seen, other: Seen) -> bool:
        """In a loop both statements add to the same name: the other one is no more than earlier."""
        name = re.escape(one.binding.name)
        adds = rf"{name} (\+=|-=|= {name} [+-]) .*"
        texts = (one.binding.source, other.binding.source)
        in_loop = (other.binding.line, other.binding.name) in self.together
        same_name = one.binding.name == other.binding.name
        return in_loop and same_name and all(re.match(adds, t) for t in texts)

    def idle_between(
        self, one: Seen, use: Seen | None, alike: Sequence[Seen] = ()
    ) -> Binding | None:
        """A statement without an effect, after this value and before its use; if it should have
        written to something, then to this value, or to one that is the same.
        """
        mine = one.binding
        names = {_root(s.binding.name) for s in (one, *alike) if s.binding.call == mine.call}
        own = [s.binding for s in self.singles if s.binding.call == mine.call]
        until = max((b.line for b in own if not b.given), default=0)
        if use is not None and use.binding.call == mine.call:
            until = use.binding.line
        for line in range(mine.last_line + 1, until):
            statement = self.statements.get(line)
            if statement is None or statement.first != line or line in self.lines:
                continue
            if statement.bare or (statement.stored and names & self._touched(line)):
                return Binding(line, statement.text, "", np.zeros(0), mine.call, statement.last)
        return None

    def _touched(self, line: int) -> frozenset[str]:
        statement = self.statements[line]
        return statement.read | statement.stored | statement.passed


def _place(one: Seen) -> tuple[int, str, int]:
    return one.binding.line, one.binding.name, one.binding.call


def _equal(one: Seen, other: Seen) -> bool:
    return one.value.shape == other.value.shape and np.array_equal(one.value, other.value)


def _root(text: str) -> str:
    found = re.match(r"\w+", text)
    return found.group() if found else text


def _quoted(text: str) -> str:
    return text.replace('"', "'")
