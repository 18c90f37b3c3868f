"""An argument that the learner's code wrote to, and the lines that were run on it afterwards."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from compare.checker.cases import Case, Lines, misfits
from compare.checker.lines import RIGHT, STEPS, WRITTEN
from compare.checker.placing import Code
from compare.checker.records import Finding
from compare.checker.source import line_words
from compare.checker.trace import Binding
from compare.checker.trees import replaced


def _names(line: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(line)) if isinstance(node, ast.Name)}


READERS = {
    argument: tuple(q for q in STEPS if argument in _names(RIGHT[q]))
    for argument in ("X", "y", "W1", "b1", "W2", "b2")
}


class Spoilt(NamedTuple):
    argument: str
    lines: Mapping[str, str]  # of the quantities that were computed from what was written to it


def spoilt(cases: Sequence[Case], wrong: Sequence[str]) -> list[Spoilt]:
    """The arguments whose change explains wrong quantities: if the lines that read one of them read
    what the code left in it, from some line on, they give the learner's numbers.
    """
    found: list[Spoilt] = []
    lines: dict[str, str] = {}
    for argument, readers in READERS.items():
        if not any(argument in case.written for case in cases):
            continue
        fewest, chosen = _open(cases, lines, wrong), dict[str, str]()
        for late in _late(readers):
            trial = {q: _reading_late(lines.get(q, RIGHT[q]), argument) for q in late}
            left = _open(cases, {**lines, **trial}, wrong)
            if left < fewest:
                fewest, chosen = left, trial
        if chosen:
            found.append(Spoilt(argument, chosen))
            lines |= chosen
    return found


def _open(cases: Sequence[Case], lines: Lines, wrong: Sequence[str]) -> set[str]:
    return {q for case in cases for q in misfits(case, lines, wrong)}


def _late(readers: Sequence[str]) -> Iterator[list[str]]:
    """Those that may have been run after the argument was written to, the fewest first; the loss
    may be computed at any time.
    """
    steps = [q for q in readers if q != "loss"]
    for count in range(1, len(steps) + 1):
        yield steps[-count:]
        if "loss" in readers:
            yield [*steps[-count:], "loss"]


def _reading_late(line: str, argument: str) -> str:
    return replaced(line, argument, f"{argument}{WRITTEN}") or line


def as_finding(spoilt: Spoilt, code: Code) -> Finding:
    where = _writing(spoilt.argument, code)
    names = list(spoilt.lines)
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return Finding(
        spoilt.argument,
        "writes-to-argument",
        f"{spoilt.argument} is written to before {listed} {'is' if len(names) == 1 else 'are'} "
        "computed from it: work on a copy",
        f"{line_words(where.line, code.begins)}, {where.source}" if where else "changed in place",
        line=where.line if where else None,
        source=where.source if where else "",
        others=tuple(names),
    )


def _writing(argument: str, code: Code) -> Binding | None:
    """The learner's line after which the argument holds what it held at the end."""
    if code.case is None or code.reading is None or argument not in code.case.written:
        return None
    left = code.case.written[argument]
    for seen in code.reading.seen:
        if seen.value.size == left.size and np.array_equal(seen.value.ravel(), left.ravel()):
            return seen.binding
    return None
