"""Edits of a line's tree, as somebody might make them: another list than the checker's own search.

Another name, operator, axis or constant; a term, a factor or a transpose dropped or added; operands
exchanged; a function around a part; some rows or columns of it.
"""

import ast
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

INPUTS = ("X", "y", "W1", "b1", "W2", "b2", "reg", "N", "D", "H", "C")
OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.MatMult)
COMPARISONS = (ast.Gt, ast.GtE, ast.Lt, ast.LtE, ast.Eq, ast.NotEq)
FUNCTIONS = {"maximum": ("minimum",), "exp": ("log", "tanh", "exp2"), "log": ("log10", "exp")}
REDUCTIONS = ("sum", "mean", "max", "min")
CONSTANTS = (0, 1, 2, 0.5, -1)
AROUND = (
    *("-PART", "2 * PART", "0.5 * PART", "PART / N", "PART * N", "reg * PART", "PART / C"),
    *("PART.T", "PART ** 2", "1 - PART", "abs(PART)", "np.sqrt(PART)", "np.exp(PART)"),
    *("np.log(PART)", "np.tanh(PART)", "np.sign(PART)", "np.maximum(PART, 0)", "(PART > 0)"),
    *("PART[1:]", "PART[:-1]", "PART[:, 1:]", "PART[:, :-1]", "PART[::-1]", "PART.sum()"),
)  # fmt: skip


def edited(line: str, earlier: Sequence[str]) -> list[str]:
    """All lines one edit away, each once. `earlier` are the quantities that the line may read."""
    module = ast.parse(line)
    unchanged = ast.unparse(module)
    texts = {}
    for parent in ast.walk(module):
        for node in ast.iter_child_nodes(parent):
            for new in _edits(node, earlier):
                with _in_place(parent, node, new):
                    texts[ast.unparse(module)] = None
    return [text for text in texts if text != unchanged]


def twice_edited(line: str, earlier: Sequence[str], rng: random.Random) -> str:
    """One of the lines two edits away."""
    return rng.choice(edited(rng.choice(edited(line, earlier)), earlier))


@contextmanager
def _in_place(parent: ast.AST, old: ast.AST, new: ast.AST) -> Iterator[None]:
    """The parent with the new child; afterwards with the old one again."""
    for field, value in ast.iter_fields(parent):
        if value is old:
            setattr(parent, field, new)
            yield
            setattr(parent, field, old)
        elif isinstance(value, list) and any(item is old for item in value):
            setattr(parent, field, [new if item is old else item for item in value])
            yield
            setattr(parent, field, value)


def _edits(node: ast.AST, earlier: Sequence[str]) -> Iterator[ast.AST]:
    """What may stand in this node's place."""
    if not isinstance(node, ast.expr) or not isinstance(
        getattr(node, "ctx", None), ast.Load | None
    ):
        return
    if isinstance(node, ast.Name) and node.id in ("np", "abs"):
        return
    if isinstance(node, ast.Name):
        yield from (ast.Name(name) for name in (*INPUTS, *earlier))
    elif isinstance(node, ast.Constant):
        yield from (ast.Constant(c) for c in CONSTANTS if isinstance(node.value, int | float))
    elif isinstance(node, ast.BinOp):
        yield from (ast.BinOp(node.left, operator(), node.right) for operator in OPERATORS)
        yield from (node.left, node.right, ast.BinOp(node.right, node.op, node.left))
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.Compare):
        yield from (ast.Compare(node.left, [c()], node.comparators) for c in COMPARISONS)
        yield node.left
    elif isinstance(node, ast.Call):
        yield from _calls(node)
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value
    if _is_numbers(node):
        text = ast.unparse(node)
        for around in AROUND:
            yield ast.parse(around.replace("PART", f"({text})"), mode="eval").body


def _is_numbers(node: ast.expr) -> bool:
    """A part of some size: what is built around a class count would be an array without end."""
    method = isinstance(node, ast.Attribute) and node.attr != "T"
    return not method and not isinstance(node, ast.Constant | ast.Slice | ast.Tuple)


def _calls(node: ast.Call) -> Iterator[ast.AST]:
    assert isinstance(node.func, ast.Attribute | ast.Name)
    if isinstance(node.func, ast.Name):
        return
    owner, name = node.func.value, node.func.attr
    if isinstance(owner, ast.Name) and owner.id == "np":
        for other in FUNCTIONS.get(name, ()):
            yield ast.Call(ast.Attribute(owner, other), node.args, [])
        yield node.args[0]
        return
    for other in REDUCTIONS:
        yield ast.Call(ast.Attribute(owner, other), node.args, node.keywords)
    for keyword in node.keywords:
        kept = [k for k in node.keywords if k is not keyword]
        yield ast.Call(node.func, node.args, kept)
        if keyword.arg == "axis" and isinstance(keyword.value, ast.Constant):
            other_axis = ast.keyword("axis", ast.Constant(1 - int(keyword.value.value)))
            yield ast.Call(node.func, node.args, [other_axis, *kept])
    yield owner
