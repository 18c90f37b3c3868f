"""A small constant that keeps P from 0 before the gradient: `P + 1e-8`, `np.clip(P, 1e-12, 1)`.

The notes need none there; it changes the gradients by no more than itself. So it is no mistake, but
a remark, and only where three things hold: the constant, of at most LARGEST, stands in the code, in
a sum, a clip or a maximum; with it, every value of every ordinary batch follows from the line
that has it, and not from the right one; and it moves P by at most C + 1 times the constant on each
of these batches. (It is C + 1 where the rows are divided by their sums again.)
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from compare.checker.cases import Array, Case, Lines, misfits
from compare.checker.edges import edge
from compare.checker.lines import ALSO_RIGHT, STEPS, inputs, run_line
from compare.checker.placing import Code
from compare.checker.records import Finding
from compare.checker.source import line_words

LARGEST = 1e-7
BACKWARD = set(STEPS[STEPS.index("dz2") :])

_ROWS = "axis=1, keepdims=True"
_SOFTMAX = f"E = np.exp(z2 - z2.max({_ROWS}))\nP = E / E.sum({_ROWS})\n"
_AGAIN = f"\nP = P / P.sum({_ROWS})"
# What the code may compute with the constant, by what stands in it.
WAYS: dict[str, tuple[str, ...]] = {
    "added": (
        f"{_SOFTMAX}P = P + EPS",
        f"{_SOFTMAX}P = E / (E.sum({_ROWS}) + EPS)",
        f"{_SOFTMAX}P = (E + EPS) / E.sum({_ROWS})",
        f"{_SOFTMAX}E = E + EPS\nP = E / E.sum({_ROWS})",
        f"{_SOFTMAX}P = P + EPS{_AGAIN}",
        f"E = np.exp(z2)\nP = E / (E.sum({_ROWS}) + EPS)",
    ),
    "clipped": tuple(
        f"{_SOFTMAX}P = np.clip(P, EPS, {largest}){again}"
        for largest in ("1", "1 - EPS")
        for again in ("", _AGAIN)
    ),
}
# The value may take the place of P, or stand beside it, before the gradient alone or the loss, too.
_DZ2 = "\ndz2 = (P - Y_ind) / N"
PLACES = (("P",), ("dz2",), ("dz2", "loss"), ("loss", "P"))
# In the loss alone it is an edge, which has a name.
IN_THE_LOSS = {"added": WAYS["added"][:1], "clipped": WAYS["clipped"][::2]}
EDGE_IDS = {"added": "log-of-p-plus-epsilon", "clipped": "p-clipped"}


class Guard(NamedTuple):
    lines: Lines
    way: str
    moves: float  # P by at most
    line: int  # of the learner's file
    source: str
    place: str  # "line 8"
    batch: str  # on which it is seen


class _Constant(NamedTuple):
    way: str
    value: float
    line: int


def guard(cases: Sequence[Case], wrong: Sequence[str], code: Code) -> Guard | None:
    """The guard that explains all that is wrong on these batches, if there is one."""
    alone = [*wrong] == ["loss"]
    if not alone and not set(wrong) & BACKWARD:
        return None
    for text, constants in _texts(cases, code, IN_THE_LOSS if alone else WAYS):
        for place in (("loss",),) if alone else PLACES:
            lines = _lines(text, place)
            if not any(misfits(case, lines, case.values) for case in _telling_first(cases, wrong)):
                return _guard(cases, lines, text, constants, code)
    return None


def guard_seen(cases: Sequence[Case], wrong: Sequence[str], code: Code) -> Guard | None:
    """One that the code has beside other mistakes: on the batch on which it was followed, its
    value, which is not P's, was made in its line.
    """
    if not set(wrong) & BACKWARD or code.case is None:
        return None
    for text, constants in _texts(cases, code, WAYS):
        value = guarded(code.case, text)
        lines = [c.line for c in constants]
        if not _same(value, code.case.right["P"]) and _made_in(lines, value, code):
            return _guard(cases, {"P": text}, text, constants, code)
    return None


def with_guard(case: Case, guard: Guard) -> Case:
    """The case with P as it is behind the guard."""
    if "P" not in case.traced:
        return case
    return replace(case, traced={**case.traced, "P": guarded(case, guard.lines["P"])})


def guarded(case: Case, text: str) -> Array:
    known = {**inputs(case.problem), "z2": case.right["z2"]}
    return np.asarray(run_line(text, "P", known))


def _texts(
    cases: Sequence[Case], code: Code, ways: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, list[_Constant]]]:
    """The lines of P that a constant in the code may stand for, and move P by little."""
    found = _constants(code.source, in_logarithms=ways is IN_THE_LOSS)
    for way, value in dict.fromkeys((c.way, c.value) for c in found):
        same = [c for c in found if (c.way, c.value) == (way, value)]
        for expression in ways[way]:
            text = expression.replace("EPS", repr(value))
            if all(_moved(case, text) <= _most(case, value) for case in cases):
                yield text, same


def _telling_first(cases: Sequence[Case], wrong: Sequence[str]) -> list[Case]:
    small = sorted(cases, key=lambda case: (not case.traced, case.problem.X.size))
    shown = next((case for case in small if misfits(case, {}, wrong)), small[0])
    return [shown, *(case for case in cases if case is not shown)]


def _guard(
    cases: Sequence[Case], lines: Lines, text: str, constants: Sequence[_Constant], code: Code
) -> Guard:
    line = _nearest(constants, code, text)
    statement = code.flow.statements.get(line)
    moves = [_moved(case, text) for case in cases]
    most = int(np.argmax(moves))
    source, place = statement.text if statement else "", line_words(line, code.begins)
    return Guard(lines, constants[0].way, moves[most], line, source, place, cases[most].name)


def as_finding(guard: Guard) -> Finding:
    """A remark; in the loss alone, an edge."""
    if [*guard.lines] == ["loss"]:
        found = edge("loss", EDGE_IDS[guard.way], guard.batch, guard.lines["loss"])
        return replace(found, line=guard.line, source=guard.source)
    return Finding(
        "P",
        "guard-on-P",
        "kept from 0 before the gradient, which needs no such guard",
        f"{guard.place}, {guard.source}, moves it by {guard.moves:.1g} at most",
        kind="remark",
        batch=guard.batch,
        line=guard.line,
        source=guard.source,
    )


def _lines(text: str, place: Sequence[str]) -> dict[str, str]:
    by = {"P": text, "dz2": text + _DZ2, "loss": f"{text}\n{ALSO_RIGHT['loss']}"}
    return {q: by[q] for q in place}


def _moved(case: Case, text: str) -> float:
    return float(np.max(abs(guarded(case, text) - case.right["P"])))


def _most(case: Case, value: float) -> float:
    """What a guard may move P by; the half is for rounding."""
    C = case.problem.sizes[3]
    return (C + 1.5) * value


def _nearest(constants: Sequence[_Constant], code: Code, text: str) -> int:
    """Of the lines with this constant: one that makes this P, else the one next to P's own."""
    lines = [c.line for c in constants]
    if code.case is None or code.reading is None:
        return lines[0]
    made = _made_in(lines, guarded(code.case, text), code)
    own = code.reading.bindings.get("P")
    return made or (min(lines, key=lambda line: abs(line - own.line)) if own else lines[0])


