"""The learner's lines are followed on the batch that shows a mistake best."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from compare.bounds.quantities import GRADIENTS
from compare.checker.calls import Run
from compare.checker.cases import Case, agree
from compare.checker.placing import Code, as_named, raised_in, unread_in
from compare.checker.probes import EDGES, EXTREME
from compare.checker.reading import read
from compare.checker.sandbox import Answer
from compare.checker.slopes import Runner
from compare.checker.state import wrong_quantities

MANY = 100  # samples: some code computes nothing for fewer than a block of them


def followed_as_needed(
    cases: list[Case], answer: Answer, again: Runner | None
) -> tuple[list[Case], Code, Mapping[str, Run]]:
    """On one batch; on another one, too, where that shows a mistake better, with what the function
    gave on that one alone. A right file is not run again.
    """
    cases, code = followed(cases, answer)
    alone: Mapping[str, Run] = {}
    if again is None:
        return cases, code, alone
    if code.stopped:
        return _followed_once_more(cases, code, again), code, alone
    other = _shows_more(cases, code)
    if other is not None:
        more = again({other.name: other.problem}, trace=other.name)
        alone = more.runs
        if more.trace:
            known = answer._replace(trace=more.trace, trace_probe=other.name)
            others, seen = followed(cases, known._replace(trace_note=more.trace_note))
            if not _went_past(code) or seen.flow.lines > code.flow.lines:
                return others, seen, alone
    return (cases if code.wrong else _with_right_P(cases, again)), code, alone


def _with_right_P(cases: Sequence[Case], again: Runner) -> list[Case]:
    """Where nothing but extreme scores shows a difference: with the P that the code has there, if
    it is right, so that the softmax is not blamed for what is made of it.
    """
    found = []
    for case in cases:
        if case.name in EXTREME and "P" not in case.returned and wrong_quantities([case]):
            trace = again({case.name: case.problem}, trace=case.name).trace
            values = read(case, trace, ()).values
            case = replace(case, traced={q: v for q, v in values.items() if q == "P"})
        found.append(case)
    return found


def followed(cases: list[Case], answer: Answer) -> tuple[list[Case], Code]:
    """The cases with what the learner's own lines computed, on the batch where they were traced."""
    raised = raised_in(answer)
    first = raised is not None and not answer.trace_note  # it may be the first line that raised
    unread = unread_in(answer)
    if not answer.trace and not (first and answer.trace_probe):
        return cases, Code(raised=raised, unread=unread)
    ordinary = [c for c in cases if c.name not in EDGES and not c.raised]
    wrong = wrong_quantities(ordinary)
    traced = next(case for case in cases if case.name == answer.trace_probe)
    reading = as_named(read(traced, answer.trace, wrong), traced)
    now = replace(traced, traced=reading.values)
    others = [replace(case, traced={}) for case in cases]
    code = Code(now, reading, raised, answer.source, answer.begins, tuple(wrong), unread)
    return [
        now if case is traced else other for case, other in zip(cases, others, strict=True)
    ], code


def _shows_more(cases: Sequence[Case], code: Code) -> Case | None:
    """The smallest batch that shows a mistake, if the one on which the lines were followed shows
    none, or has fewer gradients; one of many samples, if the code did nothing with so few.
    """
    if code.case is None or code.case.raised or not code.wrong:
        return None
    ordinary = [c for c in cases if c.name not in EDGES and not c.raised]
    wrong = [c for c in ordinary if wrong_quantities([c])]
    most = max((len(c.returned) for c in wrong), default=0)
    shown = wrong_quantities([code.case]) and len(code.case.returned) == most
    if not wrong or (shown and not _went_past(code)):
        return None
    telling = [c for c in wrong if len(c.returned) == most]
    if _went_past(code):
        telling = [c for c in telling if len(c.problem.X) >= MANY]
    return min(telling, key=lambda c: c.problem.X.size, default=None)


def _went_past(code: Code) -> bool:
    """No line was seen to compute anything but what was returned; zeros may be anything's."""
    values = code.reading.values if code.reading else {}
    return not {q for q, value in values.items() if value.any()} - set(GRADIENTS)


def _followed_once_more(cases: list[Case], code: Code, again: Runner) -> list[Case]:
    """Where the code raises, and what it had computed is not right: what it had on another batch,
    too, so that what is said of it has been seen twice.
    """
    first = code.case
    if first is None or all(
        agree(first.right[q], v, first.allowed[q]) for q, v in first.traced.items()
    ):
        return cases
    other = next((c for c in cases if c.raised and c.name not in (*EDGES, first.name)), None)
    if other is None:
        return cases
    more = again({other.name: other.problem}, trace=other.name)
    traced = read(other, more.trace, ()).values
    return [replace(case, traced=traced) if case is other else case for case in cases]
