"""All lines one and two edits away from a right one, with what they give.

Another name, operator, axis or constant, a factor or a transpose dropped or added, a function
around a part, some rows or columns: evaluated on the learner's own earlier values, from the leaves
to the root. Parts with equal values are kept once, the one with the fewest edits first.
"""

import ast
import copy
import math
import operator as operators
import time
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np

from compare.checker.lines import STEPS
from compare.checker.vocabulary import (
    COMPARISONS,
    CONSTANTS,
    FUNCTIONS,
    INPUTS,
    OPERATORS,
    REDUCTIONS,
    WRAPS,
    Environment,
    OutOfTimeError,
    arange,
    filled,
    tried,
)

BY_CHANCE = 6  # expressions of one value that are kept, where it is a simple one
MORE_BY_CHANCE = 60  # with one edit: there are fewer
DROPPED = 22  # bits of a significand of 52: what is left tells values apart that differ by 1e-9
HALF = 1 << (DROPPED - 1)


class Found(NamedTuple):
    value: Any
    tree: ast.expr


def near(
    line: str, quantity: str, known: Environment, edits: int, deadline: float
) -> Iterator[tuple[Any, Callable[[], str]]]:
    """The lines exactly so many edits away, with the values that they give. Where the line has
    several statements, each of them is edited. Raises OutOfTimeError.
    """
    statements = [s for s in ast.parse(line).body if isinstance(s, ast.Assign)]
    before = STEPS[: STEPS.index(quantity)]
    names = {name: known[name] for name in (*INPUTS, "y", *before) if name in known}
    search = Search(names, deadline, by_chance=MORE_BY_CHANCE if edits == 1 else BY_CHANCE)
    yield from _statements(statements, edits, search)


def _statements(
    statements: list[ast.Assign], edits: int, search: "Search"
) -> Iterator[tuple[Any, Callable[[], str]]]:
    """All ways to spend so many edits on these statements, one after the other."""
    first, *rest = statements
    target = first.targets[0]
    assert isinstance(target, ast.Name)
    if not rest:
        for found in search.level(first.value, edits):
            yield found.value, partial(_text, [(target.id, found.tree)])
        return
    for spent in dict.fromkeys(
        (edits, 0, *range(1, edits))
    ):  # all in one statement: there are fewer
        for found in search.near(first.value, spent)[spent]:
            later = search.after(target.id, found.value, changed=spent > 0)
            for value, text in _statements(rest, edits - spent, later):
                yield value, partial(_after, target.id, found.tree, text)


