"""An argument that the learner's code wrote to, or put another value in the place of, and the
lines that were run on it afterwards.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from compare.checker.cases import Case, Lines, misfits
from compare.checker.lines import RIGHT, STEPS, WRITTEN, inputs, run_line
from compare.checker.placing import Code
from compare.checker.records import Finding
from compare.checker.source import line_words
from compare.checker.trace import Binding
from compare.checker.trees import replaced
from compare.checker.vocabulary import CLOSE, equal


def _names(line: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(line)) if isinstance(node, ast.Name)}


READERS = {
    argument: tuple(q for q in STEPS if argument in _names(RIGHT[q]))
    for argument in ("X", "y", "W1", "b1", "W2", "b2")
}


# What people make of X before they use it, and how they call it.
STANDARDISED = "X is standardised before use, (X - mean) / std"
CENTRED = "X is centred before use, X - mean"
SCALED = "X is scaled before use, X / max"
REPLACED = {
    "X - X.mean(axis=0)": CENTRED,
    "X - X.mean()": CENTRED,
    "(X - X.mean(axis=0)) / X.std(axis=0)": STANDARDISED,
    "(X - X.mean()) / X.std()": STANDARDISED,
    "(X - X.mean(axis=0)) / X.std(axis=0, ddof=1)": STANDARDISED,
    **{
        f"(X - X.mean(axis=0)) / (X.std(axis=0) + {e})": STANDARDISED
        for e in ("1e-5", "1e-6", "1e-7", "1e-8", "1e-9", "1e-10", "1e-12")
    },
    "X / 255": "X is scaled before use, X / 255",
    "X / X.max()": SCALED,
    "X / abs(X).max()": SCALED,
    "X / X.max(axis=0)": SCALED,
    "(X - X.min(axis=0)) / (X.max(axis=0) - X.min(axis=0))": (
        "X is scaled before use, (X - min) / (max - min)"
    ),
    "X / np.linalg.norm(X, axis=1, keepdims=True)": "X is scaled before use, each row to norm 1",
}


class Spoilt(NamedTuple):
    argument: str
    lines: Mapping[str, str]  # of the quantities that were computed from what was written to it
    instead: str = ""  # the expression in its place, if it was not written to


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
        chosen = _needed(cases, lines, chosen, wrong)
        if chosen:
            found.append(Spoilt(argument, chosen))
            lines |= chosen
    return found or _replaced(cases, wrong)


def _replaced(cases: Sequence[Case], wrong: Sequence[str]) -> list[Spoilt]:
    """The one expression in the place of X that explains wrong quantities."""
    shown = next((case for case in _smallest_first(cases) if misfits(case, {}, wrong)), None)
    if shown is None:
        return []
    seen = {*wrong, *shown.traced}
    open_ = misfits(shown, {}, seen)
    ways = [READERS["X"], *((q,) for q in READERS["X"])]
    ways = [
        readers for readers in ways if all(q in open_ or q not in shown.values for q in readers)
    ]
    for expression in REPLACED if ways else ():
        trials = [
            {q: replaced(RIGHT[q], "X", expression) or RIGHT[q] for q in readers}
            for readers in ways
        ]
        trials = [trial for trial in trials if misfits(shown, trial, seen) < open_]
        left = [_open(cases, trial, wrong) for trial in trials]
        if trials and min(left, key=len) < _open(cases, {}, wrong):
            return [Spoilt("X", trials[left.index(min(left, key=len))], expression)]
    return []


def _smallest_first(cases: Sequence[Case]) -> list[Case]:
    some = [case for case in cases if len(case.problem.X) > 1]  # the mean of one sample is itself
    return sorted(some, key=lambda case: (not case.traced, case.problem.X.size))


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


def _needed(
    cases: Sequence[Case], lines: Lines, chosen: Mapping[str, str], wrong: Sequence[str]
) -> dict[str, str]:
    """Without those that may as well have read the argument before: the order is the learner's."""
    kept = dict(chosen)
    for quantity in [*chosen][::-1]:
        others = {q: line for q, line in kept.items() if q != quantity}
        if _open(cases, {**lines, **others}, wrong) <= _open(cases, {**lines, **kept}, wrong):
            kept = others
    return kept


def _reading_late(line: str, argument: str) -> str:
    return replaced(line, argument, f"{argument}{WRITTEN}") or line


def as_finding(spoilt: Spoilt, code: Code) -> Finding:
    where = _replacing(spoilt, code) if spoilt.instead else writing(spoilt.argument, code)
    names = list(spoilt.lines)
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    id, title, seen = (
        "writes-to-argument",
        f"{spoilt.argument} is written to before {listed} {'is' if len(names) == 1 else 'are'} "
        "computed from it; work on a copy",
        "changed in place",
    )
    if where is not None:
        seen = f"{line_words(where.line, code.begins)}, {where.source}"
    if spoilt.instead:
        id, title = "argument-replaced", REPLACED[spoilt.instead]
    if spoilt.instead and where is None:  # no line makes it alone
        seen = f"{listed} {'has' if len(names) == 1 else 'have'} {spoilt.instead} for X"
        where = code.reading.bindings.get(names[0]) if code.reading else None
    return Finding(
        spoilt.argument,
        id,
        title,
        seen,
        line=where.line if where else None,
        source=where.source if where else "",
        others=tuple(names),
    )


def writing(argument: str, code: Code) -> Binding | None:
    """The learner's line after which the argument holds what it held at the end."""
    if code.case is None or code.reading is None or argument not in code.case.written:
        return None
    left = code.case.written[argument]
    for seen in code.reading.seen:
        if seen.value.size == left.size and np.array_equal(seen.value.ravel(), left.ravel()):
            return seen.binding
    return None


def _replacing(spoilt: Spoilt, code: Code) -> Binding | None:
    """The learner's line that makes the value in the argument's place."""
    if code.case is None or code.reading is None:
        return None
    value = run_line(f"value = {spoilt.instead}", "value", inputs(code.case.problem))
    close = CLOSE[code.case.problem.dtype]
    for seen in code.reading.seen:
        if any(equal(form, value, close) for form in seen.forms(value.shape)):
            return seen.binding
    return None
