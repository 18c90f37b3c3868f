"""Is this backward pass right? If not: which line is wrong, which mistake is it, how is it seen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from compare.catalogue import Mistake
from compare.diagnosis import (
    Case,
    Explanation,
    Occurrence,
    explain,
    is_right,
    make_case,
    wrong_quantities,
)
from compare.evidence import evidence
from compare.probes import probes
from compare.problem import Problem
from compare.reference import reference
from compare.rounding import bounds_at
from compare.sandbox import Answer, run_file, run_function
from compare.steps import QUANTITIES, RIGHT

Word = Literal["right", "wrong", "inherited", "missing", "remark"]
Hint = Literal["where", "what", "formula"]
GRADIENTS = ("dW1", "db1", "dW2", "db2")
BIASES = ("db2", "db1")
UNDERFLOW = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True)
class Finding:
    """A mistake, or another convention, in the line of one quantity."""

    quantity: str  # or the argument that was written to
    id: str
    title: str
    evidence: str
    also: tuple[str, ...] = ()  # ids that these numbers cannot tell apart from this one
    remark: bool = False
    wrong_line: str = ""

    @property
    def right_line(self) -> str:
        return RIGHT.get(self.quantity, "")


@dataclass(frozen=True)
class Judged:
    """One quantity: the verdict, and how far it is from the reference where it is furthest."""

    name: str
    verdict: Word
    max_abs_diff: float | None = None
    at: tuple[int, ...] = ()
    allowed: float | None = None


@dataclass(frozen=True)
class Report:
    """What `check` found. `print` it, or leave it last in a notebook's cell."""

    name: str
    quantities: tuple[Judged, ...]
    findings: tuple[Finding, ...]
    error: str = ""  # why there is nothing, or not all, to judge

    @property
    def right(self) -> bool:
        return not self.error and not self.mistakes

    @property
    def mistakes(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if not f.remark)

    @property
    def remarks(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.remark)

    def __str__(self) -> str:
        from compare.check_report import report_text

        return report_text(self, "what")

    def _repr_html_(self) -> str:
        from compare.check_report import report_html

        return report_html(self)


def check(function: Callable[..., Any], *, strict: bool = False) -> Report:
    """Judge `backward(X, y, W1, b1, W2, b2, reg)`, which returns a dict with dW1, db1, dW2 and db2
    and any of z1, a1, z2, P, Y_ind, loss, dz2, da1, dz1.

    X (N, D), y (N,), W1 (D, H), b1 (1, H), W2 (H, C), b2 (1, C). It is called some twenty times,
    in this process. With `strict` another convention is a mistake. Raises ValueError if it is not
    a function of seven arguments.
    """
    if not callable(function):
        raise ValueError(f"function: expected a function, got {type(function).__name__}")
    batches = probes()
    name = getattr(function, "__name__", type(function).__name__)
    return judge(name, run_function(function, batches), batches, strict)


def assert_backward(function: Callable[..., Any], *, strict: bool = False) -> None:
    """Raise AssertionError, with the readable report, unless `check` finds the function right."""
    report = check(function, strict=strict)
    if not report.right:
        raise AssertionError(f"\n{report}")


def check_file(path: Path, timeout: float = 10, strict: bool = False) -> Report:
    """The same for the function `backward` of a file, which runs in a process of its own."""
    batches = probes()
    return judge(str(path), run_file(path, batches, timeout), batches, strict)


def judge(name: str, answer: Answer, batches: Mapping[str, Problem], strict: bool) -> Report:
    """The report on what a function did on all the batches."""
    if answer.failure is not None:
        return Report(name, (), (), answer.failure)
    raised = {probe: run.error for probe, run in answer.runs.items() if run.error is not None}
    error = _error_line(raised, len(answer.runs))
    if len(raised) == len(answer.runs):
        return Report(name, (), (), error)

    observed = {probe: dict(run.values) for probe, run in answer.runs.items()}
    flat = _unflatten(observed, batches)
    with np.errstate(all="ignore"):
        cases = [make_case(problem, observed[probe]) for probe, problem in batches.items()]
        findings, verdicts = _diagnosed(cases)
    findings += [_flat_bias(quantity, cases) for quantity in flat]
    findings += _manners(answer)
    findings.sort(key=lambda f: QUANTITIES.index(f.quantity) if f.quantity in QUANTITIES else 99)
    if strict:
        findings = [_as_mistake(finding) for finding in findings]
    return Report(name, _judged(cases, findings, verdicts), tuple(findings), error)


