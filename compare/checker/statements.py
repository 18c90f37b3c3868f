"""What each line of a source text may bind or change, by the names that stand in it."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from compare.text import printable

LONGEST = 200  # characters of a statement's text


class Element(NamedTuple):
    """One of several values of a statement: `"dW2": a1.T @ dz2`, or the b of `x, y = a, b`."""

    first: int  # its lines
    last: int
    text: str
    read: frozenset[str]
    calls: bool  # a function


class Statement(NamedTuple):
    """A simple statement, or the head of a compound one (`for x in rows:`)."""

    first: int  # its lines, from 1
    last: int
    text: str  # on one line
    bound: frozenset[str] = frozenset()  # names that it binds: a, and b in `a = b = 1`
    stored: frozenset[str] = frozenset()  # names that it stores into: `a[0] = 1`, `a.W = 1`
    passed: frozenset[str] = frozenset()  # names that it hands to a call, which may change them
    read: frozenset[str] = frozenset()  # names that it reads
    loop: int = 0  # the last line of the loop of which it is the head, a `for`
    bare: bool = False  # `pass`, or an expression whose value goes nowhere; not print(...)
    branch: int = 0  # the last line of what is run if it is true, an `if`
    lambdas: int = 0
    given: frozenset[str] = frozenset()  # the arguments of its lambdas
    inner: frozenset[str] = frozenset()  # names that these read, their arguments among them
    elements: Mapping[str, Element] = MappingProxyType({})  # by what holds it: "return['dW2']", "y"


def statements(source: str) -> dict[int, Statement]:
    """The statement of each line that has one. Empty for what is not Python."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    lines = source.splitlines()
    found: dict[int, Statement] = {}
    for node in ast.walk(tree):  # from the outside in: a statement inside takes its lines
        if isinstance(node, ast.stmt):
            statement = _statement(node, lines)
            for line in range(statement.first, statement.last + 1):
                outer = found.get(line)
                together = outer is not None and outer.first == outer.last == statement.first
                found[line] = _merged(outer, statement) if outer and together else statement
    return found


def _statement(node: ast.stmt, lines: list[str]) -> Statement:
    last = node.end_lineno or node.lineno
    if hasattr(node, "body") or hasattr(node, "cases"):
        last = max([node.lineno, *(getattr(e, "end_lineno", 0) for e in _own_parts(node))])
    text = " ".join(line.strip() for line in lines[node.lineno - 1 : last])
    bound, stored, passed, read = set(), set(), set(), set()
    if isinstance(node, ast.AugAssign):
        read.add(_root(node.target))
    for part in _own_parts(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            bound.add(part.id)
        elif isinstance(part, ast.Name):
            read.add(part.id)
        elif isinstance(part, ast.Attribute | ast.Subscript) and isinstance(part.ctx, ast.Store):
            stored.add(_root(part))
        elif isinstance(part, ast.Call):
            inside = [part.func, *part.args, *(keyword.value for keyword in part.keywords)]
            passed |= {_root(expression) for expression in inside}
    comprehensions = (part for part in ast.walk(node) if isinstance(part, ast.comprehension))
    read -= {n.id for c in comprehensions for n in ast.walk(c.target) if isinstance(n, ast.Name)}
    lambdas = [part for part in ast.walk(node) if isinstance(part, ast.Lambda)]
    return Statement(
        node.lineno,
        last,
        printable(text.strip(), LONGEST),
        frozenset(bound),
        frozenset(stored - {""}),
        frozenset(passed - {""}),
        frozenset(read - {""}),
        (node.end_lineno or 0) if isinstance(node, ast.For | ast.AsyncFor) else 0,
        _is_bare(node),
        (node.body[-1].end_lineno or 0) if isinstance(node, ast.If) else 0,
        len(lambdas),
        frozenset(part.arg for part in _parts_of(lambdas) if isinstance(part, ast.arg)),
        frozenset(part.id for part in _parts_of(lambdas) if isinstance(part, ast.Name)),
        {name: _element(*nodes, lines) for name, nodes in _values(node)},
    )


def _values(node: ast.stmt) -> Iterator[tuple[str, tuple[ast.AST, ast.expr]]]:
    """What will hold each of a statement's values; where it begins, and the value."""
    if isinstance(node, ast.Return) and node.value is not None:
        yield from _members("return", node.value)
    elif isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
        if isinstance(target, ast.Name):
            yield from _members(target.id, node.value)
        elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            names, values = target.elts, node.value.elts
            if len(names) == len(values):
                for name, value in zip(names, values, strict=True):
                    yield ast.unparse(name), (value, value)


def _members(name: str, value: ast.expr) -> Iterator[tuple[str, tuple[ast.AST, ast.expr]]]:
    """Of a dict, a list or a tuple that is written out."""
    if isinstance(value, ast.Dict):
        for key, member in zip(value.keys, value.values, strict=True):
            if isinstance(key, ast.Constant):
                yield f"{name}[{key.value!r}]", (key, member)
    elif isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
        for keyword in value.keywords if value.func.id == "dict" else ():
            yield f"{name}[{keyword.arg!r}]", (keyword, keyword.value)
    elif isinstance(value, ast.Tuple | ast.List):
        for number, member in enumerate(value.elts):
            yield f"{name}[{number}]", (member, member)


def _element(begin: ast.AST, value: ast.expr, lines: list[str]) -> Element:
    first: int = getattr(begin, "lineno", value.lineno)
    last = value.end_lineno or value.lineno
    text = " ".join(line.strip() for line in lines[first - 1 : last])
    parts = [value, *_own_parts(value)]
    return Element(
        first,
        last,
        printable(text.strip(), LONGEST),
        frozenset(part.id for part in parts if isinstance(part, ast.Name)),
        any(isinstance(part, ast.Call) for part in parts),
    )


def _is_bare(node: ast.stmt) -> bool:
    if isinstance(node, ast.Pass):
        return True
    if not isinstance(node, ast.Expr) or isinstance(node.value, ast.Constant):
        return False
    called = node.value.func if isinstance(node.value, ast.Call) else None
    return not (isinstance(called, ast.Name) and called.id == "print")


def _own_parts(node: ast.AST) -> Iterator[ast.AST]:
    """The expressions of a statement, without the statements in it or what runs at another time."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt | ast.Lambda | ast.excepthandler | ast.match_case):
            continue
        yield child
        if isinstance(child, ast.comprehension):
            yield from (child.iter, *_own_parts(child.iter))
        else:
            yield from _own_parts(child)


def _parts_of(nodes: Sequence[ast.AST]) -> Iterator[ast.AST]:
    return (part for node in nodes for part in ast.walk(node))


def _root(expression: ast.AST) -> str:
    """`a` in a, a.b, a[i].c and *a; nothing in (a + b).c."""
    while isinstance(expression, ast.Attribute | ast.Subscript | ast.Starred):
        expression = expression.value
    return expression.id if isinstance(expression, ast.Name) else ""


def _merged(one: Statement, other: Statement) -> Statement:
    """Two statements of one line."""
    return Statement(
        one.first,
        max(one.last, other.last),
        one.text,
        one.bound | other.bound,
        one.stored | other.stored,
        one.passed | other.passed,
        one.read | other.read,
        one.loop or other.loop,
        one.bare and other.bare,
        one.branch or other.branch,
        one.lambdas + other.lambdas,
        one.given | other.given,
        one.inner | other.inner,
        {**one.elements, **other.elements},
    )
