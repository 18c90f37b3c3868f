"""Records -> text for people, plain data for JSON."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from compare.agreement import Comparison, Quantity
from compare.descent import Descent, Verdict
from compare.problem import Problem

# An allowance this wide beside the values themselves makes agreement an empty word.
TELLS_LITTLE = 0.1


def table(header: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """Aligned columns: the first `left` of them to the left, the others to the right."""
    lines = [tuple(header), *map(tuple, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def run_text(problem: Problem, device: str, comparison: Comparison, descent: Descent | None) -> str:
    """Everything that `python -m compare` prints, the verdict last."""
    parts = [problem_line(problem, device), comparison_text(comparison)]
    if descent is not None:
        parts.append(descent_text(descent))
    parts.append(verdict_text(comparison, descent, problem.dtype))
    return "\n\n".join(parts)


def run_data(
    agree: bool, problem: Problem, device: str, comparison: Comparison, descent: Descent | None
) -> dict[str, Any]:
    """The same as plain data for JSON."""
    data: dict[str, Any] = {
        "agree": agree,
        "problem": problem_data(problem, device),
        "quantities": [quantity_data(q) for q in comparison.quantities],
    }
    return data if descent is None else data | {"steps": descent_data(descent)}


def problem_line(problem: Problem, device: str) -> str:
    N, D, H, C = problem.sizes
    source = "" if problem.source == "random" else f"{problem.source}, "
    return (
        f"{source}{N} samples × {D} features → {H} hidden units → {C} classes, "
        f"{problem.dtype}, reg {problem.reg:g}, seed {problem.seed}, {device}"
    )


def comparison_text(comparison: Comparison) -> str:
    rows = [_row(q) for q in comparison.quantities]
    header = ("quantity", "shape", "largest |manual − autograd|", "at", "allowed", "used", "width")
    text = table((*header, ""), rows, left=2)
    if comparison.kinks:
        text += (
            f"\n{_count(comparison.kinks, 'hidden value')} within rounding of 0 fell on different "
            "sides of the ReLU: compared on autograd's side."
        )
    empty = [q.name for q in comparison.quantities if q.ok and q.width > TELLS_LITTLE]
    if empty:
        text += (
            f"\nNote: what rounding may do to {', '.join(empty)} is as large as the values "
            "themselves (see width), so agreement there says little."
        )
    return text


def _row(q: Quantity) -> tuple[str, ...]:
    shape = " × ".join(map(str, q.shape)) or "number"
    if q.mismatch:
        return (q.name, shape, q.mismatch, "", "", "", "", "DIFFERS")
    return (
        q.name,
        shape,
        f"{q.max_abs_diff:.2e}",
        place(q.at) or "–",
        f"{q.allowed:.2e}",
        percent(q.used),
        f"{q.width:.0e}",
        "ok" if q.ok else "DIFFERS",
    )


def verdict_text(comparison: Comparison, descent: Descent | None, dtype: str) -> str:
    first = comparison.first_difference
    wrong = descent.first_difference if descent is not None else None
    if first is not None:
        return f"DIFFER: {difference_text(first, dtype)}"
    if wrong is not None:
        return f"DIFFER at step {wrong.step}: {difference_text(wrong.tightest, dtype)}"
    steps = "" if descent is None else f", at every one of {_count(len(descent.verdicts), 'step')}"
    return (
        f"AGREE: all {len(comparison.quantities)} quantities, the loss and the four gradients "
        f"among them, within the proven rounding bound{steps}."
    )


def difference_text(q: Quantity, dtype: str) -> str:
    """The first quantity that differs: where, both values, how far apart."""
    if q.mismatch:
        return f"{q.name} is the first: {q.mismatch}."
    digits = 17 if dtype == "float64" else 9
    return (
        f"{q.name} is the first. {q.name}{place(q.at)} is {q.manual:.{digits}g} by hand and "
        f"{q.autograd:.{digits}g} by autograd: {q.max_abs_diff:.2e} apart, "
        f"{q.allowed:.2e} allowed."
    )


def descent_text(descent: Descent) -> str:
    start, steps, tightest = descent.verdicts[0], len(descent.verdicts), descent.tightest
    return "\n".join(
        (
            f"{_count(steps, 'step')} of gradient descent, learning rate {descent.learning_rate:g}",
            f"  loss      {start.loss:.6f} at the start, {descent.end_loss:.6f} at the end",
            f"  accuracy  {descent.end_accuracy:.1%} at the end",
            f"  agreeing  {sum(v.agree for v in descent.verdicts)} of {_count(steps, 'step')}; "
            f"step {tightest.step} came nearest: {tightest.tightest.name} used "
            f"{percent(tightest.tightest.used)} of its allowance",
            f"  drift     {descent.end_drift:.1e} at the end, between these weights and those of "
            "a torch model on its own way down (not judged)",
        )
    )


def place(at: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, at))}]" if at else ""


def percent(share: float) -> str:
    return f"{share:.1%}" if share < 100 else f"{share:.0e}×"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


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


def quantity_data(q: Quantity) -> dict[str, Any]:
    data: dict[str, Any] = {
        "name": q.name,
        "shape": list(q.shape),
        "max_abs_diff": number(q.max_abs_diff),
        "at": list(q.at),
        "manual": number(q.manual),
        "autograd": number(q.autograd),
        "allowed": number(q.allowed),
        "used": number(q.used),
        "width": number(q.width),
        "ok": q.ok,
    }
    return data | ({"mismatch": q.mismatch} if q.mismatch else {})


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


def number(value: float) -> float | None:
    """JSON has no NaN and no infinity: null stands for them."""
    return value if math.isfinite(value) else None
