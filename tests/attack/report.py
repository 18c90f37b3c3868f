"""What the attack has found, as text."""

from tests.attack.project import SUMMED, Values
from tests.attack.search import Found
from tests.attack.shares import IN_BLOCKS, PAIRS, PENALTIES

QUANTITIES = (*Values._fields, *PENALTIES, *(q + IN_BLOCKS for q in SUMMED))


def largest(found: Found) -> dict[tuple[str, str], float]:
    """The largest share by pair and quantity, whatever the regime."""
    shares: dict[tuple[str, str], float] = {}
    for (pair, quantity, _), best in found.best.items():
        shares[pair, quantity] = max(shares.get((pair, quantity), 0.0), best.share)
    return shares


def shares_text(dtype: str, found: Found) -> str:
    """A table: a row for each quantity, a column for each pair."""
    shares = largest(found)
    lines = [f"{dtype}, {found.tried} problems: the largest share of what is allowed"]
    lines.append(" " * 16 + "".join(pair.rjust(18) for pair in PAIRS))
    for quantity in QUANTITIES:
        cells = [shares.get((pair, quantity)) for pair in PAIRS]
        row = "".join(("–" if c is None else f"{c:.3g}").rjust(18) for c in cells)
        lines.append(quantity.ljust(16) + row)
    return "\n".join(lines)
