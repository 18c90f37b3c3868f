"""manual/README.md: the derivation shows the code as it stands."""

import inspect
import re
from pathlib import Path

import manual.network
from manual import backward

NOTES = (Path(manual.network.__file__).parent / "README.md").read_text(encoding="utf-8")
DERIVATION = re.search(r"^## The derivation$(.*?)^### All of it", NOTES, re.DOTALL | re.MULTILINE)


def lines_shown() -> list[str]:
    assert DERIVATION is not None
    blocks = re.findall(r"```python\n(.*?)```", DERIVATION[1], re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def test_every_line_that_it_shows_stands_in_the_code():
    code = [line.strip() for line in inspect.getsource(manual.network).splitlines()]
    assert [line for line in lines_shown() if line not in code] == []


def test_every_step_of_the_backward_pass_is_derived():
    steps = re.findall(r"^    (d\w+ = .*)$", inspect.getsource(backward), re.MULTILINE)
    assert len(steps) == 7
    assert [step for step in steps if step not in lines_shown()] == []
