"""What the ranks found -> text for people, plain data for JSON."""

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from compare.agreement.quantity import Quantity
from compare.agreement.words import quantity_data
from compare.bounds.quantities import GRADIENTS
from compare.distributed.batch import Batch
from compare.distributed.lockstep import Lockstep, Plan, Step
from compare.distributed.timing import Timing
from compare.distributed.watched import PARAMETERS, Event
from compare.graph.counterparts import manual_lines
from compare.text import count, exactly, number, percent, place, table, wrapped

HEADER = ("quantity", "by", "largest |ranks − one process|", "at", "allowed", "used", "")
BY_HAND, SCALED = "hand", "DDP, scaled"


class Run(NamedTuple):
    """All that `python -m compare distributed` found out."""

    batch: Batch
    plan: Plan
    device: str
    found: Lockstep
    timings: Sequence[Timing]


def run_text(run: Run) -> str:
    """For people, the verdict last."""
    found = run.found
    paragraphs = [
        _title(run),
        _table(found.steps[0]),
        _trap(found),
        _travels(found),
        _hooks(found),
        *([_steps(run)] if len(found.steps) > 1 else []),
        *([_timings(run)] if run.timings else []),
        _bits(found),
        verdict(found),
    ]
    return "\n\n".join(paragraphs)


def _title(run: Run) -> str:
    found, plan = run.found, run.plan
    ranks, rows = len(found.shards), ", ".join(_runs(found.shards))
    backend = "gloo, cpu" if run.device == "cpu" else f"nccl, {run.device}"
    size = found.N, found.D, plan.hidden, found.classes
    network = "{} samples × {} features → {} hidden units → {} classes".format(*size)
    return (
        f"{network},\n  {run.batch.dtype}, reg {plan.reg:g}, {run.batch.source}\n"
        f"{count(ranks, 'rank')} ({backend}), with {rows} rows.\n"
        f"The same initial weights on each: SHA-256 {found.weights[:16]}…"
    )


def _runs(shards: Sequence[int]) -> Iterator[str]:
    """67, 67, 66; and where there are many ranks, 500 × 67, 12 × 66."""
    for length in dict.fromkeys(shards):
        times = shards.count(length)
        yield from [str(length)] * times if times <= 4 else [f"{times} × {length}"]


def _table(step: Step) -> str:
    by_hand = {q.key: q for q in step.by_hand}
    rows = [_row(by_hand.pop("loss"), BY_HAND)]
    for q in step.scaled:
        rows += [_row(by_hand[q.key], BY_HAND), _row(q, SCALED)]
    what = wrapped(
        "By hand, each rank divides its rows by the N of all ranks, and the ranks' gradients are "
        "added up. DDP averages: scaled, each rank's rows count ranks / N times. Both against the "
        "full batch in one process:"
    )
    return f"{what}\n\n{table(HEADER, rows, left=2)}"


def _row(q: Quantity, by: str) -> tuple[str, ...]:
    if q.mismatch:
        return (q.name, by, q.mismatch, "", "", "", "DIFFERS")
    return (
        q.name,
        by,
        f"{q.max_abs_diff:.2e}",
        place(q.at) or "–",
        f"{q.allowed:.2e}",
        percent(q.used),
        "ok" if q.ok else "DIFFERS",
    )


def _trap(found: Lockstep) -> str:
    sizes = zip(GRADIENTS, found.steps[0].usual, strict=True)
    differences = ", ".join(f"{name} {largest:.2e}" for name, largest in sizes)
    why = (
        "All ranks have the same number of rows here, so this is right too"
        if found.even
        else "This is wrong: a row counts for more in a short shard than in a long one"
    )
    return wrapped(
        "DDP as it is usually written: the loss of a rank is the mean over its own rows, and DDP "
        f"averages these means. {why}. Largest differences from the full batch: {differences}."
    )


def _travels(found: Lockstep) -> str:
    buckets = [event for event in found.last_events if event.leaves]
    by_ddp = f"the four gradients, in {count(len(buckets), 'bucket')}"
    rows = (
        ("by hand", "the loss and the four gradients", "1", str(found.bytes_by_hand)),
        ("by DDP", by_ddp, str(len(buckets)), str(sum(event.bytes for event in buckets))),
    )
    return table(("in each step", "what a rank hands over", "all_reduce calls", "bytes"), rows, 2)


def _hooks(found: Lockstep) -> str:
    first, last = _buckets(found.first_events), _buckets(found.last_events)
    text = (
        f"DDP's hooks, in the order in which they fired on rank 0:\n\n{_fired(found.first_events)}"
    )
    if first == last:
        return text
    buckets = "; ".join(map(", ".join, last))
    return f"{text}\n\n" + wrapped(
        "After the first step DDP has filled its buckets anew, in the order in which the gradients "
        f"were ready: {buckets}."
    )


def _buckets(events: Sequence[Event]) -> list[tuple[str, ...]]:
    return [event.gradients for event in events if event.leaves]


