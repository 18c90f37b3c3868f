"""Which quantity a line was to compute that raised an exception."""

import ast
import re
from collections.abc import Sequence

from compare.checker.lines import ANCESTORS, RIGHT, STEPS
from compare.checker.records import Judged
from compare.checker.trace import Raised

INPUTS = frozenset({"X", "y", "W1", "b1", "W2", "b2", "reg"})
BESIDE = ("Y_ind", "loss")  # nothing of the gradients needs a line of its own for these
# A line that is about no quantity: a size, a check, what is printed.
NO_QUANTITY = re.compile(r"\s*(?:[NDHCn]\s*[=,]|assert\b|print\b)")
WORDS = re.compile(r" (?:is|has shape) ")  # between an operand and its size
TARGET = re.compile(r"\s*(\w+)(?:\[['\"](\w+)['\"]\])?\s*(?:\*\*|//|[-+*/@])?=(?!=)")


def _names(text: str) -> frozenset[str]:
    try:
        nodes = ast.walk(ast.parse(text))
    except SyntaxError:
        return frozenset(re.findall(r"[A-Za-z_]\w*", text))
    return frozenset(node.id for node in nodes if isinstance(node, ast.Name))


READ = {q: (_names(line) & {*STEPS, *INPUTS}) - {q} for q, line in RIGHT.items()}


def next_step(raised: Raised, quantities: Sequence[Judged]) -> str | None:
    """The quantity that the line is named after, if the notes' line for it reads what failed here;
    else the one whose line is nearest to this; else the first, in the notes' order, that is not
    computed yet. None if all are, or the line is about something else.

    One that was passed by is none of them: something that comes of it is there already.
    """
    if NO_QUANTITY.match(raised.source):
        return None
    done = {q.name for q in quantities if _is_done(q, raised)}
    passed = frozenset[str]().union(*(ANCESTORS[q] for q in done))
    open_ = [q.name for q in quantities if q.name not in done | passed]
    named = _target(raised.source)
    named = named if named in open_ else None
    own = {q.own_name: q.name for q in quantities if q.own_name and q.name in done}
    names = {name for operand in raised.operands for name in _names(WORDS.split(operand)[0])}
    read = {own.get(name, name) for name in names} & {*STEPS, *INPUTS}
    if named and read <= READ[named]:
        return named
    steps = [q for q in open_ if q not in BESIDE]
    near = [q for q in steps if read and read <= READ[q]]
    if near:
        return min(near, key=lambda q: len(READ[q] - read))
    return named or next(iter(steps), None)


def _is_done(judged: Judged, raised: Raised) -> bool:
    if judged.verdict in ("to do", "missing", "unseen"):
        return False
    return judged.verdict not in ("wrong", "inherited") or (
        judged.line is not None and (judged.cell, judged.line) != (raised.cell, raised.line)
    )


def _target(source: str) -> str | None:
    """The quantity after which the line names what it makes: `Z1 = …`, `grads['W1'] = …`."""
    found = TARGET.match(source)
    if found is None:
        return None
    name, key = found.groups()
    if key is not None:
        name = f"d{key}" if f"d{key}" in STEPS and "param" not in name else key
    return next((q for q in STEPS if q.lower() == name.lower()), None)
