"""Where the learner's code gives a value the name under which it is returned."""

import ast

import numpy as np

from compare.checker.cases import Array
from compare.checker.placing import Code
from compare.checker.seen import Seen
from compare.checker.statements import statements
from compare.checker.trace import Binding


def bound_at(code: Code, quantity: str) -> Binding | None:
    """Where the value that it has in the end got its name, `grads['W1'] = …`; or the last return
    statement in which the name stands.
    """
    keys, endings = _keys(quantity), _endings(quantity)
    known = code.reading.seen if code.reading else ()
    named = [s for s in known if s.binding.name.endswith(endings)]
    for seen in named:
        if np.array_equal(seen.value, named[-1].value, equal_nan=True):
            return seen.binding
    try:
        nodes = [node for node in ast.walk(ast.parse(code.source)) if isinstance(node, ast.Return)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    lines = [node.lineno for node in nodes if any(_names(part, keys) for part in ast.walk(node))]
    if not lines:
        return None
    statement = statements(code.source)[max(lines)]
    elements = (statement.elements.get(f"return[{key!r}]") for key in keys)
    place = next(filter(None, elements), statement)
    return Binding(place.first, place.text, "", np.zeros(0), 0, place.last)


def _keys(quantity: str) -> tuple[str, str]:
    return quantity, quantity.removeprefix("d")


def _endings(quantity: str) -> tuple[str, ...]:
    return tuple(f"[{key!r}]" for key in _keys(quantity))


def is_own(name: str, quantity: str) -> bool:
    """A name of the learner's that is the notes' for it: dW1, grads['W1']."""
    return name == quantity or name.endswith(_endings(quantity))


def _names(node: ast.AST, keys: tuple[str, ...]) -> bool:
    """dict(dW1=…) or {"dW1": …}"""
    if isinstance(node, ast.keyword):
        return node.arg in keys
    return isinstance(node, ast.Constant) and node.value in keys


def made_at(code: Code, quantity: str) -> Binding | None:
    """The line that first had the value that was returned, where no line of the notes gives it:
    under its own name or, without that, in its own shape, since zeros and NaN may be anything's.
    """
    if code.case is None or code.reading is None or quantity not in code.case.returned:
        return None
    value = code.case.returned[quantity]

    def first(seen: Seen) -> tuple[bool, bool]:
        return not is_own(seen.binding.name, quantity), seen.value.shape != value.shape

    for seen in sorted(code.reading.seen, key=first):
        if any(np.array_equal(form, value, equal_nan=True) for form in seen.forms(value.shape)):
            return seen.binding
    return None


def tells(value: Array) -> bool:
    """Some of its numbers are neither 0 nor NaN nor infinite: it is not anybody's."""
    return bool((np.isfinite(value) & (value != 0)).any())
