"""The nearest edits of a line that give a learner's numbers: what was computed instead.

All expressions one and two edits away from the right one (another name, operator, axis or
constant, a factor or a transpose dropped or added, a function around a part, some rows or columns)
are evaluated on the learner's own earlier values, from the leaves to the root: expressions with
equal values are kept once, the one with the fewest edits first. Then one or two fitted numbers,
wherever a number may stand.
"""

import ast
import copy
import operator as operators
import re
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compare.checker.lines import STEPS, run_line
from compare.checker.trees import normal

Array = npt.NDArray[Any]
Environment = Mapping[str, Any]

CLOSE = 1e-9  # of the largest value, on the batch that is searched; the others must confirm
INPUTS = ("X", "W1", "b1", "W2", "b2", "reg", "N", "D", "H", "C")
LARGEST = 4096  # elements of a value in between


class Found(NamedTuple):
    value: Any
    tree: ast.expr


def _wraps() -> dict[str, Callable[[Any], Any]]:
    """What may stand around a part, as text with `_` for the part, and as a function."""
    texts = (
        "-_",
        "_.T",
        "2 * _",
        "0.5 * _",
        "_**2",
        "_ / N",
        "_ * N",
        "_ / C",
        "_ * reg",
        "1 - _",
        "1 / _",
        "abs(_)",
        "np.sign(_)",
        "np.exp(_)",
        "np.log(_)",
        "np.sqrt(_)",
        "np.tanh(_)",
        "np.maximum(_, 0)",
        "np.minimum(_, 0)",
        "_ * (1 - _)",
        "(_ > 0)",
        "1 / (1 + np.exp(-_))",
        "_[:-1]",
        "_[1:]",
        "_[::-1]",
        "_[:, :-1]",
        "_[:, 1:]",
        "_[:, ::-1]",
        "_[-1:]",
        "_[:1]",
        "_.sum()",
        "_.mean()",
        "_.max()",
        "_.sum(axis=0, keepdims=True)",
        "_.sum(axis=1, keepdims=True)",
        "_.mean(axis=0, keepdims=True)",
        "_.mean(axis=1, keepdims=True)",
        "_.max(axis=0, keepdims=True)",
        "_.max(axis=1, keepdims=True)",
        "_.sum(axis=0)",
        "_.sum(axis=1)",
        "np.round(_)",
        "np.trunc(_)",
    )
    return {text: eval(f"lambda _, N, C, reg: {text}", {"np": np}) for text in texts}


WRAPS = _wraps()
OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.MatMult: lambda a, b: a @ b,
    ast.Pow: lambda a, b: (float(a) if isinstance(a, int) else a) ** b,  # no endless integers
}
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
}
FUNCTIONS = ("maximum", "minimum", "exp", "exp2", "expm1", "log", "log10", "log1p", "log2", "tanh")
REDUCTIONS = ("sum", "mean", "max", "min", "prod", "std")
CONSTANTS = (0, 1, 2, 0.5, -1, 3, 0.1, 0.01)


class OutOfTimeError(Exception):
    """The search has used up its seconds."""


def instead(
    line: str, quantity: str, known: Environment, observed: Array, kind: str, deadline: float
) -> Iterator[str]:
    """Lines that give `observed` from what is `known`: one edit away from `line`, with one or two
    fitted numbers, or two edits away. The caller confirms elsewhere. Raises OutOfTimeError.
    """
    observed = np.asarray(observed, np.float64)
    if not np.isfinite(observed).all() or observed.size == 0:
        return
    told: set[str] = set()
    for text in KINDS[kind](line, quantity, known, observed, deadline):
        text = normal(text)
        if text not in told:
            told.add(text)
            yield text


Source = Callable[[str, str, Environment, Array, float], Iterator[str]]


def _edited(edits: int) -> Source:
    def source(
        line: str, quantity: str, known: Environment, observed: Array, deadline: float
    ) -> Iterator[str]:
        for value, text in near(line, quantity, known, edits, deadline):
            if _equal(value, observed):
                yield text()

    return source


def near(
    line: str, quantity: str, known: Environment, edits: int, deadline: float
) -> Iterator[tuple[Any, Callable[[], str]]]:
    """The lines exactly so many edits away, with the values that they give. Where the line has
    several statements, each of them is edited.
    """
    statements = [s for s in ast.parse(line).body if isinstance(s, ast.Assign)]
    names = {name: known[name] for name in (*INPUTS, "y", *_before(quantity)) if name in known}
    yield from _statements(statements, names, edits, deadline)


def _before(quantity: str) -> tuple[str, ...]:
    return STEPS[: STEPS.index(quantity)]


