"""What comes next where a line raised an exception: what it reads and is not there yet, or not as
it should be; or the quantity that the line was to compute.
"""

import ast
import re
from collections.abc import Sequence

from compare.checker.calls import size_words
from compare.checker.cases import Case
from compare.checker.lines import ANCESTORS, RIGHT, STEPS
from compare.checker.records import Hint, Judged
from compare.checker.trace import Raised

INPUTS = frozenset({"X", "y", "W1", "b1", "W2", "b2", "reg"})
# What asks for input is no step, and nothing was run of what is no Python.
NO_STEP = ("EOFError", "SyntaxError")
UNDEFINED = ("NameError", "UnboundLocalError")
BESIDE = ("Y_ind", "loss")  # nothing of the gradients needs a line of its own for these
# A line that is about no quantity: a size, a check, what is printed.
NO_QUANTITY = re.compile(r"\s*(?:[NDHCn]\s*[=,]|assert\b|print\b)")
WORDS = re.compile(r" (?:is|has shape) ")  # between an operand and its size
BLANK = re.compile(r" is (?:None|Ellipsis|NotImplemented)$")
SIZE = re.compile(r" (?:has shape \(|is \d+ × )")
UNKNOWN = re.compile(r"name '(\w+)' is not defined|local variable '(\w+)'")
TARGET = re.compile(r"\s*(\w+)(?:\[['\"](\w+)['\"]\])?\s*(?:\*\*|//|[-+*/@])?=(?!=)")


def _names(text: str) -> frozenset[str]:
    try:
        nodes = ast.walk(ast.parse(text))
    except SyntaxError:
        return frozenset(re.findall(r"[A-Za-z_]\w*", text))
    return frozenset(node.id for node in nodes if isinstance(node, ast.Name))


READ = {q: (_names(line) & {*STEPS, *INPUTS}) - {q} for q, line in RIGHT.items()}


def next_words(
    raised: Raised, quantities: Sequence[Judged], cases: Sequence[Case], hint: Hint
) -> list[str]:
    """What to do about it, in words. The notes' line is shown where shapes did not fit: it says
    which would; elsewhere, with the hint "formula" alone.
    """
    first_call = any(case.raised for case in cases)  # what a second one lacks, the first one had
    if hint == "where" or raised.kind in NO_STEP or not first_call:
        return []
    open_ = _open(raised, quantities)
    absent = next((name for name in _absent(raised) if name in open_), None)
    odd = _of_another_size(raised, open_, cases)
    first = (absent, f"{absent} has no value yet, and this line reads it") if absent else odd
    if first:
        name, words = first
        return [f"{words}; the notes have {_line(name)}" if hint == "formula" else words]
    next_ = next_step(raised, quantities)
    sized = any(map(SIZE.search, raised.operands)) and not _absent(raised)
    shown = next_ is not None and (sized or hint == "formula")
    return [f"the notes have next: {_line(next_)}"] if next_ and shown else []


def _line(quantity: str) -> str:
    return "; ".join(RIGHT[quantity].splitlines())


def _absent(raised: Raised) -> list[str]:
    """The names that the line reads, and that hold nothing yet, or are not there."""
    unknown = UNKNOWN.search(raised.message) if raised.kind in UNDEFINED else None
    names = [name for name in unknown.groups() if name] if unknown else []
    return [*names, *(BLANK.sub("", words) for words in raised.operands if BLANK.search(words))]


def _of_another_size(
    raised: Raised, open_: Sequence[str], cases: Sequence[Case]
) -> tuple[str, str] | None:
    """What has the notes' name of a quantity, and not its shape; and what to say of it."""
    case = next((case for case in cases if case.raised), None)
    for words in raised.operands if case else ():
        name = WORDS.split(words)[0]
        if case and name in open_ and name != "loss" and SIZE.search(words):
            right = size_words(case.right[name].shape)
            if words != f"{name} {right}":
                return name, f"in the notes, {name} {right}"
    return None


def next_step(raised: Raised, quantities: Sequence[Judged]) -> str | None:
    """The quantity that the line is named after, if the notes' line for it reads what failed here;
    else the one whose line is nearest to this; else the first, in the notes' order, that is not
    computed yet. None if all are, or the line is about something else.

    One that was passed by is none of them: something that comes of it is there already.
    """
    if NO_QUANTITY.match(raised.source):
        return None
    open_ = _open(raised, quantities)
    named = _target(raised.source)
    named = named if named in open_ else None
    before = [q for q in READ[named] if q in open_] if named else []
    if _absent(raised) and len(before) == 1:  # which it is, under a name of the learner's
        return before[0]
    own = {q.own_name: q.name for q in quantities if q.own_name and _is_done(q, raised)}
    names = {name for operand in raised.operands for name in _names(WORDS.split(operand)[0])}
    read = {own.get(name, name) for name in names} & {*STEPS, *INPUTS}
    if named and read <= READ[named]:
        return named
    steps = [q for q in open_ if q not in BESIDE]
    near = [q for q in steps if read and read <= READ[q]]
    if near:
        return min(near, key=lambda q: len(READ[q] - read))
    return named or next(iter(steps), None)


def _open(raised: Raised, quantities: Sequence[Judged]) -> list[str]:
    """What is not computed yet, nor passed by."""
    done = {q.name for q in quantities if _is_done(q, raised)}
    passed = frozenset[str]().union(*(ANCESTORS[q] for q in done if q in ANCESTORS))
    return [q.name for q in quantities if q.name not in done | passed]


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
