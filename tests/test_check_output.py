"""What `check` prints and writes: for a person at a terminal of 80 columns, and for a class."""

import ast
import csv
import json
import os
import typing
from pathlib import Path

import numpy as np
import pytest

import compare.checker
from compare.__main__ import main
from compare.checker import records
from compare.checker.catalogue import CATALOGUE, Mistake
from compare.checker.check import check_file
from compare.checker.edges import edge
from compare.checker.example import example, example_data
from compare.checker.glossary import BATCHES, OTHERS, WORDS, glossary_text, ids
from compare.checker.grades import overall, report_data, score, summary_text
from compare.checker.html import PAGE, report_html
from compare.checker.probes import probes
from compare.checker.records import Finding, Judged
from compare.checker.report import Report
from compare.checker.words import finding_words
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
    assert lines[at + 1].strip().startswith("the sign is swapped, as in Y_ind - P: -1.0 times")
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


def test_every_batch_has_an_explanation():
    assert set(BATCHES) == set(probes(0))


@pytest.mark.parametrize("mistake", CATALOGUE, ids=lambda mistake: mistake.id)
def test_a_title_has_no_colon_since_one_comes_after_it(mistake: Mistake):
    lines = [line for quantity in mistake.places for line in mistake.wrong_lines(quantity)]
    titles = {mistake.title, *map(mistake.title_of, lines)}
    words = [finding_words(edge("P", mistake.id, ""), "what") for _ in mistake.edge_in[:1]]
    assert [t for t in titles if ": " in t] == []
    assert [w for w in words if w.count(": ") > 1] == []


def test_the_sample_that_is_left_out_is_named():
    left_out = next(m for m in CATALOGUE if m.id == "sample-left-out")
    titles = [left_out.title_of(line) for line in left_out.wrong_lines("dz2")]
    assert titles == ["the last sample is left out", "the first sample is left out"]


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
    assert main(["check", "--list", "--json"]) == 0
    lists = json.loads(capsys.readouterr().out)
    assert list(lists) == ["verdicts", "findings", "batches"]
    assert lists["findings"] == ids()


# The example


def test_an_example_comes_before_the_verdict_and_is_data_in_json(tmp_path: Path, capsys: Capture):
    command = ["check", str(wrong_file(tmp_path)), "--seed", "1", "--example"]
    assert main(command) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "  dz2 on 3 samples, 2 features, 3 units, 2 classes" in lines
    assert lines[-1] == "Fix dz2 first. (--seed 1)"
    assert main([*command, "--json", "--hint", "where"]) == 1
    (data,) = json.loads(capsys.readouterr().out)
    assert np.allclose(data["example"]["yours"], np.negative(data["example"]["right"]))
    (mistake,) = data["mistakes"]
    assert (mistake["quantity"], mistake["line"]) == ("dz2", 38)
    assert mistake["id"] is mistake["title"] is mistake["evidence"] is None


EXAMPLES = {
    "beyond 6": ("a1", "a1 = np.clip(z1, 0, 6)"),
    "exactly at 0": ("dz1", "dz1 = da1 * (z1 >= 0)"),
    "overflow": ("P", "P = np.exp(z2) / np.exp(z2).sum(axis=1, keepdims=True)"),
    "what raises": ("da1", "da1 = dz2 @ W2"),
}


@pytest.mark.parametrize("case", EXAMPLES)
def test_an_example_shows_a_difference(case: str):
    quantity, line = EXAMPLES[case]
    found = example([Finding(quantity, "edited", "yours is", "", wrong_line=line)])
    assert found is not None
    assert found.differs
    assert "*" in str(found) or found.error
    assert max(map(len, str(found).splitlines())) <= 78
    json.dumps(example_data(found), allow_nan=False)


@pytest.mark.parametrize(
    ("line", "said"),
    [("", "no formula is known"), ("dz2 = (P - Y_ind) / min(N, 200)", "three samples does not")],
)
def test_why_there_is_no_example_is_said(line: str, said: str):
    finding = Finding("dz2", "edited", "yours is", "", wrong_line=line)
    report = Report("x", (Judged("dz2", "wrong"),), (finding,), with_example=True)
    assert "No example: " in str(report)
    assert said in str(report)


# A class


def one(name: str, *findings: Finding, error: str = "", **verdicts: records.Word) -> Report:
    judged = tuple(Judged(quantity, word) for quantity, word in verdicts.items())
    return Report(name, judged, findings, error)


