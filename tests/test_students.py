"""Forty right files in as many styles, and eight that are right on ordinary batches only."""

from pathlib import Path

import pytest

from compare.checker.check import check_file

FILES = Path(__file__).parent / "learners_files"
RIGHT = sorted((FILES / "right").glob("*.py"))
WITH_EDGE = sorted((FILES / "right_with_edge").glob("*.py"))
SEED = 17


def sample(files: list[Path], step: int, request: pytest.FixtureRequest) -> list[Path]:
    """Some of them in the suite; all with --problems 2000."""
    return files if request.config.getoption("--problems") >= 2000 else files[::step]


def test_a_right_file_is_called_right_and_nothing_in_it_wrong(request: pytest.FixtureRequest):
    assert len(RIGHT) == 40
    for file in sample(RIGHT, 8, request):
        report = check_file(file, seed=SEED)
        assert report.right, str(report)
        assert report.edges == (), str(report)
        assert {q.verdict for q in report.quantities} <= {"right", "unseen", "remark"}, str(report)


def test_a_file_that_is_right_on_ordinary_batches_has_an_edge(request: pytest.FixtureRequest):
    assert len(WITH_EDGE) == 8
    for file in sample(WITH_EDGE, 4, request):
        report = check_file(file, seed=SEED)
        assert report.right, str(report)
        assert report.edges, str(report)
        assert not {q.verdict for q in report.quantities} & {"wrong", "inherited"}, str(report)
