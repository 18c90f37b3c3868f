"""compare/cli/progress.py: shown to a person who waits, and to nobody else."""

import pytest

from compare.cli import progress
from compare.cli.progress import Progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_appears_after_two_seconds_on_a_terminal_only(
    terminal: bool,
    clock: list[float],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal, raising=False)
    with Progress("step", 9) as shown:
        clock[0] = 1.9
        shown(1)
        assert capsys.readouterr().err == ""
        clock[0] = 2.1
        shown(2)
        assert ("step 2 of 9, about 7 s left" in capsys.readouterr().err) is terminal
    assert capsys.readouterr() == ("", "\r\033[K" if terminal else "")
