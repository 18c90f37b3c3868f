"""Where the learner's code gives a value the name under which it is returned."""

import ast

import numpy as np

from compare.checker.placing import Code
from compare.checker.statements import statements
from compare.checker.trace import Binding


def bound_at(code: Code, quantity: str) -> Binding | None:
    """Where the value that it has in the end got its name, `grads['W1'] = …`; or the last return
    statement in which the name stands.
    """
    keys = (quantity, quantity.removeprefix("d"))
    endings = tuple(f"[{key!r}]" for key in keys)
    known = code.reading.seen if code.reading else ()
    named = [s for s in known if s.binding.name.endswith(endings)]
    if named:
        return next(s for s in named if np.array_equal(s.value, named[-1].value)).binding
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


def _names(node: ast.AST, keys: tuple[str, ...]) -> bool:
    """dict(dW1=…) or {"dW1": …}"""
    if isinstance(node, ast.keyword):
        return node.arg in keys
    return isinstance(node, ast.Constant) and node.value in keys


def made_at(code: Code, quantity: str) -> Binding | None:
    """The line that first had the value that was returned, where no line of the notes gives it."""
    if code.case is None or code.reading is None or quantity not in code.case.returned:
        return None
    value = code.case.returned[quantity]
    for seen in code.reading.seen:
        if any(np.array_equal(form, value) for form in seen.forms(value.shape)):
            return seen.binding
    return None
