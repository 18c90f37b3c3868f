"""Gradients held against the learner's own loss, where that loss is not the notes'.

Central differences of the learner's loss say which of its gradients are its own. If all are, one
finding about the loss takes the place of the mistakes in the gradients. If some are, the others
are the mistakes. Of a loss that is a sum of the notes' terms (`loss_terms.py`) the lines that its
gradients need are known, and what explains a mistake is looked for beside these.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from compare.bounds.quantities import GRADIENTS
from compare.checker.cases import Case, Lines, agree, is_right, misfits
from compare.checker.catalogue import CATALOGUE
from compare.checker.lines import ANCESTORS, STEPS
from compare.checker.loss_terms import USUAL, Loss, as_terms, own_lines, words
from compare.checker.placing import Code
from compare.checker.probes import EDGES, TRACED
from compare.checker.reading import read
from compare.checker.records import Finding, Word
from compare.checker.slopes import Runner, slopes
from compare.checker.verdicts import Diagnosis, diagnosed
from compare.problems.problem import Problem

BACKWARD = ("dz2", "da1", "dz1", *GRADIENTS)
NETWORK = ("z1", "a1", "z2")
# Beside the small batch: a gradient of another loss must be its slope there, too.
ELSEWHERE = ("uneven classes", "z1 up to 10000", "scores of some hundreds")

RIGHT_FOR_IT = (
    "your gradients are right for your loss, and your loss is another one than the notes'"
)
JUDGED_BY_IT = "your loss is another one than the notes', and your gradients are held against yours"


class Another(NamedTuple):
    """Another loss than the notes', to which wrong gradients belong."""

    loss: Loss | None  # None if it is no sum of terms
    own: Sequence[str]  # gradients that are its slopes
    contrary: Sequence[str]  # those that are not
    batch: str


def by_own_loss(
    cases: Sequence[Case], code: Code, seconds: float, batches: Mapping[str, Problem], run: Runner
) -> Diagnosis | None:
    """The diagnosis where the learner's loss is another one and gradients that are wrong are its
    slopes, or have the slope of its penalty; None where it is not.
    """
    another = _another(cases, batches, run)
    if another and another.loss:
        return _of_terms(cases, code, seconds, another, another.loss)
    found = another and _of_any_loss(cases, code, seconds, another, batches, run)
    return found or _of_penalty(cases, code, seconds)


def _another(cases: Sequence[Case], batches: Mapping[str, Problem], run: Runner) -> Another | None:
    ordinary = [c for c in cases if c.name not in EDGES and "loss" in c.returned]
    wrong = [q for q in GRADIENTS if _wrong(ordinary, q)]
    if not wrong or not _wrong(ordinary, "loss"):
        return None
    here = slopes(batches[TRACED], run)
    own = [q for q in GRADIENTS if here.get(q)]
    contrary = [q for q in GRADIENTS if here.get(q) is False]
    if not set(own).intersection(wrong) or len(contrary) >= max(len(own), len(wrong)):
        return None  # the notes' loss explains as much
    loss = as_terms(ordinary)
    if loss and any(_gradients_alone(case, own_lines(loss), own) for case in ordinary):
        return None
    return Another(loss, own, contrary, ordinary[0].name)


def _of_penalty(cases: Sequence[Case], code: Code, seconds: float) -> Diagnosis | None:
    """Where all gradients contradict the loss, and the lines of some, on the learner's own earlier
    values, have the slope of its penalty: what is wrong beside that.
    """
    ordinary = [c for c in cases if c.name not in EDGES and "loss" in c.returned]
    if code.case is None or not code.wrong or not _wrong(ordinary, "loss"):
        return None
    loss = as_terms(ordinary) or _followed_loss(code.case)
    lines = own_lines(loss) if loss else {}
    if loss is None or not loss.is_convention or "dz2" in lines:
        return None
    gradients = [q for q in lines if q in GRADIENTS]
    by_notes, by_own = (misfits(code.case, lines_, gradients) for lines_ in ({}, lines))
    if not by_own < by_notes:
        return None
    found, verdicts = diagnosed(cases, code, seconds, lines)
    told = Finding(
        "loss", "another-loss", JUDGED_BY_IT, words(loss), kind="remark", batch=ordinary[0].name
    )
    findings = [*(f for f in found if f.quantity != "loss"), told]
    return Diagnosis(findings, _verdicts(verdicts, findings))