def _statements(
    statements: list[ast.Assign], names: Environment, edits: int, deadline: float
) -> Iterator[tuple[Any, Callable[[], str]]]:
    """All ways to spend so many edits on these statements, one after the other."""
    first, *rest = statements
    target = first.targets[0]
    assert isinstance(target, ast.Name)
    search = Search(names, deadline)
    for spent in range(edits, -1, -1):
        for found in (
            search.level(first.value, spent) if not rest else search.near(first.value, spent)[spent]
        ):
            if not rest:
                if spent == edits:
                    yield found.value, partial(_text, [(target.id, found.tree)])
                continue
            inner = {**names, target.id: found.value}
            for value, text in _statements(rest, inner, edits - spent, deadline):
                yield value, partial(_after, target.id, found.tree, text)
        if not rest:
            return


def _text(assignments: list[tuple[str, ast.expr]]) -> str:
    return "\n".join(f"{name} = {_unparsed(tree)}" for name, tree in assignments)


def _after(name: str, tree: ast.expr, text: Callable[[], str]) -> str:
    return f"{_text([(name, tree)])}\n{text()}"


def _unparsed(tree: ast.expr) -> str:
    return ast.unparse(ast.fix_missing_locations(_Written().visit(copy.deepcopy(tree))))


def _equal(value: Any, observed: Array) -> bool:
    if np.shape(value) != observed.shape:
        return False
    array = np.asarray(value, np.float64)
    largest = float(np.max(abs(observed)))
    return bool((abs(array - observed) <= CLOSE * largest).all())


def _fitted(
    line: str, quantity: str, known: Environment, observed: Array, deadline: float
) -> Iterator[str]:
    """One or two numbers, wherever a number may stand, that make the line fit."""
    places = list(_with_numbers(line, known, observed.shape))
    for text in places:
        if time.process_time() > deadline:
            raise OutOfTimeError
        yield from _solved(text, ("RATE",), quantity, known, observed)
    for text in places[:24]:
        for other in _with_numbers(text, known, observed.shape, "RATE2"):
            if time.process_time() > deadline:
                raise OutOfTimeError
            yield from _solved(other, ("RATE", "RATE2"), quantity, known, observed)


def _with_numbers(
    line: str, known: Environment, shape: tuple[int, ...], name: str = "RATE"
) -> Iterator[str]:
    """The line with an unknown number as a factor of some part, or before another term."""
    module = ast.parse(line)
    nodes = [n for s in module.body if isinstance(s, ast.Assign) for n in ast.walk(s.value)]
    for node in nodes:
        part = isinstance(node, ast.Name | ast.BinOp | ast.Call | ast.Compare | ast.Constant)
        if part and not (isinstance(node, ast.Name) and node.id in ("np", "RATE", "abs")):
            assert isinstance(node, ast.expr)
            yield _at_node(module, node, f"{name} * (_)")
    last = module.body[-1]
    assert isinstance(last, ast.Assign)
    for other in (*INPUTS, *STEPS):
        if other in known and np.ndim(known[other]) == 2 and np.shape(known[other]) == shape:
            yield _at_node(module, last.value, f"(_) + {name} * {other}")
    yield _at_node(module, last.value, f"(_) + {name}")


def _at_node(module: ast.Module, node: ast.expr, wrap: str) -> str:
    """The module's text with this one node wrapped."""
    place = next(i for i, other in enumerate(ast.walk(module)) if other is node)
    copied = copy.deepcopy(module)
    inner = list(ast.walk(copied))[place]
    around = _filled(wrap, ast.unparse(node))
    return ast.unparse(ast.fix_missing_locations(_Exchange(inner, around).visit(copied)))


def _filled(wrap: str, text: str) -> ast.expr:
    return ast.parse(re.sub(r"\b_\b", lambda _: text, wrap), mode="eval").body


