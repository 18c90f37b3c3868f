"""compare/cli/side_by_side.py: helpers that die cost one item, and end with the run."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from compare.cli.side_by_side import side_by_side
from tests.learners import HEAD, source

pytestmark = pytest.mark.started_anew


def work(item: int) -> str:
    if item % 4 == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return f"{item} done"


def failed(item: int, ending: str) -> str:
    return f"{item}: {ending}"


def test_results_come_in_order_and_a_helper_that_dies_costs_its_item():
    results = list(side_by_side(work, range(7), 3, failed))
    died = "the process that judged it ended: exit status -9"
    assert results == ["0 done", f"1: {died}", "2 done", "3 done", "4 done", f"5: {died}", "6 done"]


def children() -> str:
    file = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    return file.read_text() if file.exists() else ""


def test_an_end_in_the_middle_leaves_no_helper():
    before = children()
    results = side_by_side(work, [0, 2, 4, 6], 2, failed)
    assert next(results) == "0 done"
    results.close()  # type: ignore[attr-defined]  # of the generator
    assert children() == before


@pytest.fixture
def endless(tmp_path: Path) -> list[Path]:
    """Three files that never end and have started something in a session of its own."""
    text = (
        "import subprocess\n"
        + HEAD
        + (
            f"    subprocess.Popen(['sleep', '{10**7 + os.getpid()}'], start_new_session=True)\n"
            "    while True: pass\n"
        )
    )
    files = [tmp_path / f"{i}.py" for i in range(3)]
    for file in files:
        file.write_text(text)
    return files


def left(tmp_path: Path) -> list[str]:
    found = [str(path) for path in (tmp_path / "temporary").iterdir()]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(tmp_path) in command or f"sleep\0{10**7 + os.getpid()}" in command:
            found.append(command)
    return found


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere grandchildren may stay")
def test_a_run_that_is_ended_leaves_nothing(
    tmp_path: Path, endless: list[Path], ending: signal.Signals
):
    (tmp_path / "temporary").mkdir()
    run = subprocess.Popen(
        [sys.executable, "-m", "compare", "check", "--timeout", "60", *map(str, endless)],
        env=os.environ | {"TMPDIR": str(tmp_path / "temporary")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    deadline = time.monotonic() + 20
    while not any("sleep" in command for command in left(tmp_path)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    run.send_signal(ending)
    output, _ = run.communicate(timeout=20)
    assert output == b""
    assert run.returncode == (130 if ending == signal.SIGINT else -ending)
    deadline = time.monotonic() + 5
    while left(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left(tmp_path) == []


def test_a_file_that_ends_its_processes_is_one_line_among_others(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    from compare.__main__ import main

    texts = {
        "a.py": source(),
        "b.py": "import os\n" + HEAD + "    os.kill(os.getppid(), 9)\n    while True: pass\n",
        "c.py": "import os\n" + HEAD + "    os.kill(os.getpid(), 40)\n",
        "d.py": source(),
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    assert main(["check", "--jobs", "2", *(str(tmp_path / name) for name in texts)]) == 1
    lines = capfd.readouterr().out
    assert "(SIGKILL)" in lines
    assert "(signal 40)" in lines
    assert "\n2 of 4 right, 2 failed." in lines