NO_MEAN, SIGN, MASK = (
    Finding(quantity, id, title, "")
    for quantity, id, title in (
        ("dz2", "no-mean", "the 1/N is missing"),
        ("dz2", "sign", "the sign is swapped"),
        ("dz1", "mask-missing", "the ReLU's mask is missing"),
    )
)
CLASS = [
    one("a.py", NO_MEAN, dz2="wrong", dW2="inherited"),
    one("b.py", NO_MEAN, dz2="wrong", dW2="inherited"),
    one("c.py", SIGN, dz2="wrong", dW2="inherited"),
    one("d.py", MASK, dz2="right", dz1="wrong"),
    one("e.py", Finding("dW2", "missing", "it was not returned", ""), dz2="right", dW2="missing"),
    one("f.py", error="no such file"),
    one("g.py", dz2="right", dW2="right", dz1="unseen"),
]


def test_the_summary_counts_what_is_not_right_and_leaves_no_mistake_out():
    assert summary_text(CLASS, "what").splitlines()[4:] == [
        "e.py  to do: dW2",
        "f.py  failed: no such file",
        "g.py  right",
        "1 of 7 right, 4 wrong, 1 to do, 1 failed.",
        "  2 of 7: the 1/N is missing",
        "  in one file alone: 2 other mistakes",
    ]
    assert summary_text(CLASS, "where").splitlines()[3:] == [
        "d.py  wrong: dz1",
        "e.py  to do: dW2",
        "f.py  failed: no such file",
        "g.py  right",
        "1 of 7 right, 4 wrong, 1 to do, 1 failed.",
    ]


def test_a_score_is_out_of_what_was_judged():
    scores = {report.name: (*score(report), overall(report)) for report in CLASS}
    assert scores["a.py"] == (1, 2, "wrong")
    assert scores["e.py"] == (1, 2, "to do")
    assert scores["f.py"] == (0, 13, "failed")
    assert scores["g.py"] == (2, 2, "right")


ERROR = "ValueError: operands could not be broadcast together with shapes (9,5) (5,9), at line 7"


@pytest.mark.parametrize(("name", "widest"), [("folder/mine.py", 80), ("f" * 90, 90 + 2 + 20)])
def test_what_is_said_of_a_file_keeps_to_80_columns_and_loses_no_word(name: str, widest: int):
    *lines, _ = summary_text([one(name, error=ERROR)], "what").splitlines()
    assert len(lines) > 1
    assert len(lines[0]) <= widest
    assert max(map(len, lines[1:])) <= 80
    assert " ".join(" ".join(lines).split()) == f"{name} failed: {ERROR}"


def test_with_the_hint_where_the_grades_name_no_mistake(tmp_path: Path, capsys: Capture):
    command = ["check", str(wrong_file(tmp_path)), "--search", "0", "--csv", "-"]
    for hint, first in (("what", "dz2 (sign)"), ("where", "dz2")):
        assert main([*command, "--hint", hint]) == 1
        (row,) = csv.DictReader(capsys.readouterr().out.splitlines())
        assert row["first mistake"] == first


@pytest.mark.parametrize("number", [1, 2])
def test_data_has_an_object_for_each_file_that_is_not_there(number: int, capsys: Capture):
    files = ["nowhere.py", "neither.py"][:number]
    assert main(["check", *files, "--json"]) == 2
    printed = capsys.readouterr()
    assert [data["file"] for data in json.loads(printed.out)] == files
    assert printed.err == ""


def test_the_place_of_what_was_not_returned_is_not_known(wrong: Report):
    places = {q["name"]: q["at"] for q in report_data(wrong)["quantities"]}
    assert places["dz2"] is None
    assert places["loss"] == []
    assert len(places["dW2"]) == 2


def test_a_report_is_a_line_where_python_shows_a_value(wrong: Report):
    assert repr(wrong) == f"<Report on {wrong.name}: Fix dz2 first. (--seed 1)>"


def test_where_nothing_is_wrong_there_is_no_example():
    assert "No example: nothing is wrong." in str(
        Report("x", (Judged("dz2", "right"),), (), with_example=True)
    )


def test_the_line_that_is_no_python_is_told(tmp_path: Path):
    file = tmp_path / "mine.py"
    file.write_text(ONE_HOT.replace("(probs - labels) / N", "(probs - labels / N"))
    report = check_file(file)
    data = report_data(report)
    assert f"at line {data['error_line']}: dscores = (probs" in data["error"]
    assert "the notes have next" not in str(report)
    assert f"class='raised'><td>{data['error_line']}</td>" in report_html(report)


# Options and files


@pytest.mark.parametrize(
    "order",
    ["{} {} --seed 1 --strict", "--seed 1 {} --strict {}", "{} --seed 1 {} --strict"],
)
def test_files_and_options_come_in_any_order(
    order: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
):
    seen = []
    monkeypatch.setattr(
        "compare.cli.check.check_file",
        lambda path, timeout, strict, seed, *rest: (
            seen.append((path, strict, seed)) or Report(str(path), (), (), "not run")
        ),
    )
    files = [RIGHT, RIGHT.with_name("06_einsum.py")]
    assert main(["check", "--jobs", "1", *order.format(*files).split()]) == 2
    assert seen == [(file, True, 1) for file in files]
    assert capsys.readouterr().err == ""