class _Exchange(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else self.generic_visit(node)


def _solved(
    text: str, unknown: tuple[str, ...], quantity: str, known: Environment, observed: Array
) -> Iterator[str]:
    """The numbers that suit the observed values best, if the line is linear in them and fits."""

    def at(*numbers: float) -> Array | None:
        values = {**known, **dict(zip(unknown, numbers, strict=True))}
        value = _tried(run_line, text, quantity, values)
        if value is None or np.shape(value) != observed.shape:
            return None
        return np.asarray(value, np.float64).ravel()

    count = len(unknown)
    base = at(*[0.0] * count)
    units = [at(*row) for row in np.eye(count)]
    twice = at(*[2.0] * count)
    if base is None or twice is None or any(unit is None for unit in units):
        return
    slopes = np.stack([unit - base for unit in units if unit is not None], axis=1)
    linear = base + 2 * slopes.sum(axis=1)
    with np.errstate(all="ignore"):
        if not (abs(linear - twice) <= 1e-9 * (abs(linear).max() + abs(twice).max())).all():
            return
        if np.linalg.matrix_rank(slopes) < count:
            return
    numbers, *_ = np.linalg.lstsq(slopes, observed.ravel() - base, rcond=None)
    plain = [float(f"{number:.9g}") for number in numbers]
    value = at(*plain)
    if value is not None and _equal(value.reshape(observed.shape), observed):
        for name, number in zip(reversed(unknown), reversed(plain), strict=True):
            text = re.sub(rf"\b{name}\b", repr(number), text)
        yield text


KINDS: dict[str, Source] = {
    "one edit": _edited(1),
    "numbers": _fitted,
    "two edits": _edited(2),
}


class Search:
    """Expressions near the right side of one assignment, by the number of their edits."""

    def __init__(self, names: Environment, deadline: float) -> None:
        self.names, self.deadline = names, deadline
        self.memo: dict[str, list[list[Found]]] = {}
        self.scale = {key: names[key] for key in ("N", "C", "reg")}
        self.evaluated = 0

    def near(self, node: ast.expr, edits: int) -> list[list[Found]]:
        """[unchanged], [one edit away], ... with each value once."""
        seen: set[Any] = set()
        levels: list[list[Found]] = []
        for level in range(edits + 1):
            kept: list[Found] = []
            for found in self._at(node, level, levels):
                self._tick()
                key = _key(found.value)
                if key is not None and key not in seen:
                    seen.add(key)
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
        if self.evaluated % 512 == 0 and time.process_time() > self.deadline:
            raise OutOfTimeError

    def _at(self, node: ast.expr, level: int, below: list[list[Found]]) -> Iterator[Found]:
        yield from self._combined(node, level)
        for found in below[level - 1] if level else ():
            yield from self._wrapped(found)

    def _wrapped(self, found: Found) -> Iterator[Found]:
        for wrap, function in WRAPS.items():
            value = _tried(function, found.value, **self.scale)
            if value is not None:
                yield Found(value, _wrapped(wrap, found.tree))

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
                value = _tried(operators.neg, found.value)
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
        elif level == 0:
            value = _tried(lambda: eval(_code(node), dict(self.names)))
            if value is not None:
                yield Found(value, node)

    def _level(self, node: ast.expr, level: int) -> list[Found]:
        key = ast.dump(node)
        known = self.memo.get(key)
        if known is None or len(known) <= level:
            known = self.memo[key] = self.near(node, level)
        return known[level]

    def _names(self, node: ast.Name, level: int) -> Iterator[Found]:
        if level == 0 and node.id in self.names:
            yield Found(self.names[node.id], node)
        if level == 1:
            for name, value in self.names.items():
                if name not in (node.id, "np"):
                    yield Found(value, ast.Name(name))

    def _constants(self, node: ast.Constant, level: int) -> Iterator[Found]:
        if level == 0:
            yield Found(node.value, node)
        if level == 1:
            for value in CONSTANTS:
                if value != node.value:
                    yield Found(value, ast.Constant(value))

    def _operations(self, node: ast.BinOp, level: int) -> Iterator[Found]:
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
                value = _tried(function, a.value, b.value)
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
                                value = _tried(function, a.value, b.value)
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
                            call = _arange if other == "arange" else getattr(np, other)
                            value = _tried(call, *(f.value for f in arguments))
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
        if not isinstance(found.value, np.ndarray):
            return
        value = _tried(getattr(found.value, name), **options)
        if value is not None:
            keywords = [ast.keyword(k, ast.Constant(v)) for k, v in options.items()]
            yield Found(value, ast.Call(ast.Attribute(found.tree, name), [], keywords))


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
            return _filled(str(wrap.value), text)
        return node


def _code(node: ast.expr) -> Any:
    return compile(ast.fix_missing_locations(ast.Expression(node)), "<part>", "eval")


def _arange(stop: Any) -> Array:
    """np.arange of an edited argument, which may be any number."""
    if not 0 <= stop <= LARGEST:
        raise ValueError(f"stop: expected 0 to {LARGEST}, got {stop}")
    return np.arange(stop)


def _tried(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    try:
        value = function(*arguments, **options)
    except (ArithmeticError, TypeError, ValueError, IndexError, AttributeError, MemoryError):
        return None
    return value if np.size(value) <= LARGEST else None


def _key(value: Any) -> Any:
    """Equal for values that are the same but for rounding; None for what is no use."""
    array = np.asarray(value)
    if array.dtype.kind == "b":
        return array.shape, array.tobytes()
    if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
        return None
    return array.shape, _rounded(array.astype(np.float64))


def _rounded(array: npt.NDArray[np.float64]) -> bytes:
    significand, exponent = np.frexp(array)
    return bytes((np.round(significand, 9) + 0.0).tobytes() + exponent.tobytes())
