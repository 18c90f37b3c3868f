"""How sharp the check is -> text for people, plain data for JSON."""

from typing import Any

from compare.measure.sharpness import SETTINGS, Sharpness
from compare.text import number, table

_HEADING = """\
The smallest relative error that each rule flags: in one element of a gradient
(median over its elements), in reg, in 1/N. "alarm": it flags a right answer.
Last column: how many right answers to hard problems it accuses. The exact batch
has 256 rows; the bound and the exact batch judge all twelve quantities, the
other rules the loss and the four gradients."""


def sharpness_text(found: list[Sharpness]) -> str:
    """For people: one table for each dtype and number of rows, a line for each rule."""
    blocks = [_HEADING]
    for dtype, rows in SETTINGS:
        here = [s for s in found if (s.dtype, s.rows) == (dtype, rows)]
        lines = [
            (
                s.rule,
                *(f"{error:.1e}" if error else "alarm" for error in s.smallest.values()),
                str(s.false_alarms),
            )
            for s in here
        ]
        title = f"{dtype}, {rows} rows; false alarms of {here[0].problems}"
        blocks.append(f"{title}\n{table(('rule', *here[0].smallest, 'alarms'), lines)}")
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