def _followed_loss(case: Case) -> Loss | None:
    """One of the usual losses, if the learner's loss and both gradients by weights are its, by the
    learner's own earlier values.
    """
    its = ("loss", "dW2", "dW1")
    known = all(q in case.values for q in its)
    fits = (loss for loss in USUAL if known and not misfits(case, own_lines(loss), its))
    return next(fits, None)


def _gradients_alone(case: Case, lines: Lines, own: Collection[str]) -> set[str]:
    """Those that these lines do not give from the inputs."""
    alone = {q: value for q, value in case.returned.items() if q in own}
    return misfits(replace(case, returned=alone, traced={}), lines, own)


def _are_slopes(own: Sequence[str], batches: Mapping[str, Problem], run: Runner) -> bool:
    there = [batches[name] for name in ELSEWHERE if name in batches]  # float32 has no large scores
    return all(all(slopes(batch, run, tuple(own)).values()) for batch in there)


def _of_terms(
    cases: Sequence[Case], code: Code, seconds: float, another: Another, loss: Loss
) -> Diagnosis:
    """What is wrong beside the lines that this loss needs."""
    lines = own_lines(loss)
    found, verdicts = diagnosed(cases, code, seconds if another.contrary else 0, lines)
    spared = {"loss", *another.own} if another.contrary else {"loss", *BACKWARD}
    kept = [f for f in found if f.quantity not in spared]
    told = _about_the_loss(another, words(loss), convention=loss.is_convention)
    findings = [*_mistakes(cases, kept, another, lines), told]
    return Diagnosis(findings, _verdicts(verdicts, findings))


def _of_any_loss(
    cases: Sequence[Case],
    code: Code,
    seconds: float,
    another: Another,
    batches: Mapping[str, Problem],
    run: Runner,
) -> Diagnosis | None:
    """None if the network is another one, if what is wrong before the gradients explains all, or if
    they are the slopes of this loss on the small batch alone.
    """
    forward = [_without_gradients(case) for case in cases]
    ahead, verdicts = diagnosed(forward, code, seconds)
    ahead = [f for f in ahead if f.id != "missing"]
    before = [f for f in ahead if f.kind == "mistake" and f.quantity != "loss"]
    lines = {f.quantity: f.wrong_line for f in before if f.wrong_line}
    ordinary = [c for c in cases if c.name not in EDGES]
    explained = not any(misfits(case, lines, BACKWARD) for case in ordinary)
    network = any(f.quantity not in STEPS or f.quantity in NETWORK for f in before)
    if network or explained or not _are_slopes(another.own, batches, run):
        return None
    found: list[Finding] = []
    verdicts = verdicts | _seen_backward(ordinary)
    if another.contrary:
        followed = [_followed(case, batches, run) for case in cases]
        found, _ = diagnosed([c for c in followed if "dz2" in c.values], code, seconds)
    spared = {"loss", *another.own}.union(*(ANCESTORS[q] for q in another.own))
    kept = [f for f in found if f.quantity in BACKWARD and f.quantity not in spared]
    seen = next((f.title for f in ahead if _is_named(f)), "")
    told = _about_the_loss(another, seen or _numbers(ordinary), convention=bool(before))
    findings = [*ahead, *_mistakes(cases, kept, another, {}), told]
    findings = [f for f in findings if f.quantity != "loss" or f is told]
    return Diagnosis(findings, _verdicts(verdicts, findings))


def _followed(case: Case, batches: Mapping[str, Problem], run: Runner) -> Case:
    """With what the code's own lines had there: of the dz2 that this loss has, no line is known."""
    if case.traced or case.name not in ELSEWHERE:
        return case
    answer = run({case.name: batches[case.name]}, trace=case.name)
    wrong = [q for q in case.returned if not is_right(case, q)]
    return replace(case, traced=read(case, answer.trace, wrong).values)


