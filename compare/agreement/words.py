"""Quantities -> a table, sentences, plain data for JSON."""

import math
from collections.abc import Sequence
from typing import Any

from compare.agreement.quantity import Quantity
from compare.text import count, exactly, number, percent, place, shape_text, table, wrapped

HEADER = ("quantity", "shape", "difference", "at", "allowed", "used", "of value", "")

# An allowed difference this large beside the values themselves makes agreement an empty word.
TELLS_LITTLE = 0.1


def quantities_text(quantities: Sequence[Quantity], kinks: int) -> str:
    """A row for each quantity, and notes on what the rows do not say."""
    text = table(HEADER, map(quantity_row, quantities), left=2)
    if kinks:
        text += "\n" + wrapped(
            f"{count(kinks, 'hidden value')} within rounding of 0 fell on different "
            "sides of the ReLU: compared on autograd's side."
        )
    empty = [q.name for q in quantities if q.ok and q.width > TELLS_LITTLE]
    if empty:
        text += "\n" + wrapped(
            f"Note: what rounding may do to {', '.join(empty)} is as large as the values "
            "themselves (see the last column), so agreement there says little."
        )
    return text


def verdict_text(first: Quantity | None, returned: Quantity | None) -> str:
    """Given the first step that differs, and the first returned value that does, if any."""
    if first is not None:
        return f"DIFFER: {difference_text(first)}"
    if returned is not None:
        return (
            "DIFFER: the steps agree, and manual.loss_and_gradients returns something else. "
            f"{difference_text(returned)}"
        )
    return "AGREE: the loss, the four gradients and all between, within the proven rounding bound."


def quantity_row(q: Quantity) -> tuple[str, ...]:
    """The cells of its row, under HEADER."""
    if q.mismatch:
        return (q.name, shape_text(q.shape), q.mismatch, "", "", "", "", "DIFFERS")
    return (
        q.name,
        shape_text(q.shape),
        f"{q.max_abs_diff:.2e}",
        place(q.at) or "–",
        f"{q.allowed:.2e}",
        percent(q.used),
        f"{q.width:.0e}",
        "ok" if q.ok else "DIFFERS",
    )


def difference_text(q: Quantity) -> str:
    """The first quantity that differs: where, both values, how far apart."""
    if q.mismatch:
        return f"{q.name} is the first: {q.mismatch}."
    if not math.isfinite(q.allowed):
        return f"{q.name} is the first: numbers overflow in it, and no finite bound is left."
    apart = f"{q.max_abs_diff:.2e} apart, {q.allowed:.2e} allowed"
    if not math.isfinite(q.max_abs_diff):  # inf - inf has no value
        apart = "only finite numbers can agree"
    return (
        f"{q.name} is the first. {q.name}{place(q.at)} is {exactly(q.manual, q.dtype)} by hand and "
        f"{exactly(q.autograd, q.dtype)} by autograd: {apart}."
    )


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
