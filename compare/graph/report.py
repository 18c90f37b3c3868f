"""The graph's records -> text for people, plain data for JSON."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from compare.agreement.quantity import Quantity
from compare.agreement.report import problem_data, problem_text
from compare.agreement.words import difference_text
from compare.graph.blocks import Blocks, Side
from compare.graph.memory import HandedOver, Memory, Sum
from compare.graph.recognise import Kept, Step
from compare.graph.walk import Walk
from compare.problems.problem import Problem
from compare.text import number, percent, shape_text, table, wrapped


def graph_text(problem: Problem, device: str, walk: Walk, blocks: Blocks | None) -> str:
    """Everything that `python -m compare graph` prints, the verdict last."""
    title = f"PyTorch {torch.__version__}, spelling {walk.spelling}"
    parts = [f"{problem_text(problem, device)}\n{title}", steps_text(walk), kept_text(walk)]
    parts.append("\n".join(wrapped(text, f"{n}. ") for n, text in enumerate(remarks(walk), 1)))
    if blocks is not None:
        parts.append(blocks_text(blocks))
    parts.append(verdict_text(walk, blocks))
    return "\n\n".join(parts)


def graph_data(
    agree: bool, problem: Problem, device: str, walk: Walk, blocks: Blocks | None
) -> dict[str, Any]:
    """The same as plain data for JSON."""
    data: dict[str, Any] = {
        "agree": agree,
        "problem": problem_data(problem, device),
        "torch": torch.__version__,
        "spelling": walk.spelling,
        "nodes": [_step_data(step) for step in walk.steps],
        "kept": {
            "autograd": [
                {"name": memory.name, "bytes": memory.bytes, "own": memory.own}
                for memory in walk.kept
            ],
            "manual": [value._asdict() for value in walk.handed_over],
            "never_kept": list(walk.never_kept),
        },
        "remarks": list(remarks(walk)),
    }
    return data if blocks is None else data | {"blocks": _blocks_data(blocks)}


def steps_text(walk: Walk) -> str:
    """For each node a line that says what it does, one for what it had saved, and one for each
    gradient that arrives at it or leaves it.
    """
    header = ("", "gradient", "shape", "difference", "allowed", "used", "")
    rows = [row for step in walk.steps for row in _gradient_rows(step)]
    head, *lines = table(header, rows, left=3).splitlines()
    text = [head]
    for step in walk.steps:
        text.append("")
        text.append(f"{step.order:>2}  {step.name}: {_does(step)}")
        if step.saved:
            text.append(wrapped(", ".join(map(_saved, step.saved)), "    saved "))
        here = len(_gradient_rows(step))
        text.extend(lines[:here])
        lines = lines[here:]
    if walk.kinks:
        text.append(
            f"\nHidden values within rounding of 0 that fell on different sides of the ReLU: "
            f"{walk.kinks}, compared on autograd's side."
        )
    return "\n".join(text)


def _does(step: Step) -> str:
    return "; ".join(step.manual) or "no manual line"


def _saved(kept: Kept) -> str:
    if kept.quantity is None:
        return f"{kept.name}\xa0=\xa0nothing"
    wrong = "" if kept.ok else " (DIFFERS)"
    name, shape = kept.quantity.name or "unknown", shape_text(kept.quantity.shape)
    return f"{kept.name} = {name} ({shape}){wrong}"


def _gradient_rows(step: Step) -> list[tuple[str, ...]]:
    rows = [_row("    arrives", q) for q in step.arrives]
    for leaving in step.leaves:
        if leaving.quantity is None:
            rows.append(("    leaves", "none: not needed", "", "", "", "", ""))
        else:
            rows.append(_row(f"    leaves to {leaving.to}", leaving.quantity))
    return rows


def _row(label: str, q: Quantity) -> tuple[str, ...]:
    verdict = "ok" if q.ok else "DIFFERS"
    if q.mismatch:
        return (
            label,
            q.name or "unknown",
            shape_text(q.shape),
            "–",
            "–",
            "–",
            "" if q.ok else verdict,
        )
    numbers = (f"{q.max_abs_diff:.2e}", f"{q.allowed:.2e}", percent(q.used))
    return (label, q.name, shape_text(q.shape), *numbers, verdict)


def kept_text(walk: Walk) -> str:
    """What each side held between forward and backward, and what was never needed."""
    own = [memory for memory in walk.kept if memory.own]
    elsewhere = [memory for memory in walk.kept if not memory.own]
    read = [memory for memory in walk.handed_over if memory.read]
    unread = [memory for memory in walk.handed_over if not memory.read]
    return "\n".join(
        (
            "Kept between forward and backward",
            wrapped(f"{_total(own)}: {_names(own)}", "  autograd     "),
            wrapped(f"and {_total(elsewhere)} that exist anyway: {_names(elsewhere)}", " " * 15),
            wrapped(f"{_total(read)}: {_names(read)}", "  manual pass  "),
            wrapped(f"and {_total(unread)} passed on and not used: {_names(unread)}", " " * 15),
            wrapped(_never_kept(walk), "  never kept   "),
        )
    )


def _total(memories: Sequence[Memory | HandedOver]) -> str:
    count = f"{len(memories)} tensor" + "s" * (len(memories) != 1)
    return f"{count}, {sum(memory.bytes for memory in memories)} bytes"


def _names(memories: Sequence[Memory | HandedOver]) -> str:
    return ", ".join(f"{memory.name}\xa0{memory.bytes}" for memory in memories) or "–"


def _never_kept(walk: Walk) -> str:
    anyway = [memory.name for memory in walk.kept if memory.key in walk.never_kept]
    text = f"{', '.join(walk.never_kept)}: the gradients of the data need none of them"
    return text + (f" ({', '.join(anyway)} is kept for the penalty alone)" if anyway else "")


def remarks(walk: Walk) -> tuple[str, ...]:
    """Three things to see, with this run's numbers; and a fourth where reg * W is left out."""
    found = (_dz2_remark(walk), _sum_remark(walk.sums), _transpose_remark(walk))
    return (*found, _missing_remark(walk.sums)) if walk.spelling == "weight-decay" else found


