"""Right on every ordinary batch, and different where z1 is exactly 0, where exp overflows or
underflows, or where log meets 0: an edge, which is named and is no mistake.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from compare.checker.cases import Case, Lines, is_right, misfits
from compare.checker.catalogue import CATALOGUE, Mistake
from compare.checker.lines import STEPS
from compare.checker.probes import EDGES
from compare.checker.records import Finding

At = list[tuple[str, Mistake]]

KINK = "z1 exactly 0"
ASSIGNED = {"dz1": "dz1 = np.where(a1 > 0, da1, 0)"}
SLOPES = (1.0, 0.5)  # that people give the ReLU at 0

WHAT_TO_DO = {
    "slope-at-zero": "the notes take it to be 0, as frameworks do, by z1 > 0",
    "no-shift": "nan once a score exceeds 709; take each row's maximum off before exp",
    "global-shift": "nan in rows far below the largest score; take each row's own maximum off",
    "log-of-underflow": "log P = s - log(sum of exp(s)) is finite there",
    "log-of-p-plus-epsilon": "the loss is too small; log P = s - log(sum of exp(s)) needs no ε",
    "p-clipped": "the loss is too small; log P = s - log(sum of exp(s)) needs no limit",
    "overflow": "not finite there; take each row's maximum off before exp",
    "not-finite": "the notes' dz2 = (P - Y_ind) / N divides by no P, and takes no log of it",
}
TITLES = {"overflow": "exp overflows or underflows", "not-finite": "not finite, though P is"}


def edges(cases: Sequence[Case]) -> tuple[list[Finding], list[Case]]:
    """The edges that these batches show, and those batches that no edge explains."""
    findings: dict[tuple[str, str], Finding] = {}
    unexplained = []
    extreme = [case for case in cases if case.name in EDGES and case.name != KINK]
    for case in cases:
        if case.name not in EDGES or all(is_right(case, q) for q in case.returned):
            continue
        found = _kink(case) if case.name == KINK else _overflow(case, extreme)
        if not found:
            unexplained.append(case)
        for finding in found:
            findings.setdefault((finding.quantity, finding.id), finding)
    return list(findings.values()), unexplained


def guarded_edges(cases: Sequence[Case], lines: Lines) -> list[Finding]:
    """Of code that these lines stand for on ordinary batches: what differs from them, too, where
    z1 is exactly 0, and what is not finite.
    """
    findings: dict[tuple[str, str], Finding] = {}
    for case in cases:
        if case.name not in EDGES or case.raised or not misfits(case, lines, case.returned):
            continue
        for finding in _kink(case, lines) if case.name == KINK else _not_finite(case):
            findings.setdefault((finding.quantity, finding.id), finding)
    return list(findings.values())


def edge(quantity: str, id: str, batch: str, line: str = "", title: str = "") -> Finding:
    where = EDGES.get(batch, "where P is near 0")
    title = title or next((m.title for m in CATALOGUE if m.id == id), TITLES.get(id, ""))
    return Finding(
        quantity, id, title, f"{WHAT_TO_DO[id]}", kind="edge", wrong_line=line, batch=where
    )


def _kink(case: Case, lines: Lines | None = None) -> list[Finding]:
    for slope in SLOPES:
        line = f"dz1 = da1 * ((z1 > 0) + {slope:g} * (z1 == 0))"
        if not misfits(case, {**(lines or {}), "dz1": line}, case.returned):
            title = f"the slope at z1 = 0 is taken to be {slope:g}"
            return [edge("dz1", "slope-at-zero", case.name, line, title)]
    return []


def _overflow(case: Case, extreme: Sequence[Case]) -> list[Finding]:
    """By the edges that fit here, and on the most of the batches with extreme scores: where all is
    nan, anything fits.
    """
    fits = [(lines, at) for lines, at in _hypotheses() if _fits(case, lines)]
    counted = [(sum(_fits(other, lines) for other in extreme), at, lines) for lines, at in fits]
    most = max((count for count, _, _ in counted), default=0)
    best = [(at, lines) for count, at, lines in counted if count == most]
    if best:
        places, own = best[0]
        return [
            replace(edge(q, m.id, case.name, own[q]), also=_same_numbers(q, m.id, best))
            for q, m in places
        ]
    return _not_finite(case)


def _not_finite(case: Case) -> list[Finding]:
    wrong = [q for q in STEPS if q in case.returned and not is_right(case, q)]
    bad = [q for q in wrong if not np.isfinite(case.returned[q]).all()]
    if bad and bad[0] == wrong[0] and "P" in case.traced:
        return [edge("dz2", "not-finite", case.name)]
    if bad and bad[0] == wrong[0]:
        first = "P" if STEPS.index(bad[0]) > STEPS.index("P") and bad[0] != "loss" else bad[0]
        return [edge(first, "overflow", case.name)]
    return []


def _same_numbers(quantity: str, id: str, fits: Sequence[tuple[At, Lines]]) -> tuple[str, ...]:
    """The other edges of as many places that are there in one of these."""
    places = {q for q, _ in fits[0][0]}
    ids = {m.id for at, _ in fits if {q for q, _ in at} == places for q, m in at if q == quantity}
    return tuple(sorted(ids - {id}))


def _fits(case: Case, lines: Lines) -> bool:
    """With a mask that is multiplied in, or assigned: a nan times 0 is nan."""
    seen = {*case.returned, *case.traced}
    return any(not misfits(case, {**lines, **mask}, seen) for mask in ({}, ASSIGNED))


def _hypotheses() -> Iterator[tuple[Lines, At]]:
    """One edge in P or none, and one in the loss or none."""
    at = {
        q: [(m, line) for m in CATALOGUE if q in m.edge_in for line in m.wrong_lines(q)]
        for q in ("P", "loss")
    }
    for first in (None, *at["P"]):
        for second in (None, *at["loss"]):
            chosen = [("P", first), ("loss", second)]
            there = [(q, pick) for q, pick in chosen if pick is not None]
            if there:
                yield {q: line for q, (_, line) in there}, [(q, m) for q, (m, _) in there]
