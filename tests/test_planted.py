"""Mistakes planted in twenty students' files that return the gradients alone, or with the loss."""

import random
from pathlib import Path
from typing import NamedTuple

import pytest

from compare.checker.check import check_file
from compare.checker.lines import ANCESTORS
from compare.checker.report import Report
from compare.checker.statements import statements
from tests.learners_files.planted import PLANTS, Plant, planted

SEED = 5
SAMPLE, LARGE, ALL = 4, 60, 10_000  # mistakes in the suite; with --problems 2000; from there, all
SHARE = 0.95  # of them whose line is right; of a few, all but one


class Judgement(NamedTuple):
    plant: Plant
    report: Report
    at_the_line: bool

    def __str__(self) -> str:
        plant, found = self.plant, [(f.quantity, f.id, f.line) for f in self.report.mistakes]
        places = f"{plant.line}" + (f" or {plant.shows}" if plant.shows else "")
        return f"{plant.file}, line {places}, {plant.quantity}, {plant.called}: {found}"


def judged(plant: Plant, folder: Path, search: float = 1.0) -> Judgement:
    text = planted(plant)
    file = folder / plant.file
    file.write_text(text, encoding="utf-8", newline="")
    report = check_file(file, seed=SEED, search=search)
    return Judgement(plant, report, told_line(report) in lines_of(plant, text))


def told_line(report: Report) -> int | None:
    """That of the first mistake; where nothing is named before an exception, the exception's."""
    for finding in report.mistakes:
        if finding.id != "missing":
            return finding.line
    return report.raised.line if report.raised else None


def lines_of(plant: Plant, text: str) -> set[int]:
    """The planted line and the one in which it shows, and where their statements begin."""
    known = statements(text)
    lines = {plant.line, plant.shows or plant.line}
    return lines | {known[line].first for line in lines if line in known}


def accused_upstream(judgement: Judgement) -> list[str]:
    before = ANCESTORS[judgement.plant.quantity]
    words = {q.name: q.verdict for q in judgement.report.quantities}
    named = {f.quantity for f in judgement.report.mistakes}
    return [q for q in before if words.get(q) in ("wrong", "inherited") or q in named]


def test_of_planted_mistakes_none_is_called_right_and_the_line_is_told(
    request: pytest.FixtureRequest, tmp_path: Path
):
    """And nothing before the mistake is accused. How often the line is right is told with -rP."""
    problems = request.config.getoption("--problems")
    number = len(PLANTS) if problems >= ALL else LARGE if problems >= 2000 else SAMPLE
    sample = random.Random(SEED).sample(PLANTS, number)
    found = [judged(plant, tmp_path) for plant in sample]
    told = sum(j.at_the_line for j in found)
    print(f"the line is right for {told} of {len(found)}")
    for judgement in found:
        if not judgement.at_the_line:
            print(f"  {judgement}")
    assert [str(j) for j in found if j.report.right] == []
    assert [(str(j), accused_upstream(j)) for j in found if accused_upstream(j)] == []
    assert told >= min(SHARE * len(found), len(found) - 1)
