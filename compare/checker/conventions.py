"""What is no mistake but another convention; and what a function did besides returning values."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from compare.bounds.reference import reference
from compare.bounds.rounding import bounds_at
from compare.checker.calls import Run, nearly_same
from compare.checker.cases import Case
from compare.checker.kept import keeping
from compare.checker.lines import STEPS
from compare.checker.placing import Code
from compare.checker.records import Finding
from compare.checker.sandbox import Answer
from compare.checker.source import line_words
from compare.checker.spoilt import writing
from compare.checker.trace import Binding
from compare.problems.problem import Problem

UNDERFLOW = float(np.finfo(np.float32).tiny)
IN_PLACE = {"P": ("dz2",), "da1": ("dz1",), "z1": ("a1",), "z2": ("P", "dz2"), "a1": ()}


def unflatten(observed: dict[str, dict[str, Any]], batches: Mapping[str, Problem]) -> list[str]:
    """Bias gradients of shape (H,) made rows, in place; and which these are. A 0 among them is the
    sum of a loop that was not run.
    """
    flat = []
    for quantity in ("db2", "db1"):
        parameter = quantity.removeprefix("d")
        widths = {p: getattr(problem.params, parameter).shape for p, problem in batches.items()}
        returned = {p: v[quantity] for p, v in observed.items() if quantity in v}
        rows = {p: v for p, v in returned.items() if v.shape or v != 0}
        if rows and all(v.shape == widths[p][1:] for p, v in rows.items()):
            flat.append(quantity)
            for probe, value in returned.items():
                observed[probe][quantity] = np.broadcast_to(value, widths[probe]).copy()
    return flat


def flat_bias(quantity: str) -> Finding:
    return Finding(
        quantity,
        "flat-bias",
        "a bias without its row axis, which is another convention",
        "shape (n,) where the notes have (1, n)",
        kind="remark",
    )


def written_over(cases: Sequence[Case], wrong: Sequence[str]) -> dict[str, str]:
    """Wrong quantities that hold, on every batch, what a later line made of them in place."""
    found = {}
    for quantity in wrong:
        for later in IN_PLACE.get(quantity, ()):
            returned = [c.returned for c in cases if quantity in c.returned]
            if returned and all(
                later in r and np.array_equal(r[quantity], r[later], equal_nan=True)
                for r in returned
            ):
                found[quantity] = later
    return found


def narrow_floats(cases: Sequence[Case], wrong: Sequence[str], seen: bool) -> bool:
    """All that is off is off as float32 is: within its bound, and itself float32 numbers, if such
    were not `seen` in the code.
    """
    narrow = seen
    for case in cases:
        if case.problem.dtype != "float64":
            continue
        error = bounds_at(reference(case.problem), "float32", any_softmax=True).error._asdict()
        for quantity in wrong:
            if quantity not in case.returned or quantity == "Y_ind":
                return False
            value, right = case.returned[quantity], case.right[quantity]
            if quantity == "loss" and np.isinf(value) and case.right["P"].min() < UNDERFLOW:
                continue  # -log(P) of a P that underflowed, which is no matter of precision
            if value.shape != np.shape(right):
                return False
            if not (abs(value - right) <= 2 * error[quantity]).all():
                return False
            narrow |= value.dtype == np.float32 or _of_float32(case, quantity, value)
    return narrow


def _of_float32(case: Case, quantity: str, value: npt.NDArray[Any]) -> bool:
    """The numbers, or what is left without the bias or the penalty, are float32 numbers; 0 and 1
    are in any precision.
    """
    params = case.problem.params._asdict()
    added = {"z1": params["b1"], "z2": params["b2"]}
    added |= {f"d{name}": case.problem.reg * params[name] for name in ("W1", "W2")}
    term = np.asarray(added.get(quantity, 0.0))
    left = value - term
    rounding = 4 * np.finfo(np.float64).eps * (abs(value) + abs(term))
    close = abs(left - left.astype(np.float32)) <= rounding
    return value.size > 1 and bool(close.all()) and not np.isin(left, (0, 1)).all()


def manners(
    answer: Answer, told: Sequence[Finding], first: Binding | None, code: Code
) -> list[Finding]:
    """What the function did besides returning values, and is not told yet; `first` is where its
    code gives other numbers in another run.
    """
    changed = {name: None for run in answer.runs.values() for name in run.changed}
    known = {f.quantity for f in told if f.id == "writes-to-argument"}
    findings = [_written_to(name, code) for name in changed if name not in known]
    unstable = unstable_quantities(answer)
    if unstable:
        findings.append(_differs(answer, unstable, first))
    return findings


def _written_to(argument: str, code: Code) -> Finding:
    where = writing(argument, code)
    return Finding(
        argument,
        "writes-to-argument",
        f"{argument} is written to; work on a copy",
        f"{line_words(where.line, code.begins)}, {where.source}" if where else "changed in place",
        line=where.line if where else None,
        source=where.source if where else "",
    )


def _differs(answer: Answer, unstable: Sequence[str], first: Binding | None) -> Finding:
    because = {words: None for run in answer.runs.values() for words in run.because}
    told = [*because]
    if first is not None:
        where = line_words(first.line, answer.begins)
        told.append(f"in your code the first number that differs is {first.name} ({where})")
    elif not any(words.endswith("used") for words in because):  # no random numbers
        first = keeping(answer.source)
        told += [_kept_by(first, answer.begins)] if first else []
    told.append(f"of what you return, {unstable[0]} is the first that differs")
    return Finding(
        unstable[0],
        "second-call-differs",
        "a second call with the same arguments gives another answer",
        "; ".join(told),
        line=first.line if first else None,
        source=first.source if first else "",
    )


def _kept_by(where: Binding, begins: Sequence[int]) -> str:
    return f"{line_words(where.line, begins)} stores into what the next call finds again"


def unstable_quantities(answer: Answer) -> list[str]:
    """In the order of the computation: those that a second call gave otherwise."""
    names = {name for run in answer.runs.values() for name in run.unstable}
    return [q for q in STEPS if q in names]


def kept_from_earlier(together: Run, alone: Run) -> list[str]:
    """What a function gave otherwise on a batch that came after others than on that batch alone."""
    names = together.values.keys() & alone.values.keys()
    return [q for q in STEPS if q in names and not nearly_same(together.values[q], alone.values[q])]


def of_earlier_calls(quantity: str, batch: str, answer: Answer) -> Finding:
    where = keeping(answer.source)
    return Finding(
        quantity,
        "earlier-calls",
        "after other batches it gives another answer than alone",
        _kept_by(where, answer.begins) if where else "something is kept from an earlier call",
        batch=batch,
        line=where.line if where else None,
        source=where.source if where else "",
    )


def first_difference(one: Sequence[Binding], other: Sequence[Binding]) -> Binding | None:
    """The first value of a learner's code that is another one in another run."""
    for here, there in zip(one, other, strict=False):
        if (here.line, here.name) != (there.line, there.name):
            return None  # it took another way
        if not np.array_equal(here.value, there.value, equal_nan=here.value.dtype.kind == "f"):
            return here
    return None


def as_mistake(finding: Finding) -> Finding:
    return replace(finding, kind="mistake")


def in_order(findings: Sequence[Finding]) -> list[Finding]:
    """As the quantities are computed: an argument that was written to, before the first of those
    that this spoilt; what is no quantity, last.
    """
    return sorted(findings, key=_position)


def _position(finding: Finding) -> float:
    if finding.quantity in STEPS:
        return STEPS.index(finding.quantity)
    return min((STEPS.index(q) - 0.5 for q in finding.others), default=len(STEPS))
