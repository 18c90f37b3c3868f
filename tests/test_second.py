"""The second set of learners' files: right ones, and mistakes of all kinds in thirteen styles."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from compare.checker.check import check_file
from compare.checker.lines import ANCESTORS
from compare.checker.records import Finding
from compare.checker.report import Report
from compare.checker.statements import statements
from tests.learners_files.second import BASES, PAIRS, RIGHT, WRONG, Case
from tests.test_planted import told_line

SEED, SEARCH = 3, 1.0
SOLUTIONS = RIGHT | BASES


def checked(name: str, text: str, folder: Path) -> Report:
    suffix = ".ipynb" if name.startswith("notebook") else ".py"
    file = folder / (name + suffix)
    file.write_text(as_notebook(text) if suffix == ".ipynb" else text, encoding="utf-8")
    return check_file(file, seed=SEED, search=SEARCH)


def as_notebook(text: str) -> str:
    cells = text.removeprefix("# %%\n").removesuffix("\n").split("\n\n# %%\n")
    code = [{"cell_type": "code", "metadata": {}, "source": cell} for cell in cells]
    return json.dumps({"cells": code, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def lines_of(case: Case) -> set[int]:
    """The lines with the mistake, the one in which it shows, and where their statements begin."""
    lines = {case.line, case.shows or case.line, case.second[0] if case.second else case.line}
    known = {} if case.name.startswith("notebook") else statements(case.text)
    return lines | {known[line].first for line in lines if line in known}


def in_the_text(finding: Finding, text: str) -> int | None:
    """The line; a notebook's is told by cell, and each of its cells has a line `# %%` before it."""
    marks = [at for at, line in enumerate(text.splitlines(), 1) if line == "# %%"]
    if finding.line is None or finding.cell is None:
        return finding.line
    return marks[finding.cell - 1] + finding.line


def planted_in(case: Case) -> set[str]:
    return {case.quantity, *case.also, *([case.second[1]] if case.second else [])}


def accused_before(case: Case, report: Report) -> list[str]:
    """What no mistake is before, and is called wrong or inherited all the same."""
    places = planted_in(case)
    clean = [q for q in ANCESTORS[case.quantity] if not places & {q, *ANCESTORS[q]}]
    words = {q.name: q.verdict for q in report.quantities}
    named = {f.quantity for f in report.mistakes if f.id != "missing"}
    return [q for q in clean if words.get(q) in ("wrong", "inherited") or q in named]


def accused_besides(case: Case, report: Report) -> list[str]:
    """Quantities at which a mistake is named, and none is."""
    named = {f.quantity for f in report.mistakes if f.id != "missing"}
    return sorted(named - planted_in(case))


@pytest.fixture(scope="module")
def at_the_line() -> Iterator[dict[str, bool]]:
    """Whether the first line told was right, by case; the share is shown with -rP."""
    found: dict[str, bool] = {}
    yield found
    print(f"the line is right for {sum(found.values())} of {len(found)}")
    print("\n".join(f"  not for {name}" for name, right in found.items() if not right))


@pytest.mark.sampled(14)
@pytest.mark.parametrize("name", SOLUTIONS)
def test_a_right_file_is_right_whatever_its_style(name: str, tmp_path: Path):
    report = checked(name, SOLUTIONS[name], tmp_path)
    assert report.right, str(report)
    assert [(f.quantity, f.title) for f in report.mistakes] == []


@pytest.mark.sampled(30)
@pytest.mark.parametrize("case", WRONG + PAIRS, ids=lambda case: case.name)
def test_a_mistake_is_never_right_and_no_other_quantity_is_named(
    case: Case, tmp_path: Path, at_the_line: dict[str, bool]
):
    report = checked(case.name, case.text, tmp_path)
    first = next((f for f in report.mistakes if f.id != "missing"), None)
    told = told_line(report) if first is None else in_the_text(first, case.text)
    at_the_line[case.name] = told in lines_of(case)
    print(f"{case.quantity} at {case.line}: told {told}")
    for found in report.mistakes:
        print(f"  {found.quantity} at {found.line}: {found.title}; {found.evidence}")
    assert not report.right
    assert accused_before(case, report) == []
    assert accused_besides(case, report) == []