def _dz2_remark(walk: Walk) -> str:
    nodes = [step for step in walk.steps if {"true_class", "dz2"} & (_left(step) - _had(step))]
    names = " and ".join(f"{step.name} ({step.order})" for step in nodes)
    count = {1: "One node", 2: "Two nodes"}.get(len(nodes), f"{len(nodes)} nodes")
    return f"{count} for one manual line, dz2 = (P − Y_ind) / N: {names}."


def _had(step: Step) -> set[str]:
    return {q.key for q in step.arrives}


def _left(step: Step) -> set[str]:
    return {leaving.quantity.key for leaving in step.leaves if leaving.quantity is not None}


def _names_left(step: Step) -> set[str]:
    return {leaving.quantity.name for leaving in step.leaves if leaving.quantity is not None}


def _sum_remark(sums: Sequence[Sum]) -> str:
    if all(len(found.senders) < 2 for found in sums):
        return "No reg · W arrives at the weights: nothing is added between nodes."
    parts = "; ".join(
        f"at {found.weight}, from {' + '.join(map(str, found.senders))}, "
        f"largest |arrived − sum| {found.difference:.1e}"
        for found in sums
    )
    return f"reg · W is added by the engine, between nodes and in none of them: {parts}."


def _transpose_remark(walk: Walk) -> str:
    turns = [
        str(step.order)
        for step in walk.steps
        if _left(step) == _had(step) and _names_left(step) != {q.name for q in step.arrives}
    ]
    if not turns:
        return "No transposes: this spelling keeps W as (in, out), as the notes do."
    return (
        f"nn.Linear keeps W as (out, in), which costs {len(turns)} nodes that only transpose: "
        f"{', '.join(turns)}."
    )


def _missing_remark(sums: Sequence[Sum]) -> str:
    parts = "; ".join(
        f"d{found.weight} by hand is up to {found.missing:.2e} away, "
        f"and reg · {found.weight} up to {found.penalty:.2e} large"
        for found in sums
    )
    return (
        f"These gradients lack reg · W, and are right to: {parts}. The optimizer adds it, "
        "SGD(..., weight_decay=reg) for the weights."
    )


