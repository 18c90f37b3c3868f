"""How values go from statement to statement of a learner's code, as far as it was followed."""

import itertools
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from compare.checker.seen import Seen
from compare.checker.statements import Statement
from compare.checker.trace import KEPT, KEPT_LARGE, LARGE, Binding

Array = npt.NDArray[np.float64]
Spot = tuple[int, str]  # a line, and a name that it binds

CLOSE = 1e-9  # of the largest value: two of the learner's values on one batch are the same
CLOSE_FLOAT32 = 1e-5  # where one of them is in single precision
ZEROS = re.compile(r"= (np\.|numpy\.)?(zeros|zeros_like|empty|empty_like)\(")
NEAR = 12  # bindings before a statement's own, among which are those of what it called


def same(a: Array, b: Array) -> bool:
    largest = float(np.max(abs(b), initial=0))
    difference = float(np.max(abs(a - b), initial=0))
    if not largest > 0 or not difference <= CLOSE_FLOAT32 * largest:
        return False
    return difference <= CLOSE * largest or _float32(a) or _float32(b)


def _float32(value: Array) -> bool:
    return bool((value == value.astype(np.float32)).all())


def among(
    seen: Seen, values: Sequence[Array], scales: Sequence[float] = (), whole: bool = False
) -> bool:
    """The value is one of these, or so many times one of them; all of it, or a part."""
    return any(
        same(form, value) or any(same(form, scale * value) for scale in scales)
        for value in values
        for form in seen.forms(np.shape(value))
        if not whole or form.size == seen.value.size
    )


def spot(seen: Seen) -> Spot:
    return seen.binding.line, seen.binding.name


def returned(seen: Seen) -> bool:
    """Seen when a function returned it."""
    return seen.binding.name.startswith("return")


