"""Two right lines with one edit each: is each told where it is, and what was computed there?

The edits are those of tests/edits.py, which shares nothing with the checker's search.
"""

import linecache
import random
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import compare
from compare.checker.check import check_file
from compare.checker.lines import ANCESTORS, RIGHT, STEPS, follow, inputs, run_line
from compare.checker.records import Finding
from compare.checker.report import Report
from tests.edits import edited
from tests.learners import HEAD
from tests.test_neighbours import (
    FRESH,
    ORDINARY,
    RETURNED,
    SAME,
    SEED,
    SHOWS,
    SIZES,
    close,
    largest,
    shows,
)

SAMPLE, LARGE = 2, 300  # pairs, in the suite and with --problems 2000


class Pair(NamedTuple):
    lines: Mapping[str, str]  # of two quantities
    returned: tuple[str, ...]

    @property
    def source(self) -> str:
        body = [SIZES]
        for quantity in STEPS:
            body += self.lines.get(quantity, RIGHT[quantity]).splitlines()
        body += [f"return dict({', '.join(f'{q}={q}' for q in self.returned)})"]
        return HEAD + "".join(f"    {line}\n" for line in body)

    def report(self, search: float = 5.0) -> Report:
        text, file = self.source, f"<two lines {abs(hash(tuple(self.lines.items())))}>"
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        namespace: dict[str, Any] = {}
        exec(compile(text, file, "exec"), namespace)
        return compare.check(namespace["backward"], seed=SEED, search=search)


def pairs(returned: tuple[str, ...], rng: random.Random) -> Iterator[Pair]:
    """Without end; what is returned shows each of the two beside the other."""
    visible = [q for q in STEPS if q in returned or any(q in ANCESTORS[r] for r in returned)]
    edits = {q: edited(RIGHT[q], STEPS[: STEPS.index(q)]) for q in visible}
    while True:
        chosen = sorted(rng.sample(visible, 2), key=STEPS.index)
        lines = {q: rng.choice(edits[q]) for q in chosen}
        if all(shows(q, line, returned) for q, line in lines.items()) and _both_show(
            lines, returned
        ):
            yield Pair(lines, returned)


def _both_show(lines: Mapping[str, str], returned: tuple[str, ...]) -> bool:
    """Each on some batch; and the numbers are finite on all."""
    seen = set()
    for problem in ORDINARY.values():
        try:
            both = follow(problem, replaced=lines)
        except Exception:
            return False
        if not all(np.isfinite(np.asarray(value, float)).all() for value in both.values()):
            return False
        for quantity, line in lines.items():
            other = follow(problem, replaced={q: at for q, at in lines.items() if at != line})
            if not all(close(both[q], other[q], SHOWS * largest(other[q])) for q in returned):
                seen.add(quantity)
    return seen == set(lines)


def misnamed(pair: Pair, report: Report) -> list[str]:
    """What is told of a line that is right, unless as one of several; and lines that do not give
    the learner's numbers.
    """
    if any(f.id == "exchanged" for f in report.findings):
        return []  # two gradients that are not the notes' may be each other's
    said = [
        f"{f.quantity}: {f.title}"
        for f in report.mistakes
        if f.quantity not in pair.lines and not _is_among(f, pair)
    ]
    theirs = follow(FRESH, replaced=pair.lines)
    return said + [
        f"{f.quantity}: {f.wrong_line}"
        for f in report.findings
        if f.wrong_line and not _equal(f, theirs)
    ]


def _is_among(finding: Finding, pair: Pair) -> bool:
    return "a mistake in" in finding.title and any(q in finding.title for q in pair.lines)


def _equal(finding: Finding, theirs: Mapping[str, Any]) -> bool:
    quantity = finding.quantity
    told = run_line(finding.wrong_line, quantity, {**inputs(FRESH), **theirs})
    return close(told, theirs[quantity], SAME * largest(theirs[quantity], follow(FRESH)[quantity]))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("returned", RETURNED)
def test_no_line_beside_two_mistakes_is_blamed(returned: str, request: pytest.FixtureRequest):
    """In how many both are placed is printed with -rP."""
    full = request.config.getoption("--problems") >= 2000
    chosen = [*islice(pairs(RETURNED[returned], random.Random(SEED)), LARGE if full else SAMPLE)]
    reports = [pair.report(5.0 if full else 1.0) for pair in chosen]
    placed = 0
    for pair, report in zip(chosen, reports, strict=True):
        both = {f.quantity for f in report.mistakes} == set(pair.lines)
        placed += both
        if not both:
            print(f"  {pair.lines}: {[(f.quantity, f.line, f.title) for f in report.findings]}")
    print(f"both of {placed} of {len(chosen)} pairs are placed")
    assert [m for p, r in zip(chosen, reports, strict=True) for m in misnamed(p, r)] == []
    assert placed >= 0.9 * len(chosen) or not full