class Search:
    """Expressions near the right side of one assignment, by the number of their edits."""

    def __init__(
        self,
        names: Environment,
        deadline: float,
        unchanged: "Search | None" = None,
        by_chance: int = BY_CHANCE,
    ) -> None:
        self.names, self.deadline, self.by_chance = names, deadline, by_chance
        self.unchanged = unchanged or self  # where none of the names has another value
        self.memo: dict[ast.expr, list[list[Found]]] = {}
        self.scale = {key: names[key] for key in ("N", "C", "reg")}
        self.evaluated = 0
        self._in_time()

    def after(self, name: str, value: Any, changed: bool) -> "Search":
        """For the statements after `name = value`. What does not read a changed name is looked up
        where nothing is changed.
        """
        names = {**self.names, name: value}
        if changed or self.unchanged is not self:
            return Search(names, self.deadline, self.unchanged, self.by_chance)
        return Search(names, self.deadline, by_chance=self.by_chance)

    def near(self, node: ast.expr, edits: int) -> list[list[Found]]:
        """[unchanged], [one edit away], ... with each value once; a few times where it is of the
        kind that other expressions have by chance.
        """
        seen: dict[Any, int] = {}
        levels: list[list[Found]] = []
        for level in range(edits + 1):
            kept: list[Found] = []
            for found in self._at(node, level, levels):
                self._tick()
                key = _key(found.value)
                if key is None:
                    continue
                times = seen.get(key, 0)
                if times == 0 or (times < self.by_chance and _may_be_by_chance(found.value)):
                    seen[key] = times + 1
                    kept.append(found)
            levels.append(kept)
        return levels

    def level(self, node: ast.expr, level: int) -> Iterator[Found]:
        """Those exactly so many edits away, equal values repeated."""
        below = self.near(node, level - 1) if level else []
        for found in self._at(node, level, below):
            self._tick()
            yield found

    def _tick(self) -> None:
        self.evaluated += 1
        if self.evaluated % 512 == 0:
            self._in_time()

    def _in_time(self) -> None:
        if time.process_time() > self.deadline:
            raise OutOfTimeError

    def _at(self, node: ast.expr, level: int, below: list[list[Found]]) -> Iterator[Found]:
        yield from self._combined(node, level)
        for found in below[level - 1] if level else ():
            yield from self._wrapped(found)
        if level == 2:
            yield from self._beside_a_name(below[0])

    def _wrapped(self, found: Found) -> Iterator[Found]:
        for wrap, function in WRAPS.items():
            value = tried(function, found.value, **self.scale)
            if value is not None:
                yield Found(value, _wrapped(wrap, found.tree))

    def _beside_a_name(self, unchanged: list[Found]) -> Iterator[Found]:
        """`_ / N`, and then another name, or another operator."""
        names = [Found(value, ast.Name(name)) for name, value in self.names.items()]
        for operator in OPERATORS:
            yield from self._joined(unchanged, names, operator)
            yield from self._joined(names, unchanged, operator)

    def _combined(self, node: ast.expr, level: int) -> Iterator[Found]:
        """The node itself with its parts changed, and its own changes."""
        if isinstance(node, ast.Name):
            yield from self._names(node, level)
        elif isinstance(node, ast.Constant):
            yield from self._constants(node, level)
        elif isinstance(node, ast.BinOp):
            yield from self._operations(node, level)
        elif isinstance(node, ast.UnaryOp):
            for found in self._level(node.operand, level):
                value = tried(operators.neg, found.value)
                if value is not None:
                    yield Found(value, ast.UnaryOp(node.op, found.tree))
            if level:
                yield from self._level(node.operand, level - 1)
        elif isinstance(node, ast.Compare):
            yield from self._comparisons(node, level)
        elif isinstance(node, ast.Attribute):
            for found in self._level(node.value, level):
                if np.ndim(found.value) == 2:
                    yield Found(found.value.T, ast.Attribute(found.tree, node.attr))
            if level:
                yield from self._level(node.value, level - 1)
        elif isinstance(node, ast.Call):
            yield from self._calls(node, level)
        elif isinstance(node, ast.Subscript):
            for found in self._level(node.value, level):
                value = tried(_taker(node), found.value)
                if value is not None:
                    yield Found(value, ast.Subscript(found.tree, node.slice))
        elif level == 0:
            value = tried(lambda: eval(_code(node), dict(self.names)))
            if value is not None:
                yield Found(value, node)

    def _level(self, node: ast.expr, level: int) -> list[Found]:
        if self.unchanged is not self and _names_in(node) <= self.unchanged.names.keys():
            return self.unchanged._level(node, level)
        known = self.memo.get(node)
        if known is None or len(known) <= level:
            known = self.memo[node] = self.near(node, level)
        return known[level]

    def _names(self, node: ast.Name, level: int) -> Iterator[Found]:
        if level == 0 and node.id in self.names:
            yield Found(self.names[node.id], node)
        if level == 1:
            for name, value in self.names.items():
                if name not in (node.id, "np"):
                    yield Found(value, ast.Name(name))
            if np.ndim(self.names.get(node.id, 0)):
                yield Found(1, ast.Constant(1))

    def _constants(self, node: ast.Constant, level: int) -> Iterator[Found]:
        if level == 0:
            yield Found(node.value, node)
        if level == 1:
            for value in CONSTANTS:
                if value != node.value:
                    yield Found(value, ast.Constant(value))

    def _operations(self, node: ast.BinOp, level: int) -> Iterator[Found]:
        if level and isinstance(node.op, ast.Sub):  # the first term left out, the simplest edit
            for found in self._level(node.right, level - 1):
                value = tried(operators.neg, found.value)
                if value is not None:
                    yield Found(value, ast.UnaryOp(ast.USub(), found.tree))
        for spent in range(level + 1):
            for i in range(spent + 1):
                left, right = self._level(node.left, i), self._level(node.right, spent - i)
                if spent == level:
                    yield from self._joined(left, right, type(node.op))
                elif spent == level - 1:
                    for operator in OPERATORS:
                        if operator is not type(node.op):
                            yield from self._joined(left, right, operator)
                    yield from self._joined(right, left, type(node.op))
        if level:
            yield from self._level(node.left, level - 1)
            yield from self._level(node.right, level - 1)

    def _joined(
        self, left: list[Found], right: list[Found], operator: type[ast.operator]
    ) -> Iterator[Found]:
        function = OPERATORS[operator]
        for a in left:
            for b in right:
                value = tried(function, a.value, b.value)
                if value is not None:
                    yield Found(value, ast.BinOp(a.tree, operator(), b.tree))

    def _comparisons(self, node: ast.Compare, level: int) -> Iterator[Found]:
        right = node.comparators[0]
        for spent in (level, level - 1):
            for i in range(spent + 1):
                for a in self._level(node.left, i):
                    for b in self._level(right, spent - i):
                        for operator, function in COMPARISONS.items():
                            if (operator is type(node.ops[0])) == (spent == level):
                                value = tried(function, a.value, b.value)
                                if value is not None:
                                    yield Found(value, ast.Compare(a.tree, [operator()], [b.tree]))
        if level:
            yield from self._level(node.left, level - 1)

    def _calls(self, node: ast.Call, level: int) -> Iterator[Found]:
        function = node.func
        if isinstance(function, ast.Name) or not isinstance(function, ast.Attribute):
            return
        if isinstance(function.value, ast.Name) and function.value.id == "np":
            yield from self._numpy(node, function.attr, level)
        else:
            yield from self._reductions(node, function, level)

    def _numpy(self, node: ast.Call, name: str, level: int) -> Iterator[Found]:
        first, *others = node.args
        for spent in (level, level - 1):
            for i in range(spent + 1):
                rest: list[Any] = self._level(others[0], spent - i) if others else []
                if not others and i < spent:
                    continue
                for a in self._level(first, i):
                    for b in rest or [None]:
                        arguments = [a] if b is None else [a, b]
                        for other in FUNCTIONS if spent < level else (name,):
                            if spent < level and other == name:
                                continue
                            if (other in ("maximum", "minimum")) != bool(others):
                                continue
                            call = arange if other == "arange" else getattr(np, other)
                            value = tried(call, *(f.value for f in arguments))
                            if value is not None:
                                func = ast.Attribute(ast.Name("np"), other)
                                yield Found(value, ast.Call(func, [f.tree for f in arguments], []))
        if level:
            yield from self._level(first, level - 1)

    def _reductions(self, node: ast.Call, function: ast.Attribute, level: int) -> Iterator[Found]:
        options = {k.arg or "": k.value.value for k in node.keywords if hasattr(k.value, "value")}
        for found in self._level(function.value, level):
            yield from self._reduced(found, function.attr, options)
        if not level:
            return
        other_axis = {**options, "axis": 1 - options["axis"]} if "axis" in options else options
        forms = [(function.attr, other_axis)]
        forms += [(function.attr, {k: v for k, v in options.items() if k != o}) for o in options]
        forms += [(function.attr, {})] + [(r, options) for r in REDUCTIONS if r != function.attr]
        for found in self._level(function.value, level - 1):
            yield found
            for name, chosen in forms:
                yield from self._reduced(found, name, chosen)

    def _reduced(self, found: Found, name: str, options: Mapping[str, Any]) -> Iterator[Found]:
        if not isinstance(found.value, np.ndarray | np.generic):
            return
        value = tried(getattr(found.value, name), **options)
        if value is not None:
            keywords = [ast.keyword(k, ast.Constant(v)) for k, v in options.items()]
            yield Found(value, ast.Call(ast.Attribute(found.tree, name), [], keywords))