def _seen_backward(cases: Sequence[Case]) -> dict[str, Word]:
    """Whether each quantity of the backward pass is the notes', wherever it was seen."""
    verdicts: dict[str, Word] = {}
    for quantity in BACKWARD:
        seen = [c for c in cases if quantity in c.values]
        if seen:
            same = all(
                agree(c.right[quantity], c.values[quantity], c.allowed[quantity]) for c in seen
            )
            verdicts[quantity] = "right" if same else "wrong"
    return verdicts


def _is_named(finding: Finding) -> bool:
    return finding.quantity == "loss" and finding.id != "unrecognised"


def _numbers(cases: Sequence[Case]) -> str:
    case = next(c for c in cases if "loss" in c.returned and not is_right(c, "loss"))
    yours = float(np.ravel(case.returned["loss"])[0])
    return f"it is {yours:.6g} where the notes' is {float(case.right['loss']):.6g}"


def _without_gradients(case: Case) -> Case:
    returned = {q: value for q, value in case.returned.items() if q not in BACKWARD}
    traced = {q: value for q, value in case.traced.items() if q not in BACKWARD}
    return replace(case, returned=returned, traced=traced)


def _about_the_loss(another: Another, seen: str, convention: bool) -> Finding:
    """Another convention is a remark; and so is a loss whose mistake is told before it."""
    title = RIGHT_FOR_IT
    if another.contrary:
        title = (
            f"your loss is another one than the notes': your {_listed(another.own)} "
            f"{_are(another.own)} right for it, and your {_listed(another.contrary)} "
            f"{_are(another.contrary)} not"
        )
    return Finding(
        "loss",
        "another-loss",
        title,
        seen,
        kind="remark" if convention else "mistake",
        batch=another.batch,
    )


def _mistakes(
    cases: Sequence[Case], kept: list[Finding], another: Another, lines: Lines
) -> list[Finding]:
    """What was found, and each gradient that contradicts the loss and is not explained by it."""
    told = f"not the slope of your own loss; your {_listed(another.own)} {_are(another.own)}"
    mistakes = []
    for quantity in another.contrary:
        named = [f for f in kept if f.quantity == quantity and _in_its_line(f)]
        if not _wrong(cases, quantity):
            seen = "it is that of the notes' loss"
            if quantity in lines:
                seen += f", and your loss needs {lines[quantity]}"
            mistakes.append(Finding(quantity, "not-its-slope", told, seen, batch=another.batch))
        elif named:
            mistakes += [_beside(f, told) for f in named]
        elif not any(f.quantity in ANCESTORS[quantity] for f in kept):
            mistakes.append(Finding(quantity, "not-its-slope", told, "", batch=another.batch))
    return [*(f for f in kept if f.quantity not in another.contrary), *mistakes]


def _in_its_line(finding: Finding) -> bool:
    """It may be called by what is wrong in an earlier line, and that line be right for the loss."""
    mistake = next((m for m in CATALOGUE if m.id == finding.id), None)
    return mistake is None or finding.quantity in mistake.places


def _beside(finding: Finding, words: str) -> Finding:
    """An unexplained mistake is told by the slopes; one that has a name keeps it."""
    if finding.id == "unrecognised":
        return replace(finding, id="not-its-slope", title=words)
    return replace(finding, evidence=f"{finding.evidence}; {words}".removeprefix("; "))


def _verdicts(verdicts: Mapping[str, Word], findings: Sequence[Finding]) -> dict[str, Word]:
    """What is wrong by the notes and right for the loss is as the loss is: another convention, or
    inherited.
    """
    words = dict(verdicts)
    places = {f.quantity for f in findings if f.kind == "mistake"}
    loss = next(f for f in findings if f.id == "another-loss")
    before = any(q in places for q in STEPS[: STEPS.index("loss")])
    spared: Word = "inherited" if loss.kind == "mistake" or before else "remark"
    for quantity, word in words.items():
        if word in ("wrong", "inherited"):
            after = places.intersection(ANCESTORS[quantity])
            words[quantity] = "inherited" if after else spared
    return words | dict.fromkeys(places.intersection(words), "wrong")


def _wrong(cases: Sequence[Case], quantity: str) -> bool:
    ordinary = [c for c in cases if c.name not in EDGES and quantity in c.returned]
    return any(not is_right(case, quantity) for case in ordinary)


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _are(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"