def test_a_file_whose_name_begins_like_an_option_is_taken_after_two_dashes(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    assert main(["exercise", "--output=-x.py"]) == 0
    *_, name = capsys.readouterr().out.split()
    assert name == "./-x.py"
    for files in ([name], ["--", "-x.py"]):
        assert main(["check", *files]) == 1
        assert capsys.readouterr().out.startswith("-x.py\n")


def test_a_page_may_be_printed(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert main(["check", str(RIGHT), "--html", "-"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith(PAGE)
    assert printed.out.endswith("</html>\n")
    assert printed.err == ""
    assert [*tmp_path.iterdir()] == []


def test_the_grades_may_be_printed(tmp_path: Path, capsys: Capture):
    assert main(["check", str(RIGHT), "nowhere.py", "--csv", "-"]) == 1
    right, missing = csv.DictReader(capsys.readouterr().out.splitlines())
    assert (right["verdict"], right["score"]) == ("remark", right["of"])
    assert (missing["verdict"], missing["seed"]) == ("failed", "")
    assert missing["error"] == "expected a Python file, got no such file"


@pytest.mark.parametrize(
    ("texts", "status"),
    [(["RIGHT", ""], 1), (["", ""], 2), (["", None], 2), ([None, None], 2), (["None"], 1)],
    ids=["one of two", "nothing in two", "one missing", "two missing", "to do"],
)
def test_the_exit_status_is_2_only_where_nothing_could_be_judged(
    texts: list[str | None], status: int, tmp_path: Path
):
    files = []
    for number, text in enumerate(texts):
        files.append(tmp_path / f"{number}.py")
        if text is not None:
            code = source() if text == "RIGHT" else text
            head = "def backward(X, y, W1, b1, W2, b2, reg): return {'dW1': None}\n"
            files[-1].write_text(head if code == "None" else code)
    assert main(["check", "--search", "0", *map(str, files)]) == status


def test_a_fault_of_the_checker_is_told_as_one_and_the_other_files_are_judged(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
):
    def failing(path: Path, *args: object) -> Report:
        if path.name == "odd.py":
            raise IndexError("no such row")
        return check_file(path, *args)  # type: ignore[arg-type]

    monkeypatch.setattr("compare.cli.check.check_file", failing)
    for name in ("odd.py", "right.py"):
        (tmp_path / name).write_text(source())
    files = [str(tmp_path / name) for name in ("odd.py", "right.py")]
    assert main(["check", *files, "--jobs", "1"]) == 1
    text = " ".join(capsys.readouterr().out.split())
    assert "a fault of the checker, not of this file: IndexError: no such row (test_check" in text
    assert "1 of 2 right" in text
    assert main(["check", files[0]]) == 2
    assert "IndexError: no such row" in capsys.readouterr().out


def test_feedback_does_not_write_over_what_is_not_its_own(tmp_path: Path, capsys: Capture):
    mine = tmp_path / "02_only_gradients.report.txt"
    mine.write_text("my notes")
    command = ["check", str(RIGHT), "--feedback", str(tmp_path)]
    assert main(command) == 2
    assert "expected reports of before" in capsys.readouterr().err
    mine.unlink()
    assert main(command) == 0
    assert capsys.readouterr().err == f"Written: {tmp_path}\n"
    assert main(command) == 0


def test_a_row_of_the_grades_has_the_seed_with_which_it_can_be_had_again(tmp_path: Path):
    grades = tmp_path / "grades.csv"
    for _ in range(2):  # and what an earlier run wrote is written anew
        assert main(["check", str(RIGHT), str(wrong_file(tmp_path)), "--csv", str(grades)]) == 1
    with grades.open(encoding="utf-8", newline="") as file:
        right, second = csv.DictReader(file)
    assert right["seed"] == second["seed"]
    assert right["seed"].isdecimal()
    assert second["first mistake"] == "dz2 (sign)"


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
        (["--csv", "."], "--csv: expected a file, got ., a folder"),
        (["--csv", "-", "--json"], "--csv: expected a file beside --json"),
        (["--html", "-", "--json"], "--html: expected a file beside --json"),
        (["--csv", "-", "--html", "-"], "--html: expected a file beside --csv -"),
        (["--feedback", "-"], "--feedback: expected a folder, got -"),
        (["--feedback", "new", "--html", "a.html"], "--html: expected no name beside --feedback"),
        (["--list"], "--list: expected no file and nothing to write beside it, got "),
        ([""], "FILE: expected the name of a file, got ''"),
        (["--csv", ""], "--csv: expected the name of a file, got ''"),
        (["--html", "."], "--html: expected a file, got ., a folder"),
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
