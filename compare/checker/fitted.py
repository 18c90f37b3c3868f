"""One or two fitted numbers, wherever a number may stand in a line."""

import ast
import re
import time
from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from compare.checker.lines import STEPS, run_line
from compare.checker.vocabulary import (
    INPUTS,
    Array,
    Environment,
    OutOfTimeError,
    digits,
    equal,
    filled,
    tried,
)


def fitted(
    line: str,
    quantity: str,
    known: Environment,
    observed: Array,
    deadline: float,
    close: float,
) -> Iterator[str]:
    """One or two numbers, wherever a number may stand, that make the line fit."""
    places = list(_with_numbers(line, known, observed.shape))
    for text in places:
        if time.process_time() > deadline:
            raise OutOfTimeError
        yield from _solved(text, ("RATE",), quantity, known, observed, close)
    for text in places[:24]:
        for other in _with_numbers(text, known, observed.shape, "RATE2"):
            if time.process_time() > deadline:
                raise OutOfTimeError
            yield from _solved(other, ("RATE", "RATE2"), quantity, known, observed, close)


def _with_numbers(
    line: str, known: Environment, shape: tuple[int, ...], name: str = "RATE"
) -> Iterator[str]:
    """The line with an unknown number as a factor of some part, or before another term."""
    module = ast.parse(line)
    number_of = {id(node): number for number, node in enumerate(ast.walk(module))}

    def with_node(node: ast.expr, wrap: str) -> str:
        return _with_node(line, number_of[id(node)], wrap)

    nodes = [n for s in module.body if isinstance(s, ast.Assign) for n in ast.walk(s.value)]
    for node in nodes:
        part = isinstance(node, ast.Name | ast.BinOp | ast.Call | ast.Compare | ast.Constant)
        if part and not (isinstance(node, ast.Name) and node.id in ("np", "RATE", "abs")):
            assert isinstance(node, ast.expr)
            yield with_node(node, f"{name} * (_)")
    last = module.body[-1]
    assert isinstance(last, ast.Assign)
    for other in (*INPUTS, *STEPS):
        if other in known and np.ndim(known[other]) == 2 and np.shape(known[other]) == shape:
            yield with_node(last.value, f"(_) + {name} * {other}")
    yield with_node(last.value, f"(_) + {name}")


@lru_cache(maxsize=4096)  # the same lines, for each mistake in them
def _with_node(line: str, number: int, wrap: str) -> str:
    """The line with one node wrapped: the one of that number in ast.walk."""
    module = ast.parse(line)
    node = list(ast.walk(module))[number]
    around = filled(wrap, ast.unparse(node))
    return ast.unparse(ast.fix_missing_locations(_Exchange(node, around).visit(module)))


class _Exchange(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else self.generic_visit(node)


def _solved(
    text: str,
    unknown: tuple[str, ...],
    quantity: str,
    known: Environment,
    observed: Array,
    close: float,
) -> Iterator[str]:
    """The numbers that suit the observed values best, if the line is linear in them and fits."""

    def at(*numbers: float) -> Array | None:
        values = {**known, **dict(zip(unknown, numbers, strict=True))}
        value = tried(run_line, text, quantity, values)
        if value is None or np.shape(value) != observed.shape:
            return None
        return np.asarray(value, np.float64).ravel()

    count = len(unknown)
    base = at(*[0.0] * count)
    units = [at(*row) for row in np.eye(count)]
    twice = at(*[2.0] * count)
    if base is None or twice is None or any(unit is None for unit in units) or not base.size:
        return
    slopes = np.stack([unit - base for unit in units if unit is not None], axis=1)
    linear = base + 2 * slopes.sum(axis=1)
    with np.errstate(all="ignore"):
        if not (abs(linear - twice) <= 1e-9 * (abs(linear).max() + abs(twice).max())).all():
            return
        if np.linalg.matrix_rank(slopes) < count:
            return
    numbers, *_ = np.linalg.lstsq(slopes, observed.ravel() - base, rcond=None)
    terms = abs(slopes).max(axis=0) * abs(numbers)
    if (terms <= close * abs(observed).max()).any():  # 0 but for rounding: as well without it
        return
    plain = [float(f"{number:.{digits(close)}g}") for number in numbers]
    value = at(*plain)
    if value is not None and equal(value.reshape(observed.shape), observed, close):
        for name, number in zip(reversed(unknown), reversed(plain), strict=True):
            text = re.sub(rf"\b{name}\b", repr(number), text)
        yield text
