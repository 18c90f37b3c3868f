"""A file that is filled in step by step: what is wrong comes first, and the rest is to do."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from compare.__main__ import main
from compare.checker.check import check_file
from compare.checker.exercise import exercise
from compare.checker.grades import report_data, summary
from compare.checker.html import report_html, report_page
from compare.checker.lines import STEPS
from compare.checker.report import Report

Capture = pytest.CaptureFixture[str]


def filled(first: str, *lines: str) -> str:
    """The exercise with all before `first` given, and the learner's lines from there on."""
    text = exercise("mine.py", first)
    for line in lines:
        name = line.split(" = ")[0]
        begin = text.index(f"    {name} = None")
        text = text[:begin] + f"    {line}" + text[text.index("\n", begin) :]
    return text


def judged(folder: Path, text: str, strict: bool = False, search: float = 0) -> Report:
    file = folder / "mine.py"
    file.write_text(text, encoding="utf-8")
    return check_file(file, seed=1, search=search, strict=strict)


class Step(NamedTuple):
    first: str  # the step from which on the learner writes
    lines: tuple[str, ...]
    wrong: str  # quantities
    to_do: str


AFTER_DZ2 = "dW2 db2 da1 dz1 dW1 db1"
WRONG = {
    "the bias in z1 forgotten": Step("z1", ("z1 = X @ W1",), "z1", " ".join(STEPS[1:])),
    "tanh for the ReLU": Step("a1", ("a1 = np.tanh(z1)",), "a1", " ".join(STEPS[2:])),
    "one sum for the whole softmax": Step(
        "P", ("P = np.exp(z2) / np.exp(z2).sum()",), "P", " ".join(STEPS[4:])
    ),
    "classes counted from 1": Step(
        "Y_ind", ("Y_ind = np.eye(C)[y - 1]",), "Y_ind", f"loss dz2 {AFTER_DZ2}"
    ),
    "the 1/N forgotten": Step("dz2", ("dz2 = P - Y_ind",), "dz2", AFTER_DZ2),
    "the 1/N forgotten in da1": Step(
        "da1", ("da1 = (P - Y_ind) @ W2.T",), "da1", "dz1 dW1 db1"
    ),
    "the mask forgotten": Step("dz1", ("dz1 = da1",), "dz1", "dW1 db1"),
    "the mask alone": Step("dz1", ("dz1 = np.where(z1 > 0, 1, 0)",), "dz1", "dW1 db1"),
    "two gradients wrong, two not written": Step(
        "dW2", ("dW2 = a1.T @ dz2", "db2 = dz2.mean(axis=0, keepdims=True)"), "dW2 db2",
        "da1 dz1 dW1 db1",
    ),
    "the last but one wrong": Step(
        "dW1", ("dW1 = X.T @ dz1 + 2 * reg * W1",), "dW1", "db1"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_step_is_wrong_and_comes_first_and_the_rest_is_to_do(name: str, tmp_path: Path):
    step = WRONG[name]
    report = judged(tmp_path, filled(step.first, *step.lines))
    verdicts = {q.name: q.verdict for q in report.quantities}
    assert [q for q in STEPS if verdicts[q] == "wrong"] == step.wrong.split()
    assert [q for q in STEPS if verdicts[q] == "to do"] == step.to_do.split()
    assert set(verdicts.values()) == {"right", "wrong", "to do"} - (
        {"right"} if step.wrong == "z1" else set()
    )
    assert {f.quantity for f in report.mistakes} == set(step.wrong.split())
    assert not report.remarks
    assert str(report).splitlines()[-1] == f"Fix {step.wrong.split()[0]} first. (--seed 1)"


UNFINISHED = {
    "nothing is written": (exercise("mine.py"), STEPS),
    "the forward pass is given": (exercise("mine.py", "dz2"), STEPS[STEPS.index("dz2") :]),
    "two gradients are written": (exercise("mine.py", "da1"), ("da1", "dz1", "dW1", "db1")),
    "a line of the middle is left out": (
        exercise("mine.py", "db1").replace("db2 = dz2.sum(axis=0, keepdims=True)", "db2 = None"),
        ("db2", "db1"),
    ),
    "dW1 is all there is": (
        "import numpy as np\n\n\ndef backward(X, y, W1, b1, W2, b2, reg):\n"
        "    h = np.maximum(0, X @ W1 + b1)\n    s = h @ W2 + b2\n"
        "    p = np.exp(s - s.max(1, keepdims=True))\n    p /= p.sum(1, keepdims=True)\n"
        "    p[range(len(y)), y] -= 1\n    p /= len(y)\n"
        "    return {'dW1': X.T @ (p @ W2.T * (h > 0)) + reg * W1}\n",
        ("dW2", "db2", "db1"),
    ),
}


@pytest.mark.parametrize("name", UNFINISHED)
def test_what_is_not_written_is_no_mistake_and_the_file_not_right(name: str, tmp_path: Path):
    text, open_ = UNFINISHED[name]
    report = judged(tmp_path, text, strict=True)
    assert report.to_do == tuple(open_)
    assert not report.mistakes
    assert not report.right
    assert str(report).splitlines()[-1] == f"To do: {', '.join(open_)}."


def test_a_gradient_that_is_computed_and_not_returned_is_missing(tmp_path: Path):
    text = exercise("mine.py", "db1").replace(
        "db1 = None  # (1, H)", "db1 = dz1.sum(axis=0, keepdims=True)"
    )
    report = judged(tmp_path, text.replace('"db2": db2, ', ""))
    assert {q.name: q.verdict for q in report.quantities}["db2"] == "missing"
    assert "it is computed, but what you return has no numbers for it" in str(report)
    assert str(report).splitlines()[-1] == "Return db2, too."


def test_another_convention_is_a_remark_once_the_gradients_are_right(tmp_path: Path):
    lines = (
        "dz2 = P - Y_ind",
        "dW2 = a1.T @ dz2 / N + reg * W2",
        "db2 = dz2.sum(axis=0, keepdims=True) / N",
    )
    report = judged(tmp_path, filled("dz2", *lines))
    assert {q.name: q.verdict for q in report.quantities}["dz2"] == "remark"
    assert report.to_do == ("da1", "dz1", "dW1", "db1")


def test_every_output_has_the_same_verdicts(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(filled("dz2", "dz2 = P - Y_ind"), encoding="utf-8")
    (tmp_path / "other.py").write_text(exercise("other.py", "dz2"), encoding="utf-8")
    files = ["mine.py", "other.py"]  # short names leave room for a line each
    grades = tmp_path / "grades.csv"
    options = ["--seed", "1", "--search", "0"]
    assert main(["check", *files, *options, "--csv", str(grades)]) == 1
    mine, other, *_ = capsys.readouterr().out.splitlines()
    assert mine.endswith("  wrong: dz2 (no-mean)")
    assert other.endswith("  to do: dz2, dW2, db2, da1, dz1, dW1, db1")
    rows = list(csv.DictReader(grades.read_text(encoding="utf-8").splitlines()))
    verdicts = [["right"] * 6 + [dz2] + ["to do"] * 6 for dz2 in ("wrong", "to do")]
    assert [[row[q] for q in STEPS] for row in rows] == verdicts
    assert main(["check", *files, *options, "--json"]) == 1
    reports = json.loads(capsys.readouterr().out)
    assert [[q["verdict"] for q in report["quantities"]] for report in reports] == verdicts
    assert [[f["quantity"] for f in report["mistakes"]] for report in reports] == [["dz2"], []]


def test_hints_an_example_and_a_page_are_of_the_wrong_step_alone(tmp_path: Path, capsys: Capture):
    text = filled("dz2", "dz2 = P - Y_ind")
    report = judged(tmp_path, text)
    assert "1/N" not in str(replace(report, hint="where"))
    formula = " ".join(str(replace(report, hint="formula")).split())
    assert formula.count("the notes have") == 1
    assert "the notes have dz2 = (P - Y_ind) / N" in formula
    for page in (report_html(report), report_page(report)):
        assert "it is computed" not in page
        assert "<b>dW2, db2, da1, dz1, dW1, db1</b> to do" in page
    assert main(["check", str(tmp_path / "mine.py"), "--search", "0", "--example"]) == 1
    assert "dz2 on 3 samples, 2 features, 3 units, 2 classes" in capsys.readouterr().out
    assert summary(report, "where") == "wrong: dz2"
    assert report_data(report)["right"] is False


# A line that raises

COMMON = """import numpy as np


def backward(X, y, W1, b1, W2, b2, reg):
    N = X.shape[0]
    h = np.maximum(0, X @ W1 + b1)
    s = h @ W2 + b2
    p = np.exp(s - s.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    d = p.copy()
    d[range(N), y] -= 1
    d /= N
    dW2 = h.T @ d + reg * W2
    db2 = d.sum(0)
    dh = d @ W2.T
    dh[h <= 0] = 0
    dW1 = X.T @ dh + reg * W1
    db1 = dh.sum(0)
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""
RAISING = {
    "the first layer, in one line with the ReLU": ("X @ W1 +", "W1 @ X +", "z1 = X @ W1 + b1"),
    "the scores": ("h @ W2 + b2", "h @ W2.T + b2", "z2 = a1 @ W2 + b2"),
    "the softmax": ("p.sum(1, keepdims=True)", "p.sum(1)[:, None, None] @ p", "P = E / E.sum"),
    "dz2, and no Y_ind": ("d[range(N), y]", "d[N, y]", "dz2 = (P - Y_ind) / N"),
    "dW2": ("h.T @ d", "h.T @ d.T", "dW2 = a1.T @ dz2 + reg * W2"),
    "da1 under another name": ("d @ W2.T", "d @ W2", "da1 = dz2 @ W2.T"),
    "da1, before dW2": (
        "dW2 = h.T @ d + reg * W2\n    db2 = d.sum(0)\n    dh = d @ W2.T",
        "dh = d @ W2",
        "da1 = dz2 @ W2.T",
    ),
    "dW1": ("X.T @ dh", "X @ dh", "dW1 = X.T @ dz1 + reg * W1"),
    "a line after all of them": ("    return {", "    h @ X\n    return {", None),
    "a size": ("X.shape[0]", "X.shape[3]", None),
    "a check": ("    d /= N\n", "    d /= N\n    assert d.shape == (3, 3)\n", None),
}


@pytest.mark.parametrize("name", RAISING)
def test_the_notes_line_after_an_exception_is_that_of_the_line_that_raised(
    name: str, tmp_path: Path
):
    right, wrong, line = RAISING[name]
    assert right in COMMON
    said = " ".join(str(judged(tmp_path, COMMON.replace(right, wrong))).split())
    _, _, next_ = said.partition("the notes have next: ")
    assert line is None or line in next_.partition("To do")[0]
    assert bool(next_) == (line is not None)


class Early(NamedTuple):
    """Lines from dz2 on, the last of which reads what is not there yet, or is of another shape."""

    lines: tuple[str, ...]
    says: str
    notes: str  # the notes' line, for --hint formula alone


DW1 = "dW1 = X.T @ dz1 + reg * W1"
EARLY = {
    "None": Early((DW1,), "dz1 has no value yet, and this line reads it", "dz1 = da1 * (a1 > 0)"),
    "an ellipsis": Early(
        ("dz1 = ...", DW1), "dz1 has no value yet, and this line reads it", "dz1 = da1 * (a1 > 0)"
    ),
    "a line that is commented out": Early(
        ("dz2 = 0; del dz2", "dW2 = a1.T @ dz2 + reg * W2"),
        "dz2 has no value yet, and this line reads it",
        "dz2 = (P - Y_ind) / N",
    ),
    "a value of another shape": Early(
        ("dz2 = (P - Y_ind) / N", "da1 = dz2 @ W2.T", "dz1 = da1[z1 > 0]", DW1),
        "in the notes, dz1 is 200 × 10",
        "dz1 = da1 * (a1 > 0)",
    ),
    "a value that a later quantity has": Early(
        ("dz2 = (P - Y_ind).mean(axis=0)", "dW2 = a1.T @ dz2 + reg * W2"),
        "in the notes, dz2 is 200 × 3",
        "dz2 = (P - Y_ind) / N",
    ),
}


@pytest.mark.parametrize("name", EARLY)
def test_a_line_that_comes_too_early_is_told_what_it_reads_and_not_itself(
    name: str, tmp_path: Path
):
    early = EARLY[name]
    report = judged(tmp_path, filled("dz2", *early.lines))
    said, formula = (" ".join(str(replace(report, hint=h)).split()) for h in ("what", "formula"))
    assert f"{early.says} To do:" in said
    assert "the notes have" not in said
    assert f"{early.says}; the notes have {early.notes} To do:" in formula
    named = early.notes.partition(" ")[0]
    assert {q.name: q.verdict for q in report.quantities}[named] == "to do"
    assert not report.mistakes


def test_a_name_of_the_learners_that_holds_nothing_yet_is_told_as_it_stands(tmp_path: Path):
    text = COMMON.replace("dh = d @ W2.T\n    dh[h <= 0] = 0", "dh = None")
    report = judged(tmp_path, text)
    assert "line 16: X.T is 4 × 200, dh is None" in str(report)
    assert "the notes have" not in str(report)


@pytest.mark.parametrize("blank", ["1/0", "[0][1]", "np.nothing"])
def test_what_stands_for_a_line_and_raises_does_not_show_the_right_one(blank: str, tmp_path: Path):
    report = judged(tmp_path, filled("dz2", f"dz2 = {blank}"))
    assert "the notes have" not in str(report)
    formula = " ".join(str(replace(report, hint="formula")).split())
    assert "the notes have next: dz2 = (P - Y_ind) / N" in formula


@pytest.mark.parametrize("blank", ["...", "NotImplemented"])
def test_what_stands_for_a_value_is_to_do_as_none_is(blank: str, tmp_path: Path):
    report = judged(tmp_path, filled("dz2").replace("= None", f"= {blank}"))
    assert report.to_do == STEPS[STEPS.index("dz2") :]
    assert not report.error


def test_zeros_that_stand_for_a_gradient_are_wrong_each_in_its_own_line(tmp_path: Path):
    blanks = [f"d{name} = np.zeros_like({name})" for name in ("W2", "b2", "W1", "b1")]
    report = judged(tmp_path, filled("dz2", *blanks))
    found = {q.name: (q.verdict, q.source) for q in report.quantities}
    assert {line: found[line.partition(" ")[0]] for line in blanks} == {
        line: ("wrong", line) for line in blanks
    }
    assert "yours is np.zeros((H, C))" in str(report)
    assert str(report).splitlines()[-1] == "Fix dW2 first. (--seed 1)"


def test_a_line_of_y_ind_that_raises_is_told_the_notes_line_of_y_ind(tmp_path: Path):
    report = judged(tmp_path, filled("Y_ind", "Y_ind = np.eye(3)[y]"))
    assert "the notes have next: Y_ind = (y[:, None] == np.arange(C)) * 1.0" in str(report)
    assert "y has shape (9,)" in str(report)


def test_a_first_line_that_raises_is_told_as_any_other(tmp_path: Path):
    report = judged(tmp_path, filled("z1", "z1 = W1 @ X + b1"))
    text = str(report)
    assert "line 18: W1 is 4 × 10, X is 200 × 4" in text
    assert "the notes have next: z1 = X @ W1 + b1" in text
    assert text.splitlines()[-1] == f"To do: {', '.join(STEPS)}. (--seed 1)"


def test_an_exception_leaves_the_same_to_do_whether_or_not_some_batch_passes(tmp_path: Path):
    on_most = judged(tmp_path, filled("dW2", "dW2 = a1 @ dz2"))
    on_all = judged(tmp_path, filled("dW2", "dW2 = a1 @ dz2.T @ z1.T"))
    assert on_most.to_do == on_all.to_do == tuple(AFTER_DZ2.split())
    assert str(on_most).splitlines()[-1] == str(on_all).splitlines()[-1]


def test_what_stands_in_the_line_that_raised_is_told_below_the_exception(tmp_path: Path):
    text = filled("P", "P = np.exp(z2) / np.exp(z2).sum(axis=1)")
    text = str(judged(tmp_path, text, search=5))
    assert text.index("ValueError") < text.index("the sum over the classes lost its axis")
    assert "overflows" not in text


def test_nothing_is_remarked_of_a_value_that_is_not_there(tmp_path: Path):
    report = judged(tmp_path, COMMON.replace("h.T @ d", "h @ d"))
    assert not report.remarks
    assert report.to_do == ("dW2", "db2", "da1", "dz1", "dW1", "db1")


def test_what_is_seen_of_two_mistakes_in_one_line_is_told_once(tmp_path: Path):
    line = "loss = -(Y_ind * np.log(P)).sum() + reg * ((W1**2).sum() + (W2**2).sum())"
    text = " ".join(str(judged(tmp_path, filled("loss", line), search=5)).split())
    assert text.count("where the notes' line, on your own") == 1
    assert "the penalty in the loss lacks its ½: together with the one above, " in text


def test_the_evidence_is_of_the_value_that_was_seen(tmp_path: Path):
    said = " ".join(str(judged(tmp_path, COMMON.replace("X @ W1 + b1", "X @ W1"))).split())
    assert "the bias of the layer is missing: in a1, " in said
    assert "on your own z1" not in said


# The exercise's file


def test_the_command_that_the_exercise_gives_can_be_typed(tmp_path: Path, capsys: Capture):
    file = tmp_path / "my file.py"
    assert main(["exercise", "-o", str(file)]) == 0
    command = f"python -m compare check '{file}'"
    assert command in capsys.readouterr().out
    assert command in file.read_text(encoding="utf-8").splitlines()[0]


def test_a_file_in_a_folder_with_backslashes_is_python_all_the_same():
    compile(exercise("C:\\users\\mine.py"), "mine.py", "exec")


def test_a_step_of_the_forward_pass_is_refused_where_that_is_given(capsys: Capture):
    assert main(["exercise", "--given", "forward", "--step", "z1", "-o", "-"]) == 2
    assert "--step: expected dz2 or a later step" in capsys.readouterr().err