def _text(assignments: list[tuple[str, ast.expr]]) -> str:
    return "\n".join(f"{name} = {_unparsed(tree)}" for name, tree in assignments)


def _after(name: str, tree: ast.expr, text: Callable[[], str]) -> str:
    return f"{_text([(name, tree)])}\n{text()}"


def _unparsed(tree: ast.expr) -> str:
    return ast.unparse(ast.fix_missing_locations(_Written().visit(copy.deepcopy(tree))))


def _wrapped(wrap: str, tree: ast.expr) -> ast.expr:
    """A part with something around it, to be written out once it is asked for."""
    return ast.Call(ast.Name(_AROUND), [ast.Constant(wrap), tree], [])


_AROUND = "around"


class _Written(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == _AROUND:
            wrap, inner = node.args
            assert isinstance(wrap, ast.Constant)
            text = f"({ast.unparse(ast.fix_missing_locations(inner))})"
            return filled(str(wrap.value), text)
        return node


@lru_cache(maxsize=256)
def _taker(node: ast.Subscript) -> Callable[[Any], Any]:
    """What takes of another value what the node takes of its own."""
    load = ast.Load()
    code = _code(ast.Subscript(ast.Name("_", load), node.slice, load))
    return lambda value: eval(code, {"np": np, "_": value})


def _code(node: ast.expr) -> Any:
    return compile(ast.fix_missing_locations(ast.Expression(node)), "<part>", "eval")


def _key(value: Any) -> Any:
    """Equal for values that are the same but for rounding; None for what is no use."""
    array = np.asarray(value)
    if array.dtype.kind == "b":
        return array.shape, array.tobytes()
    if array.dtype.kind not in "fiu" or not math.isfinite(array.sum()):
        return None
    bits = (array.astype(np.float64) + 0.0).view(np.int64)  # and 0 for -0
    return array.shape, ((bits + HALF) >> DROPPED).tobytes()


def _may_be_by_chance(value: Any) -> bool:
    """Truth values, and a whole number: sqrt(N) may be D."""
    array = np.asarray(value)
    return array.dtype.kind == "b" or (array.size == 1 and float(array.flat[0]).is_integer())


@lru_cache(maxsize=4096)
def _names_in(node: ast.expr) -> frozenset[str]:
    return frozenset(n.id for n in ast.walk(node) if isinstance(n, ast.Name)) - {"np", "abs"}