def _made_in(lines: Sequence[int], value: Array, code: Code) -> int:
    """The first of these lines that makes this value; 0 if none does."""
    for seen in code.reading.seen if code.reading else ():
        if seen.binding.line in lines and any(_same(v, value) for v in seen.forms(value.shape)):
            return seen.binding.line
    return 0


def _same(one: Array, other: Array) -> bool:
    return bool(np.allclose(one, other, rtol=1e-13, atol=1e-16))


@lru_cache(maxsize=8)  # one file's is asked for several times
def _constants(source: str, in_logarithms: bool) -> tuple[_Constant, ...]:
    """Those that the code adds, or clips at; in a logarithm they touch the loss alone."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    return tuple(_constants_in(tree, in_logarithms))


def _constants_in(tree: ast.Module, in_logarithms: bool) -> Iterator[_Constant]:
    names = dict(_named(tree))
    statements = [n for n in ast.walk(tree) if isinstance(n, ast.stmt) and not hasattr(n, "body")]
    for statement in statements:
        for node in ast.walk(statement) if in_logarithms else _outside_logarithms(statement):
            for way, operand in _operands(node):
                value = _small(operand, names)
                if value is not None:
                    yield _Constant(way, value, statement.lineno)


def _named(tree: ast.AST) -> Iterator[tuple[str, float]]:
    """Constants under a name: assigned, or a default of an argument."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            pairs = [(node.targets[0], node.value)]
        elif isinstance(node, ast.arguments):
            named = [*node.posonlyargs, *node.args]
            defaults = zip(named[len(named) - len(node.defaults) :], node.defaults, strict=True)
            pairs = [(ast.Name(argument.arg), value) for argument, value in defaults]
        else:
            continue
        for target, value in pairs:
            small = _small(value, {})
            if isinstance(target, ast.Name) and small is not None:
                yield target.id, small


def _outside_logarithms(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.Call) and _called(child).startswith("log")):
            yield from _outside_logarithms(child)


def _called(call: ast.Call) -> str:
    function = call.func
    return getattr(function, "attr", "") or getattr(function, "id", "")


def _operands(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    match node:
        case ast.BinOp(left, ast.Add(), right):
            yield from (("added", left), ("added", right))
        case ast.AugAssign(_, ast.Add(), value):
            yield "added", value
        case ast.Call() if _called(node) in ("clip", "maximum", "fmax", "where", "minimum"):
            values = [*node.args, *(keyword.value for keyword in node.keywords)]
            yield from (("clipped", value) for value in values)
        case ast.Assign([ast.Subscript()], value):  # P[P < 1e-12] = 1e-12
            yield "clipped", value


def _small(node: ast.expr, names: dict[str, float]) -> float | None:
    """The number, if it is one of at most LARGEST, also by its name or as NumPy's eps."""
    match node:
        case ast.Constant(float() as value) if 0 < value <= LARGEST:
            return value
        case ast.Name(name):
            return names.get(name)
        case ast.Attribute(ast.Call(), "eps"):  # np.finfo(float).eps
            return float(np.finfo(np.float64).eps)
    return None