@dataclass(frozen=True, eq=False)
class Flow:
    """The values in the order in which they came up; what the file's statements read and bind."""

    seen: tuple[Seen, ...]
    statements: Mapping[int, Statement]
    source: str = ""

    @cached_property
    def together(self) -> dict[tuple[int, str], Seen]:
        """All values of one name at one line of a loop, as one."""
        return {(s.binding.line, s.binding.name): s for s in self.seen if s.many}

    @cached_property
    def singles(self) -> tuple[Seen, ...]:
        return tuple(s for s in self.seen if not s.many)

    @cached_property
    def _of_variable(self) -> dict[str, list[Seen]]:
        """The values of each variable and of its members."""
        found: dict[str, list[Seen]] = {}
        for one in self.singles:
            found.setdefault(_root(one.binding.name), []).append(one)
        return found

    @cached_property
    def lines(self) -> frozenset[int]:
        """Those that bound or changed something."""
        return frozenset(s.binding.line for s in self.seen)

    def before(self, one: Seen) -> Iterator[Seen]:
        """Nearest first."""
        return (s for s in reversed(self.singles) if s.order < one.order)

    def changed(self, one: Seen) -> npt.NDArray[np.bool_]:
        """The places at which its statement changed an array; none if the array was not there."""
        mine = (s for s in self.before(one) if s.binding.name == one.binding.name)
        earlier = next((s.value for s in mine if s.binding.call == one.binding.call), None)
        if earlier is None or earlier.shape != one.value.shape:
            return np.zeros(one.value.shape, bool)
        return np.asarray(earlier != one.value)

    def received(self, one: Seen) -> Seen | None:
        """What a function returned, or left in an object, if this is no more than that; of an
        argument, the value that it was called with, if that had a name.
        """
        if one.binding.given:
            named = (s for s in self.before(one) if not s.binding.given)
            return next((s for s in named if equal(s, one)), None)
        inside = (s for s in reversed(self._inside(one)) if equal(s, one))
        return next(inside, None) or self._from_generator(one)

    def _from_generator(self, one: Seen) -> Seen | None:
        """It goes on where it was, whoever called it first."""
        mine = one.binding
        others = (
            s
            for s in self.before(one)
            if (s.binding.line, s.binding.call) != (mine.line, mine.call)
        )
        for earlier in itertools.islice(others, NEAR):
            if earlier.binding.call <= mine.call:
                return None
            if returned(earlier) and equal(earlier, one):
                return earlier
        return None

    def _within(self, one: Seen) -> tuple[int, int]:
        """What the calls have as their caller that its statement makes."""
        statement = self.statements.get(one.binding.line)
        return one.binding.call, statement.first if statement else one.binding.line

    def operands(self, one: Seen, closed: Collection[Spot] = ()) -> list[Seen]:
        """The values that the statement of this one read, as they were; or that which it got from
        a function, unless this is at one of the closed spots.
        """
        received = self.received(one)
        if received is not None and spot(received) not in closed:
            return [received]
        statement = self.statements.get(one.binding.line)
        if statement is None:
            return []
        if self._is_drawn(one) and "." in one.binding.name:
            return self._of_object(one)
        element = statement.elements.get(one.binding.name)
        names = statement.read | statement.stored | statement.passed
        if self._is_lambdas(one, statement):
            element, names = None, statement.inner
        found: dict[str, Seen] = {}
        for name in element.read if element is not None else names:
            found |= self._last(name, one, statement)
        results = [s for s in self.results(one) if spot(s) not in closed]
        results = results if element is None or element.calls else []
        several = element is None and len(self._made_by(one)) > 1  # a tuple, or a dict
        alike = [s for s in found.values() if several and among(s, [one.value])]
        return alike or [*results, *found.values()]

    def _is_lambdas(self, one: Seen, statement: Statement) -> bool:
        """A lambda that stands in the statement returned it."""
        mine = (s.binding for s in self.singles if s.binding.call == one.binding.call)
        given = {b.name for b in mine if b.given}
        return returned(one) and given != set() and given <= statement.given

    def results(self, one: Seen) -> list[Seen]:
        """What the functions returned that the statement of this one called."""
        return [s for s in self._inside(one) if returned(s)]

    def _inside(self, one: Seen) -> list[Seen]:
        """What was made in the calls by the statement of this one, the last time that it ran."""
        if one.binding.given:
            return []
        alike = (s for s in self.before(one) if s.binding.call == one.binding.call)
        begin = next((s.order for s in alike if spot(s) == spot(one)), -1)
        made = self._by_caller.get(self._within(one), ())
        return [s for s in made if begin < s.order < one.order]

    @cached_property
    def _by_caller(self) -> dict[tuple[int, int], list[Seen]]:
        found: dict[tuple[int, int], list[Seen]] = {}
        for one in self.singles:
            if not one.binding.given:
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
        first: dict[str, Seen] = {}
        for mine in (True, False):  # else it is a closure's, an object's or a module's
            found: dict[str, Seen] = {}
            inside = set() if mine else {s.order for s in self._inside(one)}
            for earlier in reversed(self._of_variable.get(name, ())):
                text = earlier.binding.name
                named = text not in found and not returned(earlier)
                if earlier.order >= one.order or earlier.order in inside:
                    continue  # inside: what an object that the statement made has of its own
                if named and (earlier.binding.call == one.binding.call) is mine:
                    found[text] = earlier
            written = {t: s for t, s in found.items() if _quoted(t) in _quoted(statement.text)}
            if written:
                return written
            first = first or found
        return first if _as_a_whole(name, statement.text) else {}

    def readers(self, one: Seen) -> list[Seen]:
        """The values whose statements read this one."""
        return [self.singles[i] for i in self._readers.get(one.order, ())]

    @cached_property
    def _readers(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for number, one in enumerate(self.singles):
            for operand in () if self._is_unpacked(one) else self.operands(one):
                if spot(operand) != spot(one):
                    found.setdefault(operand.order, []).append(number)
        return found

    def _is_unpacked(self, one: Seen) -> bool:
        """Bound together with others, and which of the values it is made of cannot be told."""
        statement = self.statements.get(one.binding.line)
        if statement is None or len(statement.bound) < 2 or self.received(one) is not None:
            return False
        return one.binding.name not in statement.elements

    def is_renaming(self, one: Seen) -> bool:
        """A statement that gives a value which was there before another name, or hands it on from
        a function that did not make it.
        """
        if one.binding.given or self.received(one) is not None or self._is_drawn(one):
            return False
        if one.many:
            others = [s for s in self.together.values() if s.order < one.order]
            return any(equal(s, one) for s in others)
        earlier = [s for s in self.before(one) if equal(s, one)]
        if returned(one):
            mine = [s for s in earlier if s.binding.call == one.binding.call]
            return bool(earlier) and all(s.binding.given for s in mine)
        return bool(earlier)

    def _is_drawn(self, one: Seen) -> bool:
        """From what a loop runs through, or with an object that has it."""
        statement = self.statements.get(one.binding.line)
        root = _root(one.binding.name)
        whole = one.binding.name == root or returned(one)
        return statement is not None and (
            statement.loop > 0 or (not whole and root in statement.bound)
        )

    def _of_object(self, one: Seen) -> list[Seen]:
        """The same attribute, when it first had this value."""
        ending = one.binding.name[one.binding.name.rindex(".") :]
        alike = [s for s in self.before(one) if s.binding.name.endswith(ending)]
        return [s for s in alike if equal(s, one)][-1:]

    def is_whole(self, one: Seen) -> bool:
        """All values of its name at its line were kept."""
        kept = Counter(s.binding.call for s in self.singles if spot(s) == spot(one))
        large = any(s.value.size > LARGE for s in self.singles if spot(s) == spot(one))
        return max(kept.values(), default=0) < (KEPT_LARGE if large else KEPT)

    def loop_around(self, binding: Binding) -> Binding | None:
        """The head of the innermost loop in which a line stands."""
        call = binding.caller[0] if binding.given else binding.call
        heads = [
            s.binding
            for s in self.singles
            if s.binding.call == call and s.binding.line < binding.line
            if s.binding.line in self.statements
            if binding.line <= self.statements[s.binding.line].loop
        ]
        return max(heads, key=lambda b: b.line, default=None)

    def branch_around(self, binding: Binding) -> Binding | None:
        """The innermost `if` in whose body a line stands, within the innermost loop around it."""
        heads = [s for s in self.statements.values() if s.first < binding.line <= s.branch]
        head = max(heads, default=None, key=lambda s: s.first)
        loop = self.loop_around(binding)
        if head is None or (loop is not None and loop.line > head.first):
            return None
        return Binding(head.first, head.text, "", np.zeros(0), binding.call, head.last)

    def adds_to(self, one: Seen, other: Seen) -> bool:
        """In one loop both statements add to the same name, in turn: the other one is no more than
        earlier. The sum that a loop leaves to a statement after it is a value of its own.
        """
        name = re.escape(one.binding.name)
        adds = rf"{name} (\+=|-=|= {name} [+-]) .*"
        texts = (one.binding.source, other.binding.source)
        in_loop = (other.binding.line, other.binding.name) in self.together
        same_name = one.binding.name == other.binding.name
        return (
            in_loop
            and same_name
            and all(re.match(adds, t) for t in texts)
            and min(self._runs(one)) < max(self._runs(other))
        )

    def _runs(self, one: Seen) -> list[int]:
        """When its statement was run."""
        spot, call = (one.binding.line, one.binding.name), one.binding.call
        alike = (s for s in self.singles if (s.binding.line, s.binding.name) == spot)
        return [s.order for s in alike if s.binding.call == call]

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
            if ZEROS.search(statement.text):
                continue  # it was all zeros before
            if statement.bare or (statement.stored and names & self._touched(line)):
                return Binding(line, statement.text, "", np.zeros(0), mine.call, statement.last)
        return None

    def _touched(self, line: int) -> frozenset[str]:
        statement = self.statements[line]
        return statement.read | statement.stored | statement.passed


def equal(one: Seen, other: Seen) -> bool:
    return one.value.shape == other.value.shape and np.array_equal(one.value, other.value)


def _root(text: str) -> str:
    found = re.match(r"\w+", text)
    return found.group() if found else text


def _as_a_whole(name: str, text: str) -> bool:
    """Not by attributes alone that are values: `a`, `a[i]`, `a.step()`, but `a.W`."""
    return re.search(rf"\b{re.escape(name)}\b(?!\s*\.\w+\b(?!\())", text) is not None


def _quoted(text: str) -> str:
    return text.replace('"', "'")