def _fired(events: Sequence[Event]) -> str:
    rows = []
    for order, event in enumerate(events, 1):
        if event.leaves:
            what = f"a bucket of {count(len(event.gradients), 'gradient')} leaves"
            line = f"all_reduce of {', '.join(event.gradients)}: {event.bytes} bytes"
        else:
            what = " and ".join(PARAMETERS[name] + ".grad is ready" for name in event.gradients)
            line = "; ".join(manual_lines("AccumulateGrad", list(event.gradients), []))
        rows.append((f"  {order}", what, line))
    return table(("", "hook", "by hand"), rows, left=3)


def _steps(run: Run) -> str:
    found, first, last = run.found, run.found.steps[0], run.found.steps[-1]
    steps = [(i, step) for i, step in enumerate(found.steps, 1) if step.first_difference is None]
    number, tightest = max(enumerate(found.steps, 1), key=lambda pair: pair[1].tightest.used)
    q = tightest.tightest
    return wrapped(
        f"{len(found.steps)} steps in lockstep, learning rate {run.plan.learning_rate:g}: "
        f"{len(steps)} agree with the full batch in one process. "
        f"The tightest is {q.name} at step {number}, with {percent(q.used)} of what is allowed. "
        f"Loss {first.loss:.6g} at the first step, {last.loss:.6g} at the last."
    )


def _timings(run: Run) -> str:
    ranks = len(run.found.shards)
    rows = [(t.name, _seconds(t.one), _seconds(t.all), f"{t.speed_up:.2f}") for t in run.timings]
    header = ("a step, one thread each", "1 rank", count(ranks, "rank"), "times as fast")
    return table(header, rows)


def _seconds(seconds: float) -> str:
    return f"{seconds:.3g} s" if seconds >= 1 else f"{1e3 * seconds:.3g} ms"


def _bits(found: Lockstep) -> str:
    what = "the same gradients, to the bit, in every step"
    return f"All ranks have {what}." if found.same_bits else f"Not all ranks have {what}."


def verdict(found: Lockstep) -> str:
    steps = enumerate(found.steps, 1)
    first = next(((i, step) for i, step in steps if step.first_difference is not None), None)
    if first is not None:
        return _difference(found, *first)
    if not found.same_bits:
        return "DIFFER: every gradient on rank 0 is right, and another rank has other bits."
    what = "each step of " if len(found.steps) > 1 else ""
    return (
        f"AGREE: {what}{count(len(found.shards), 'rank')}, by hand and by DDP, within the proven "
        "rounding bound of the full batch in one process."
    )


def _difference(found: Lockstep, number: int, step: Step) -> str:
    q = step.first_difference
    assert q is not None
    by = "by hand" if q in step.by_hand else "by DDP"
    where = f" at step {number}" if len(found.steps) > 1 else ""
    if q.mismatch or not math.isfinite(q.allowed):
        return f"DIFFER: {q.name} {by}{where}: {q.mismatch or 'no finite bound is left'}."
    return (
        f"DIFFER: {q.name} {by}{where}. {q.name}{place(q.at)} is {exactly(q.manual, q.dtype)} from "
        f"{count(len(found.shards), 'rank')} and {exactly(q.autograd, q.dtype)} in one process: "
        f"{q.max_abs_diff:.2e} apart, {q.allowed:.2e} allowed."
    )


def run_data(run: Run) -> dict[str, Any]:
    """The same as plain data for JSON."""
    found, plan = run.found, run.plan
    return {
        "agree": found.agree,
        "problem": {
            "samples": found.N,
            "features": found.D,
            "hidden": plan.hidden,
            "classes": found.classes,
            "dtype": run.batch.dtype,
            "reg": plan.reg,
            "seed": plan.seed,
            "device": run.device,
            "source": run.batch.source,
        },
        "shards": list(found.shards),
        "weights_sha256": found.weights,
        "same_bits": found.same_bits,
        "steps": [_step_data(step) for step in found.steps],
        "travels": {
            "by_hand": {"all_reduce_calls": 1, "bytes": found.bytes_by_hand},
            "by_ddp": {
                "all_reduce_calls": sum(event.leaves for event in found.last_events),
                "bytes": sum(event.bytes for event in found.last_events),
            },
        },
        "hooks": {
            "first_step": [event._asdict() for event in found.first_events],
            "last_step": [event._asdict() for event in found.last_events],
        },
        "seconds": {t.name: {"one_rank": t.one, "all_ranks": t.all} for t in run.timings},
    }


def _step_data(step: Step) -> dict[str, Any]:
    return {
        "loss": number(step.loss),
        "by_hand": [_quantity_data(q) for q in step.by_hand],
        "ddp_scaled": [_quantity_data(q) for q in step.scaled],
        "ddp_as_usual": {
            name: number(largest) for name, largest in zip(GRADIENTS, step.usual, strict=True)
        },
    }


def _quantity_data(q: Quantity) -> dict[str, Any]:
    """Under the names of this comparison's two sides."""
    data = quantity_data(q)
    return {{"manual": "ranks", "autograd": "one_process"}.get(k, k): v for k, v in data.items()}
