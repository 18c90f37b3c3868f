"""Records -> text for people, plain data for JSON."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from compare.agreement.comparison import Comparison
from compare.agreement.descent import Descent, Verdict
from compare.agreement.exactly import ExactComparison, ExactQuantity
from compare.agreement.words import difference_text, quantity_data
from compare.problems.problem import Problem
from compare.text import count, exactly, number, percent, place, wrapped


class Run(NamedTuple):
    """All that `python -m compare` found out."""

    problem: Problem
    device: str
    comparison: Comparison
    varied: Mapping[str, Comparison]  # of small problems of other sizes and magnitudes, by name
    exact: ExactComparison
    descent: Descent | None

    @property
    def agree(self) -> bool:
        descended = self.descent is None or self.descent.first_difference is None
        elsewhere = all(comparison.agree for comparison in self.varied.values())
        return self.comparison.agree and elsewhere and self.exact.agree and descended


def run_text(run: Run) -> str:
    """For people, the verdict last."""
    parts = [problem_text(run.problem, run.device), run.comparison.table]
    parts += [varied_text(run.varied), exact_text(run.exact)]
    if run.descent is not None:
        parts.append(descent_text(run.descent))
    return "\n\n".join((*parts, verdict_text(run)))


def run_data(run: Run) -> dict[str, Any]:
    """The same as plain data for JSON."""
    data: dict[str, Any] = {
        "agree": run.agree,
        "problem": problem_data(run.problem, run.device),
        "quantities": [quantity_data(q) for q in run.comparison.quantities],
        "returned": [quantity_data(q) for q in run.comparison.returned],
        "varied": {name: _varied_data(found) for name, found in run.varied.items()},
        "exact": exact_data(run.exact),
    }
    return data if run.descent is None else data | {"steps": descent_data(run.descent)}


def problem_line(problem: Problem, device: str) -> str:
    N, D, H, C = problem.sizes
    source = "" if problem.source == "random" else f"{problem.source}, "
    return (
        f"{source}{count(N, 'sample')} × {count(D, 'feature')} → {count(H, 'hidden unit')} → "
        f"{C} classes, {problem.dtype}, reg {problem.reg:g}, seed {problem.seed}, {device}"
    )


def problem_text(problem: Problem, device: str) -> str:
    line = problem_line(problem, device)
    if len(line) <= 80:
        return line
    return line.replace(f"{problem.source}, ", f"{problem.source},\n  ").replace(
        " classes, ", " classes,\n  "
    )


def varied_text(varied: Mapping[str, Comparison]) -> str:
    """Which small problems were compared besides, and whether they agree."""
    names = wrapped("; ".join(varied), "  ")
    agree = sum(comparison.agree for comparison in varied.values())
    of = "all agree" if agree == len(varied) else f"{agree} of {len(varied)} agree"
    return f"Compared as well, on small batches of other sizes and magnitudes: {of}.\n{names}"


def exact_text(exact: ExactComparison) -> str:
    N, D, H, C = exact.batch.problem.sizes
    certificate, first = exact.batch.certificate, exact.first_difference
    dtype = exact.batch.problem.dtype
    found = f"All {len(exact.quantities)} quantities are bit-identical."
    return (
        f"On whole numbers ({N} × {D} → {H} → {C}, {dtype}) nothing is rounded:\n"
        f"no sum takes more than {math.ceil(certificate.widest)} of {certificate.available} bits. "
        + (found if first is None else _exact_difference_text(first, dtype))
    )


def _exact_difference_text(q: ExactQuantity, dtype: str) -> str:
    if q.mismatch:
        return f"{q.name} is the first that differs: {q.mismatch}."
    by_hand, by_autograd = (
        f"{exactly(value, dtype)} ({value.hex()})" for value in (q.manual, q.autograd)
    )
    return (
        f"{q.name} is the first that differs. {q.name}{place(q.at)} is {by_hand} by hand and "
        f"{by_autograd} by autograd."
    )


def verdict_text(run: Run) -> str:
    wrong = run.descent.first_difference if run.descent is not None else None
    inexact = run.exact.first_difference
    if not run.comparison.agree:
        return run.comparison.verdict
    for name, comparison in run.varied.items():
        if not comparison.agree:
            return (
                f"DIFFER on another batch ({name}): {comparison.verdict.removeprefix('DIFFER: ')}"
            )
    if inexact is not None:
        text = _exact_difference_text(inexact, run.problem.dtype)
        return f"DIFFER on whole numbers: {text}"
    if wrong is not None:
        text = difference_text(wrong.tightest)
        return f"DIFFER at step {wrong.step}: {text}"
    every = "" if run.descent is None else ", at every step"
    return f"{run.comparison.verdict.removesuffix('.')}{every}; on whole numbers, to the last bit."


def descent_text(descent: Descent) -> str:
    start, steps, tightest = descent.verdicts[0], len(descent.verdicts), descent.tightest
    return "\n".join(
        (
            f"{count(steps, 'step')} of gradient descent, learning rate {descent.learning_rate:g}",
            f"  loss      {start.loss:.6f} at the start, {descent.end_loss:.6f} at the end",
            f"  accuracy  {descent.end_accuracy:.1%} at the end",
            f"  agreeing  {sum(v.agree for v in descent.verdicts)} of {count(steps, 'step')}; "
            f"step {tightest.step} was closest to its limit:",
            f"            {tightest.tightest.name} used {percent(tightest.tightest.used)} of the "
            "allowed difference",
            f"  drift     {descent.end_drift:.1e} at the end, between these weights and those",
            "            of a torch model that descends on its own (not judged)",
        )
    )


def problem_data(problem: Problem, device: str) -> dict[str, Any]:
    N, D, H, C = problem.sizes
    return {
        "samples": N,
        "features": D,
        "hidden": H,
        "classes": C,
        "dtype": problem.dtype,
        "reg": problem.reg,
        "seed": problem.seed,
        "device": device,
        "source": problem.source,
    }


def _varied_data(found: Comparison) -> dict[str, Any]:
    first = found.first_difference or found.first_returned
    return {"agree": found.agree, "first_difference": None if first is None else first.name}


def exact_data(exact: ExactComparison) -> dict[str, Any]:
    certificate = exact.batch.certificate
    return {
        "rows": exact.batch.problem.sizes[0],
        "dtype": exact.batch.problem.dtype,
        "certificate": {"bits_needed": certificate.bits, "bits_available": certificate.available},
        "quantities": [
            {
                "name": q.name,
                "identical": q.identical,
                "at": list(q.at),
                "manual": number(q.manual),
                "autograd": number(q.autograd),
                **({"mismatch": q.mismatch} if q.mismatch else {}),
            }
            for q in exact.quantities
        ],
        "agree": exact.agree,
    }


def descent_data(descent: Descent) -> dict[str, Any]:
    return {
        "agree": descent.first_difference is None,
        "learning_rate": descent.learning_rate,
        "loss_start": number(descent.verdicts[0].loss),
        "loss_end": number(descent.end_loss),
        "accuracy_end": descent.end_accuracy,
        "tightest": _verdict_data(descent.tightest),
        "drift": number(descent.end_drift),
        "verdicts": [_verdict_data(v) for v in descent.verdicts],
    }


def _verdict_data(v: Verdict) -> dict[str, Any]:
    return {
        "step": v.step,
        "agree": v.agree,
        "loss": number(v.loss),
        "quantity": v.tightest.name,
        "used": number(v.tightest.used),
        "drift": number(v.drift),
    }
