"""What is no mistake but another convention; and what a function did besides returning values."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from compare.bounds.reference import reference
from compare.bounds.rounding import bounds_at
from compare.checker.diagnosis import Case
from compare.checker.evidence import evidence
from compare.checker.lines import STEPS
from compare.checker.records import Finding, Word
from compare.checker.sandbox import Answer
from compare.problems.problem import Problem

UNDERFLOW = float(np.finfo(np.float32).tiny)


def unflatten(observed: dict[str, dict[str, Any]], batches: Mapping[str, Problem]) -> list[str]:
    """Bias gradients of shape (H,) made rows, in place; and which these are."""
    flat = []
    for quantity in ("db2", "db1"):
        parameter = quantity.removeprefix("d")
        widths = {p: getattr(problem.params, parameter).shape for p, problem in batches.items()}
        returned = {p: v[quantity] for p, v in observed.items() if quantity in v}
        if returned and all(v.shape == widths[p][1:] for p, v in returned.items()):
            flat.append(quantity)
            for probe, value in returned.items():
                observed[probe][quantity] = value[None]
    return flat


def flat_bias(quantity: str, cases: Sequence[Case]) -> Finding:
    H = cases[0].right[quantity].shape[1]
    return Finding(
        quantity,
        "flat-bias",
        "a bias without its row axis, which is another convention",
        f"shape ({H},) where the notes have (1, {H})",
        remark=True,
    )


def conventions(found: list[Finding], verdicts: dict[str, Word]) -> list[Finding]:
    """Findings that, taken together, are another convention and no mistake, made remarks."""
    ids = {q: {f.id for f in found if f.quantity == q} for q in STEPS}
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


def narrow_floats(cases: Sequence[Case], wrong: Sequence[str]) -> Finding | None:
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


def manners(answer: Answer) -> list[Finding]:
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


def as_mistake(finding: Finding) -> Finding:
    return Finding(**{**vars(finding), "remark": False})