def _error_line(raised: Mapping[str, str | None], probes: int) -> str:
    if not raised:
        return ""
    first = next(iter(raised))
    where = "" if len(raised) == probes else f" (on the batch “{first}”)"
    return f"{raised[first]}{where}"


def _unflatten(observed: dict[str, dict[str, Any]], batches: Mapping[str, Problem]) -> list[str]:
    """Bias gradients of shape (H,) made rows, in place; and which these are."""
    flat = []
    for quantity in BIASES:
        widths = {
            p: problem.params[1 if quantity == "db1" else 3].shape for p, problem in batches.items()
        }
        returned = {p: v[quantity] for p, v in observed.items() if quantity in v}
        if returned and all(v.shape == widths[p][1:] for p, v in returned.items()):
            flat.append(quantity)
            for probe, value in returned.items():
                observed[probe][quantity] = value[None]
    return flat


def _flat_bias(quantity: str, cases: Sequence[Case]) -> Finding:
    H = cases[0].right[quantity].shape[1]
    return Finding(
        quantity,
        "flat-bias",
        "a bias without its row axis, which is another convention",
        f"shape ({H},) where the notes have (1, {H})",
        remark=True,
    )


def _diagnosed(cases: Sequence[Case]) -> tuple[list[Finding], dict[str, Word]]:
    """The findings in the order of the computation, and the verdict on each returned quantity."""
    wrong = wrong_quantities(cases)
    verdicts: dict[str, Word] = {
        q: "wrong" if q in wrong else "right"
        for q in QUANTITIES
        if any(q in case.observed for case in cases)
    }
    findings: list[Finding] = []
    for gradient in GRADIENTS:
        if gradient not in verdicts:
            findings.append(
                Finding(gradient, "missing", "it was not returned", "one of the four gradients")
            )
    if not wrong:
        return findings, verdicts
    narrow = _float32(cases, wrong)
    if narrow is not None:
        return [*findings, narrow], {**verdicts, **dict.fromkeys(wrong, "remark")}

    explanations = explain(cases)
    found = _conventions(_mistakes(cases, explanations), verdicts)
    for quantity in wrong:
        verdicts[quantity] = "inherited"
    for finding in found:
        verdicts[finding.quantity] = "remark" if finding.remark else "wrong"
    return findings + found, verdicts


def _mistakes(cases: Sequence[Case], explanations: Sequence[Explanation]) -> list[Finding]:
    """The first explanation as findings; what else fits as well is named with it."""
    first, *others = explanations
    places: list[tuple[str, list[tuple[Occurrence, ...]]]] = []
    for occurrence in first.hidden:
        rivals = [o for e in others for o in e.hidden if o not in first.hidden]
        places.append((occurrence.quantity, [(occurrence,), *((rival,) for rival in rivals)]))
    places += first.local.items()
    findings = []
    unreturned = {occurrence.quantity for occurrence in first.hidden}
    for quantity, fits in sorted(places, key=lambda place: QUANTITIES.index(place[0])):
        if quantity in unreturned:
            seen = _seen_downstream(cases, first)
        else:
            seen = evidence(cases, quantity)
        if not fits:
            title = "a mistake that is not in the catalogue"
            findings.append(Finding(quantity, "unrecognised", title, seen))
            continue
        chosen = {occurrence.mistake.id for occurrence in fits[0]}
        also = {o.mistake.id for rival in fits[1:] for o in rival} - chosen
        findings += [
            _finding(quantity, o.mistake, seen, tuple(sorted(also)), fits[0][-1].text)
            for o in fits[0]
            if len(fits[0]) == 1 or not o.mistake.remark  # beside a mistake, a remark would confuse
        ]
    return findings


def _seen_downstream(cases: Sequence[Case], explanation: Explanation) -> str:
    """The evidence for a mistake in a step that was not returned: the first value it spoilt."""
    spoilt = [q for q in wrong_quantities(cases) if q not in explanation.local]
    return f"{spoilt[0]}: {evidence(cases, spoilt[0])}" if spoilt else "seen where your code raises"


