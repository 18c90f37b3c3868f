"""What only the scores can show: a number more in a row of them changes nothing that comes after.

The lines are followed on one batch. What a told line gives on the others shows in what was
returned; but in z2 a part that is one number for each row does not, since the softmax takes it off.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from compare.checker.cases import Case, walk
from compare.checker.flow import among
from compare.checker.lines import ANCESTORS
from compare.checker.probes import EDGES
from compare.checker.records import Finding
from compare.checker.seen import seen_in
from compare.checker.slopes import Runner


def confirmed(
    findings: Sequence[Finding], cases: Sequence[Case], again: Runner | None
) -> list[Finding]:
    """A line that is told for scores that were not returned is told if a second batch, with another
    number of classes, shows it in the code, too.
    """
    before = {f.quantity for f in findings if f.kind == "mistake"} & ANCESTORS["z2"]
    returned = any("z2" in case.returned for case in cases)
    if again is None or before or returned:
        return [*findings]
    return [
        replace(f, id="unrecognised", title="a mistake that is not recognised", wrong_line="")
        if f.quantity == "z2" and f.id == "edited" and _is_another(f, cases, again)
        else f
        for f in findings
    ]


def _is_another(finding: Finding, cases: Sequence[Case], again: Runner) -> bool:
    """No value of the code is what the line gives on the second batch."""
    classes = {case.problem.sizes[-1] for case in cases if case.traced}
    others = [c for c in cases if c.name not in EDGES and c.returned and not c.traced]
    others = [c for c in others if c.problem.sizes[-1] not in classes]
    case = min(others, key=lambda c: c.problem.X.size, default=None)
    if case is None:
        return False
    computed = walk(case, {"z2": finding.wrong_line}, "z2")
    trace = again({case.name: case.problem}, trace=case.name).trace
    if computed is None or not trace:
        return False
    told = [np.asarray(computed["z2"], float)]
    return not any(among(seen, told) for seen in seen_in(trace))