# Two lines of which only the second makes the first plain; what is told, and in which line.
TOLD = {
    "a1 is not made of z1 as the notes do": (
        {"z1": "z1 = X[::-1] @ W1 + b1", "a1": "a1 = np.maximum(z1, 0) * N"},
        {"z1": "z1 = X[::-1] @ W1 + b1", "a1": "a1 = np.maximum(z1 * N, 0)"},
    ),
    "a bias after the ReLU": (
        {
            "z1": "z1 = X @ W1",
            "a1": "a1 = np.maximum(z1, 0) + b1",
            "dz1": "dz1 = da1 * (z1 > 0)",
        },
        {"z1": "z1 = X @ W1", "a1": "a1 = np.maximum(z1, 0) + b1"},
    ),
    "P and Y_ind": (
        {
            "P": RIGHT["P"].replace("E.sum(axis=1, keepdims=True)", "E.sum()"),
            "Y_ind": "Y_ind = (y[::-1, None] == np.arange(C)) * 1.0",
        },
        {
            "P": RIGHT["P"].replace("E.sum(axis=1, keepdims=True)", "E.sum()"),
            "Y_ind": "Y_ind = (y[::-1][:, None] == np.arange(C)) * 1.0",
        },
    ),
    "a1 and Y_ind": (
        {"a1": "a1 = np.maximum(z1, 0) ** 2", "Y_ind": "Y_ind = (y[:, None] == np.arange(C)) * 2"},
        {
            "a1": "a1 = np.maximum(z1, 0) ** 2",
            "Y_ind": "Y_ind = (y[:, None] == np.arange(C)) * 2",
        },
    ),
    "no mask, of a da1 that has another sign": (
        {"da1": "da1 = dz2 @ -W2.T", "dz1": "dz1 = da1"},
        {"da1": "da1 = -(dz2 @ W2.T)", "dz1": "dz1 = da1"},
    ),
    "a mask that is right with a penalty alone": (
        {"dz2": "dz2 = (P ** 2 - Y_ind) / N", "dz1": "dz1 = da1 * (reg > 0)"},
        {"dz2": "dz2 = (P ** 2 - Y_ind) / N", "dz1": "dz1 = da1 * (reg > 0)"},
    ),
    "scores for probabilities": (
        {"z1": "z1 = -X @ W1 + b1", "dz2": "dz2 = (z2 - Y_ind) / N"},
        {"z1": "z1 = X @ -W1 + b1", "dz2": "dz2 = (z2 - Y_ind) / N"},
    ),
    "z1 in the place of da1": (
        {"z1": "z1 = X @ np.tanh(W1) + b1", "dz1": "dz1 = z1 * (a1 > 0)"},
        {"z1": "z1 = X @ np.tanh(W1) + b1", "dz1": "dz1 = a1"},
    ),
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("case", TOLD)
def test_a_wrong_value_is_read_by_its_name_or_by_what_is_made_of_it(case: str, tmp_path: Path):
    lines, told = TOLD[case]
    report = _checked(Pair(lines, RETURNED["the gradients alone"]), tmp_path)
    assert {f.quantity: f.wrong_line for f in report.mistakes} == told, str(report)


@pytest.mark.parametrize("returned", RETURNED)
def test_a_value_made_after_what_was_returned_does_not_take_its_place(
    returned: str, tmp_path: Path
):
    """da1 is not the dz1 that is made of it, from which dz1 would follow, too."""
    lines = {"da1": "da1 = -dz2 @ W2.T", "dz1": "dz1 = 2 * (da1 * (a1 > 0))"}
    pair = Pair(lines, RETURNED[returned])
    report = _checked(pair, tmp_path)
    of_line = {f.quantity: f.source.partition(" ")[0] for f in report.mistakes}
    assert of_line == {"da1": "da1", "dz1": "dz1"}, str(report)


def test_a_name_alone_makes_no_mistake(tmp_path: Path):
    """P is exp(scores) there, normalised in the next line: the one mistake is in that."""
    lines = {
        "P": "P = np.exp(z2 - z2.max(axis=1, keepdims=True))",
        "dz2": "dz2 = P / P.sum(axis=1, keepdims=True) - Y_ind",
    }
    report = _checked(Pair(lines, RETURNED["the gradients alone"]), tmp_path)
    assert [(f.quantity, f.id) for f in report.mistakes] == [("dz2", "no-mean")], str(report)


ODD_SHAPES = {
    "one column": {
        "dz1": "dz1 = (da1 * (a1 > 0)).sum(axis=1, keepdims=True)",
        "db1": "db1 = 3 * dz1.sum(axis=0, keepdims=True) + 1",
    },
    "three axes": {
        "Y_ind": "Y_ind = (W2[:, None] == np.arange(C)) * 1.0",
        "dz2": "dz2 = (P**2 - Y_ind) / N",
    },
}


@pytest.mark.parametrize("case", ODD_SHAPES)
def test_values_of_another_shape_stop_no_report(case: str, tmp_path: Path):
    report = _checked(Pair(ODD_SHAPES[case], STEPS), tmp_path)
    assert set(ODD_SHAPES[case]) <= {f.quantity for f in report.mistakes}, str(report)


def _checked(pair: Pair, folder: Path) -> Report:
    file = folder / "mine.py"
    file.write_text(pair.source)
    return check_file(file, seed=SEED, search=1.0)