def _finding(
    quantity: str, mistake: Mistake, seen: str, also: tuple[str, ...], line: str
) -> Finding:
    return Finding(quantity, mistake.id, mistake.title, seen, also, mistake.remark, line)


def _conventions(found: list[Finding], verdicts: dict[str, Word]) -> list[Finding]:
    """Findings that, taken together, are another convention and no mistake, made remarks."""
    ids = {q: {f.id for f in found if f.quantity == q} for q in QUANTITIES}
    doubled = all(ids[q] == {"reg-doubled"} for q in ("dW1", "dW2"))
    loss_fits = verdicts.get("loss") != "right" and ids["loss"] <= {
        "penalty-without-half",
        "loss-without-penalty",
    }
    return [
        Finding(
            finding.quantity,
            "penalty-without-half",
            "the penalty is reg·W², without the ½, which is another convention",
            finding.evidence,
            remark=True,
            wrong_line=finding.wrong_line,
        )
        if doubled and loss_fits and finding.id in ("reg-doubled", "penalty-without-half")
        else finding
        for finding in found
    ]


def _float32(cases: Sequence[Case], wrong: Sequence[str]) -> Finding | None:
    """All that is off is off as float32 is: within its bound, and some of it float32 numbers."""
    narrow = False
    for case in cases:
        if case.problem.dtype != "float64":
            continue
        error = bounds_at(reference(case.problem), "float32", any_softmax=True).error._asdict()
        for quantity in wrong:
            if quantity not in case.observed or quantity == "Y_ind":
                return None
            value, right = case.observed[quantity], case.right[quantity]
            if quantity == "loss" and np.isinf(value) and case.right["P"].min() < UNDERFLOW:
                continue  # -log(P) of a P that underflowed, which is no matter of precision
            if (
                value.shape != np.shape(right)
                or not (abs(value - right) <= 2 * error[quantity]).all()
            ):
                return None
            narrow |= value.dtype == np.float32 or bool((value == value.astype(np.float32)).all())
    if not narrow:
        return None
    return Finding(
        wrong[0],
        "float32",
        "float32 somewhere inside a float64 computation: right to about 1e-7",
        evidence(cases, wrong[0]),
        remark=True,
    )


def _manners(answer: Answer) -> list[Finding]:
    """What the function did besides returning values."""
    changed = {name: None for run in answer.runs.values() for name in run.changed}
    unstable = {name: None for run in answer.runs.values() for name in run.unstable}
    findings = [
        Finding(
            name, "writes-to-argument", f"{name} was written to: work on a copy", "changed in place"
        )
        for name in changed
    ]
    if unstable:
        findings.append(
            Finding(
                next(iter(unstable)),
                "second-call-differs",
                "a second call with the same arguments gives another answer",
                f"other numbers for {', '.join(unstable)}",
            )
        )
    return findings


def _as_mistake(finding: Finding) -> Finding:
    return Finding(**{**vars(finding), "remark": False})


def _judged(
    cases: Sequence[Case], findings: Sequence[Finding], verdicts: Mapping[str, Word]
) -> tuple[Judged, ...]:
    judged = []
    for quantity in QUANTITIES:
        verdict = verdicts.get(quantity, "missing")
        here = [f for f in findings if f.quantity == quantity]
        if any(not f.remark for f in here) and verdict != "missing":
            verdict = "wrong"
        elif here and verdict == "right":
            verdict = "remark"
        judged.append(Judged(quantity, verdict, *_furthest(cases, quantity)))
    return tuple(judged)


def _furthest(
    cases: Sequence[Case], quantity: str
) -> tuple[float | None, tuple[int, ...], float | None]:
    """The largest difference from the reference on the first probe that shows one, where it is, and
    what is allowed there.
    """
    here = [c for c in cases if quantity in c.observed]
    here = [c for c in here if not is_right(c, quantity)] or here
    here = [c for c in here if c.observed[quantity].shape == np.shape(c.right[quantity])]
    if not here:
        return None, (), None
    right, value = (np.asarray(side[quantity]) for side in (here[0].right, here[0].observed))
    difference = abs(value.astype(np.float64) - right)
    worst = np.where(np.isnan(difference), np.inf, difference)
    at = np.unravel_index(int(np.argmax(worst)), worst.shape)
    allowed = np.broadcast_to(here[0].allowed[quantity], worst.shape)[at]
    return float(difference[at]), tuple(int(i) for i in at), float(allowed)
