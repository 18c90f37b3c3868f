"""Every README: what it links to exists, its code runs, and its output is what is printed now.

A fenced block is one of these:

    console   `$ command` and what it prints; a line of `…` stands for any number of lines. What
              rounding and the machine decide (1.23e-16, 15.4%, [3, 1], 2.5 ms) is not compared.
    python    runs, after the blocks before it; or is indented, and stands so in a source file.
    sh        commands that .ci/run executes, word for word.
    text, mermaid, csv, html    shown, not run.

A block below a line `<!-- slow -->` runs with --slow alone.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from compare.__main__ import main

ROOT = Path(__file__).parents[1]
READMES = sorted(
    path
    for path in (*ROOT.glob("*.md"), *ROOT.glob("*/**/*.md"))
    if not any(part.startswith(".") or part == "build" for part in path.relative_to(ROOT).parts)
)
README = (ROOT / "README.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^(<!-- slow -->\n)?```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHOWN = ("text", "mermaid", "csv", "html")


class Block(NamedTuple):
    file: Path
    number: int
    language: str
    text: str
    slow: bool

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}-{self.number}"


def blocks(language: str) -> list[Block]:
    return [
        Block(file, number, match[2], match[3], bool(match[1]))
        for file in READMES
        for number, match in enumerate(FENCE.finditer(file.read_text(encoding="utf-8")), 1)
        if match[2] == language
    ]


@pytest.mark.parametrize("file", READMES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_block_says_what_it_is_and_every_link_leads_somewhere(file: Path):
    text = file.read_text(encoding="utf-8")
    assert {match[2] for match in FENCE.finditer(text)} <= {"console", "python", "sh", *SHOWN}
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", re.sub(FENCE, "", text))
    links = [link for link in links if not link.startswith("http")]
    assert [link for link in links if not (file.parent / link).exists()] == []


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the commands run, one after the other: files that one writes, the next one reads."""
    there = tmp_path_factory.mktemp("readme")
    for name in ("compare", "manual", "torch_ref", "tests"):
        (there / name).symlink_to(ROOT / name)
    return there


@pytest.mark.parametrize("block", blocks("console"), ids=str)
def test_a_command_prints_what_is_shown(
    block: Block,
    folder: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    if block.slow and not request.config.getoption("--slow"):
        pytest.skip("takes minutes: run it with --slow")
    monkeypatch.chdir(folder)
    for command, shown in commands(block.text):
        python, dash_m, module, *arguments = shlex.split(command)
        assert (python, dash_m, module) == ("python", "-m", "compare")
        main(arguments)  # in this process, where PyTorch is loaded already
        printed = capsys.readouterr()
        assert matches(shown, printed.out + printed.err), f"$ {command}\n{printed.out}"


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Each command of a console block, and the output below it."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown


def matches(shown: str, printed: str) -> bool:
    pattern = "\n".join(
        r"(?s:.*)" if line.strip() == "…" else re.escape(line) for line in comparable(shown)
    )
    return re.fullmatch(pattern, "\n".join(comparable(printed))) is not None


def comparable(text: str) -> list[str]:
    """The lines without what rounding and the machine decide, and without alignment."""
    for pattern, name in (
        (r"\d(\.\d+)?e[-+]\d+", "E"),
        (r"\d+(\.\d+)?%", "%"),
        (r"\[\d+(, \d+)*\]", "[]"),
        (r"step \d+ was closest", "step K was closest"),
        (r"(E|alarm) +[1-9]\d*$", r"\1 K"),  # how many right answers a rule accuses, unless none
        (r"\d+(\.\d+)? (ns|µs|us|ms|s)\b", "T"),
        (r"\d+\.\d+(\+cpu|\+cu\d+)?\.?\d*(\+cpu|\+cu\d+)?(?=, spelling)", "V"),
    ):
        text = re.sub(pattern, name, text, flags=re.MULTILINE)
    return [" ".join(line.split()) for line in text.rstrip().splitlines()]


@pytest.mark.parametrize(
    "file", sorted({b.file for b in blocks("python")}), ids=lambda f: str(f.relative_to(ROOT))
)
def test_its_python_runs_or_stands_in_a_source_file(file: Path, monkeypatch: Any, folder: Path):
    monkeypatch.chdir(folder)
    sources = [p.read_text(encoding="utf-8") for p in ROOT.glob("manual/*.py")]
    namespace: dict[str, Any] = {"__name__": "readme"}
    for block in blocks("python"):
        if block.file == file and block.text.startswith(" "):
            assert any(block.text in source for source in sources)
        elif block.file == file:
            exec(compile(block.text, str(block), "exec"), namespace)


def test_there_are_exactly_two_set_up_commands():
    assert len(re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)) == 2


def test_the_first_page_is_a_page():
    assert len(README.splitlines()) <= 160


def test_the_heart_of_the_backward_pass_is_shown_as_it_stands():
    heart = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert heart is not None
    assert heart[1] in (ROOT / "manual" / "network.py").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("z1  1.2e-16  ok", "z1     8.8e-15  ok", True),
        ("z1  1.2e-16  ok", "z1  1.2e-16  DIFFERS", False),
        ("first\n…\nlast", "first\nany\nmore\nlast", True),
        ("first\n…\nlast", "first\nany\nmore", False),
        ("18 nodes", "19 nodes", False),
        ("took 1.5 ms", "took 20 µs", True),
    ],
)
def test_only_what_rounding_and_the_machine_decide_may_differ(shown: str, printed: str, same: bool):
    assert matches(shown, printed) is same
