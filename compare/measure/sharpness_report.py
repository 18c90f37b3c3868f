"""How sharp the check is -> text for people, plain data for JSON."""

from typing import Any

from compare.bounds.quantities import GRADIENTS
from compare.measure.sharpness import SETTINGS, Sharpness
from compare.text import number, table

_ELEMENT = "{}, one element"
_HEADING = """\
The smallest relative error that each rule flags (in one element: the median over the elements;
"alarm": it flags the right answer), and how many right answers to hard problems it accuses.
The exact batch has 256 rows; the bound and the exact batch judge all twelve quantities, the other
rules the loss and the four gradients."""


def sharpness_text(found: list[Sharpness]) -> str:
    """For people: one table for each dtype and number of rows, a column for each rule."""
    blocks = [_HEADING]
    for dtype, rows in SETTINGS:
        here = [s for s in found if (s.dtype, s.rows) == (dtype, rows)]
        lines = [
            (
                _ELEMENT.format(what) if what in GRADIENTS else what,
                *(f"{s.smallest[what]:.1e}" if s.smallest[what] else "alarm" for s in here),
            )
            for what in here[0].smallest
        ]
        alarms = (f"false alarms of {here[0].problems}", *(str(s.false_alarms) for s in here))
        header = (f"{dtype}, {rows} rows", *(s.rule for s in here))
        blocks.append(table(header, [*lines, alarms]))
    return "\n\n".join(blocks)


def sharpness_data(found: list[Sharpness], seed: int) -> dict[str, Any]:
    """The same as plain data for JSON; an error of 0 means that the right answer is flagged."""
    rules = [
        {
            "rule": s.rule,
            "dtype": s.dtype,
            "rows": s.rows,
            "smallest": {what: number(error) for what, error in s.smallest.items()},
            "false_alarms": s.false_alarms,
        }
        for s in found
    ]
    return {"seed": seed, "problems": found[0].problems, "rules": rules}
