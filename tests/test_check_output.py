"""What `check` prints and writes: for a person at a terminal of 80 columns, and for a class."""

import ast
import csv
import os
import typing
from pathlib import Path

import pytest

import compare.checker
from compare.__main__ import main
from compare.checker import records
from compare.checker.check import check_file
from compare.checker.glossary import OTHERS, WORDS, glossary_text, ids
from compare.checker.report import Report
from tests.learners import PLANTS, source

Capture = pytest.CaptureFixture[str]
HERE = Path(__file__).parent / "learners_files"
RIGHT = HERE / "right" / "02_only_gradients.py"
ONE_HOT = (HERE / "right" / "cs231n_one_hot.py").read_text(encoding="utf-8")


def wrong_file(folder: Path) -> Path:
    file = folder / "wrong.py"
    file.write_text(ONE_HOT.replace("(probs - labels) / N", "(labels - probs) / N"))
    return file


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return check_file(wrong_file(tmp_path_factory.mktemp("wrong")), seed=1)


@pytest.mark.parametrize("name", ["right/14_layer_objects", "right_with_edge/01_global_maximum"])
def test_no_line_of_a_report_is_wider_than_80_columns(name: str):
    text = str(check_file(HERE / f"{name}.py", seed=1)).partition("\n")[2]
    assert max(map(len, text.splitlines())) <= 80


def test_what_is_said_of_a_wrong_line_stands_below_it(wrong: Report):
    lines = str(wrong).splitlines()
    at = next(i for i, line in enumerate(lines) if line.endswith("dz2    wrong"))
    assert lines[at].split()[0] == "38"
    assert lines[at + 1].strip().startswith("the sign is swapped: Y_ind - P")
    assert max(map(len, lines[1:])) <= 80
    assert lines[-1].startswith("Fix dz2 first. (--seed ")


def test_another_convention_stands_below_the_table_once(wrong: Report):
    text = str(wrong)
    assert text.count("a bias without its row axis") == 1
    assert text.index("db2, db1: a bias") > text.index("db1    inherited")


def test_gradients_alone_and_all_right_make_a_report_of_four_lines(tmp_path: Path):
    file = tmp_path / "mine.py"
    file.write_text(source(everything=False))
    _, returned, seen, verdict = str(check_file(file, seed=1)).splitlines()
    assert returned == "  dW2, db2, dW1, db1: right"
    assert seen.endswith("right in your code, too")
    assert verdict == "All right."


def test_a_right_value_made_of_the_learners_own_is_said_to_be(tmp_path: Path):
    file = tmp_path / "mine.py"
    text = source().replace("dscores = (probs - onehot) / n", "dscores = probs - onehot")
    file.write_text(text.replace("np.sum(dhin, axis=0", "np.sum(dhin**3, axis=0"))
    said = " ".join(str(check_file(file, seed=1, search=0)).split())
    assert "on your own dz1, gives" in said


def test_a_forward_pass_that_is_given_leaves_all_after_it_to_do(tmp_path: Path, capsys: Capture):
    file = tmp_path / "mine.py"
    assert main(["exercise", "--given", "forward", "-o", str(file)]) == 0
    assert main(["check", str(file)]) == 1
    *rows, last = capsys.readouterr().out.splitlines()
    assert [row.split()[-3:] for row in rows if row.endswith("to do")] == [
        [q, "to", "do"] for q in ("dz2", "dW2", "db2", "da1", "dz1", "dW1", "db1")
    ]
    assert last == "To do: dz2, dW2, db2, da1, dz1, dW1, db1."


# The glossary


def test_every_verdict_has_a_meaning():
    assert set(WORDS) == set(typing.get_args(records.Word))


def test_every_finding_that_the_checker_makes_is_in_the_glossary():
    made = set()
    for file in Path(compare.checker.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Finding", "edge"):
                made |= {a.value for a in node.args[1:2] if isinstance(a, ast.Constant)}
    assert "flat-bias" in made
    assert made <= set(ids())
    assert set(OTHERS) <= set(ids())


def test_the_glossary_is_printed_without_any_file(capsys: Capture):
    assert main(["check", "--list"]) == 0
    text = capsys.readouterr().out
    assert text == f"{glossary_text()}\n"
    assert max(map(len, text.splitlines())) <= 80
    assert "  no-mean                 the 1/N is missing" in text


# A class


def test_a_row_of_the_grades_has_the_seed_with_which_it_can_be_had_again(tmp_path: Path):
    grades = tmp_path / "grades.csv"
    for _ in range(2):  # and what an earlier run wrote is written anew
        assert main(["check", str(RIGHT), str(wrong_file(tmp_path)), "--csv", str(grades)]) == 1
    with grades.open(encoding="utf-8", newline="") as file:
        right, second = csv.DictReader(file)
    assert right["seed"] == second["seed"]
    assert right["seed"].isdecimal()
    assert second["first mistake"] == "sign"


def test_reports_on_files_of_one_name_are_told_apart_by_their_folders(tmp_path: Path):
    files = []
    for student in ("anna", "ben"):
        folder = tmp_path / student
        folder.mkdir()
        files.append(folder / "hw.py")
        files[-1].write_text(source(PLANTS[0]))
    feedback = tmp_path / "feedback"
    assert main(["check", *map(str, files), "--feedback", str(feedback), "--search", "0"]) == 1
    written = sorted(file.name for file in feedback.iterdir())
    assert written == ["anna_hw.report.txt", "ben_hw.report.txt"]
    assert "anna" in (feedback / written[0]).read_text(encoding="utf-8").splitlines()[0]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--csv", "no/such/grades.csv"], "--csv: expected a file in a folder that exists"),
        (["--csv", "notes.txt"], "--csv: expected a new file, or a report of before"),
        (["--html", "notes.txt"], "--html: expected a new file, or a report of before"),
        (["--html", "."], "--html: expected a file in a folder that exists"),
        (["--feedback", "notes.txt"], "--feedback: expected a folder, got notes.txt, a file"),
    ],
    ids=lambda case: " ".join(case) if isinstance(case, list) else "",
)
def test_a_bad_place_is_refused_before_anything_is_judged(
    options: list[str],
    said: str,
    tmp_path: Path,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.chdir(tmp_path)
    Path("notes.txt").write_text("mine")
    monkeypatch.setattr("compare.cli.check.check_file", pytest.fail)
    assert main(["check", str(RIGHT), *options]) == 2
    assert said in capsys.readouterr().err
    assert Path("notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (os.devnull, "expected a Python file, got something that is no file"),
        (".", "expected a Python file, got a directory"),
        ("grades.csv", "expected a .py or .ipynb file, got another"),
        ("nothing.py", "expected a Python file, got no such file"),
    ],
)
def test_what_is_no_learners_file_is_one_line_and_exit_status_2(
    file: str, said: str, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    Path("grades.csv").write_text("file,score\n")
    assert main(["check", file]) == 2
    assert capsys.readouterr() == ("", f"compare: {file}: {said}\n")