def blocks_text(blocks: Blocks) -> str:
    """The gradients in blocks beside the full batch's, and the bug."""
    differences = ("difference", "allowed", "used", "", "of the mean of means")
    rows = [
        _side_row(who, side)
        for found in blocks.gradients
        for who, side in (("hand", found.manual), ("autograd", found.autograd))
    ]
    count, N = len(blocks.lengths), sum(blocks.lengths)
    lengths = ", ".join(map(str, blocks.lengths)) if count <= 10 else "…"
    bug = (
        "All blocks are of one length here: only so is the mean of means the mean."
        if blocks.even
        else "The mean of means is the well-known bug: a short block's rows count for more."
    )
    return "\n\n".join(
        (
            f"The batch in {count} blocks of {lengths} rows, each divided by N = {N}, the penalty\n"
            "added once",
            table(("gradient", "by", *differences), rows, left=2),
            bug,
        )
    )


def _side_row(who: str, side: Side) -> tuple[str, ...]:
    q = side.summed
    difference, allowed, bug = (f"{x:.2e}" for x in (q.max_abs_diff, q.allowed, side.bug))
    verdict = "ok" if q.ok else "DIFFERS"
    return (q.name, who, difference, allowed, percent(q.used), verdict, bug)


def verdict_text(walk: Walk, blocks: Blocks | None) -> str:
    if walk.first_difference is not None:
        step, q = walk.first_difference
        named = replace(q, name=q.name or "a gradient")
        return f"DIFFER at node {step.order}, {step.name}: {difference_text(named)}"
    wrong = None if blocks is None else blocks.first_difference
    if wrong is not None:
        return f"DIFFER in blocks: {difference_text(wrong)}"
    unknown = sum(q is not None and q.key == "" for s in walk.steps for _, q in s.leaves)
    apart = f", but for {unknown} not recognised" if unknown else ""
    also = "" if blocks is None else "; in blocks too"
    return (
        f"AGREE: {walk.edges} gradients between {len(walk.steps)} nodes, each a manual quantity "
        f"within the proven rounding bound{apart}{also}."
    )


def _step_data(step: Step) -> dict[str, Any]:
    return {
        "order": step.order,
        "name": step.name,
        "manual": list(step.manual),
        "saved": [_saved_data(kept, kept.quantity) for kept in step.saved if kept.quantity],
        "not_saved": [kept.name for kept in step.saved if kept.quantity is None],
        "arrives": [_gradient_data(q) for q in step.arrives],
        "leaves": [
            _gradient_data(leaving.quantity) | {"to": leaving.to}
            for leaving in step.leaves
            if leaving.quantity is not None
        ],
        "next": [leaving.to for leaving in step.leaves],
    }


def _saved_data(kept: Kept, q: Quantity) -> dict[str, Any]:
    return {
        "name": kept.name,
        "is": q.name or None,
        "shape": list(q.shape),
        "bytes": kept.bytes,
        "ok": kept.ok,
    }


def _gradient_data(q: Quantity) -> dict[str, Any]:
    return {
        "is": q.name or None,
        "shape": list(q.shape),
        "max_abs_diff": number(q.max_abs_diff),
        "allowed": number(q.allowed),
        "used": number(q.used),
        "ok": q.ok,
    }


def _blocks_data(blocks: Blocks) -> dict[str, Any]:
    return {
        "lengths": list(blocks.lengths),
        "agree": blocks.first_difference is None,
        "gradients": [
            {
                "name": found.manual.summed.name,
                "manual": _side_data(found.manual),
                "autograd": _side_data(found.autograd),
            }
            for found in blocks.gradients
        ],
    }


def _side_data(side: Side) -> dict[str, Any]:
    return {
        "max_abs_diff": number(side.summed.max_abs_diff),
        "allowed": number(side.summed.allowed),
        "used": number(side.summed.used),
        "ok": side.summed.ok,
        "mean_of_means_error": number(side.bug),
    }
