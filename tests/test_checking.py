"""compare.check: mistakes are caught, placed and named, and right solutions are not accused."""

import itertools
import json
import math
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

import compare
from compare.__main__ import main
from compare.checker.check import SEARCH
from compare.checker.grades import report_data
from compare.checker.html import report_html
from compare.checker.report import Report
from compare.checker.said import report_text
from compare.checker.state import follows
from tests.learners import FLOAT32, PLANTS, RIGHT_SOLUTIONS, STEPS, Plant, source

Capture = pytest.CaptureFixture[str]


SEED = 11


@lru_cache(maxsize=10)  # several tests read one report
def checked(text: str, strict: bool = False, search: float = 1.0) -> Report:
    namespace: dict = {}
    exec(text, namespace)
    return compare.check(namespace["backward"], strict=strict, seed=SEED, search=search)


# These show on extreme values alone, or harm no gradient: they are named, and are no mistakes.
HARMLESS = {"slope-at-zero", "no-shift", "global-shift", "overwritten", "log-of-p-plus-epsilon"}
MISTAKES = [plant for plant in PLANTS if plant.id not in HARMLESS or plant.quantity == "dz2"]


def names(report: Report) -> set[str]:
    return {name for f in report.mistakes for name in (f.id, *f.also)}


@pytest.mark.sampled(12)
@pytest.mark.parametrize("plant", MISTAKES, ids=lambda plant: plant.name)
def test_a_mistake_is_caught_placed_and_named(plant: Plant):
    report = checked(source(plant))
    assert not report.right
    assert [f.quantity for f in report.mistakes] == [plant.quantity]
    assert plant.id in names(report)
    assert str(report).splitlines()[-1] == f"Fix {plant.quantity} first. (--seed {SEED})"


@pytest.mark.sampled(12)
@pytest.mark.parametrize(
    "plant", [p for p in MISTAKES if p.seen_in_gradients], ids=lambda plant: plant.name
)
def test_a_mistake_is_caught_and_named_from_the_four_gradients_alone(plant: Plant):
    report = checked(source(plant, everything=False))
    assert not report.right
    assert plant.id in names(report)
    assert len(report.mistakes) == 1


@pytest.mark.parametrize("everything", [True, False], ids=["everything", "gradients alone"])
def test_what_was_written_over_and_then_used_is_no_remark(everything: bool):
    """The catalogue has it as harmless, as it is where the right value was used before."""
    right = "dscores = (probs - onehot) / n"
    text = source(everything=everything).replace(right, f"probs -= onehot; {right}")
    report = checked(text)
    assert [f.id for f in report.mistakes] == ["overwritten"]
    assert not report.right


def pairs() -> list[tuple[Plant, Plant]]:
    """All pairs of mistakes in different steps that can be written into one file."""
    return [
        (one, other)
        for one, other in itertools.combinations(MISTAKES, 2)
        if one.quantity != other.quantity and STEPS.replace(one.old, one.new).count(other.old) == 1
    ]


def two_places(report: Report, quantities: set[str]) -> bool:
    """Neither value is what its right line gives on the learner's own earlier values, as dW2 with
    a 1/N too few does where dz2 has one too few.
    """
    cases = [replace(case, traced={}) for case in report.cases if not case.raised]
    return not any(follows(cases, {}, quantity) for quantity in quantities)


def test_of_pairs_of_mistakes_both_places_are_found(request: pytest.FixtureRequest):
    """At least 95 of 100; a sample of the pairs, or all of them with --problems 2000."""
    full = request.config.getoption("--problems") >= 2000
    missed, count = [], 0
    for one, other in pairs() if full else pairs()[::200]:
        report = checked(source(one, other), search=SEARCH if full else 1.0)
        quantities = {one.quantity, other.quantity}
        if two_places(report, quantities):
            count += 1
            places = {f.quantity for f in report.mistakes}
            missed += [] if quantities <= places else [f"{one.name} and {other.name}: {places}"]
    print(f"both places of {count - len(missed)} of {count} pairs")  # shown by pytest -rP
    print("\n".join(missed))
    assert len(missed) <= max(1, 0.05 * count), missed


@pytest.mark.sampled(7)
@pytest.mark.parametrize("solution", RIGHT_SOLUTIONS)
def test_a_right_solution_is_not_accused(solution: str):
    report = checked(RIGHT_SOLUTIONS[solution])
    assert report.right, str(report)
    assert {q.verdict for q in report.quantities} <= {"right", "unseen", "remark", "edge"}


CONVENTIONS = {
    "biases of shape (H,)": {"flat-bias"},
    "float32 throughout": {"float32"},
    "loss without its penalty": {"loss-without-penalty"},
    "reg·W² without the ½, everywhere": {"another-loss"},
}


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_another_convention_is_a_remark_and_with_strict_a_mistake(convention: str):
    report = checked(RIGHT_SOLUTIONS[convention])
    assert {f.id for f in report.remarks} == CONVENTIONS[convention]
    assert str(report).endswith("All right, with remarks.")
    strict = checked(RIGHT_SOLUTIONS[convention], strict=True)
    assert not strict.right
    assert {f.id for f in strict.mistakes} == CONVENTIONS[convention]


HALF_CONVENTIONS = {
    "2·reg·W in one layer": (Plant(8, "", "", "+ reg * W2", "+ 2 * reg * W2"),),
    "2·reg·W, and a loss with the ½": (
        Plant(8, "", "", "+ reg * W2", "+ 2 * reg * W2"),
        Plant(8, "", "", "+ reg * W1", "+ 2 * reg * W1"),
    ),
    "a loss without the ½, and reg·W": (Plant(8, "", "", "0.5 * reg", "reg"),),
}


@pytest.mark.parametrize("case", HALF_CONVENTIONS)
def test_a_convention_that_is_not_kept_throughout_is_a_mistake(case: str):
    assert not checked(source(*HALF_CONVENTIONS[case])).right


INSTEAD = {
    "a constant factor": ("dW2 = h.T", "dW2 = 1.7 * h.T", "1.7 * (a1.T @ dz2) + reg * W2"),
    "another name": ("dh = dscores", "dh = (probs - onehot)", "(P - Y_ind) @ W2.T"),
    "another function": ("dhin = dh * (h > 0)", "dhin = np.tanh(dh) * (h > 0)", "np.tanh(da1)"),
}


@pytest.mark.parametrize("case", INSTEAD)
def test_what_the_catalogue_has_not_is_told_as_the_formula_that_was_computed(case: str):
    old, new, formula = INSTEAD[case]
    (finding,) = checked(source(Plant(0, "", "", old, new))).mistakes
    if case == "another name":  # N times too large has a name
        assert finding.quantity == "da1"
    else:
        assert finding.id == "edited"
        assert formula in finding.title


def test_what_fits_nothing_is_called_unrecognised_with_what_is_known():
    odd = "dhin = np.tanh(dh) * np.cos(h) * (h > 0.3) + np.sin(dh) ** 3"
    (finding,) = checked(source(Plant(0, "", "", "dhin = dh * (h > 0)", odd))).mistakes
    assert (finding.quantity, finding.id) == ("dz1", "unrecognised")
    assert "where" in finding.evidence


def test_later_steps_that_follow_from_a_wrong_one_are_inherited():
    report = checked(source(PLANTS[0]))
    verdicts = {q.name: q.verdict for q in report.quantities}
    assert verdicts["dz2"] == "wrong"
    assert all(verdicts[q] == "inherited" for q in ("dW2", "db2", "da1", "dz1", "dW1", "db1"))
    assert all(verdicts[q] == "right" for q in ("z1", "a1", "z2", "P", "Y_ind", "loss"))
    assert report.findings[0].evidence == "200.0 times the right one"


def words_of(report: Report) -> str:
    """The report on one line: how it is broken into lines says nothing."""
    return " ".join(str(report).split())


def test_evidence_names_the_exact_difference_of_a_regularised_bias():
    plant = next(p for p in PLANTS if p.id == "bias-regularised" and p.quantity == "db1")
    assert ": the right one plus reg·b1" in words_of(checked(source(plant)))


def test_evidence_shows_both_shapes():
    plant = next(p for p in PLANTS if p.id == "transposed" and p.quantity == "dW2")
    assert "your shape is (3, 10), the right one (10, 3)" in words_of(checked(source(plant)))


def test_two_mistakes_with_the_same_numbers_are_both_named():
    plant = next(p for p in PLANTS if p.id == "mask-missing")
    (finding,) = checked(source(plant)).mistakes
    assert {"mask-missing", "mask-always-true"} <= {finding.id, *finding.also}


def test_a_gradient_that_is_not_returned_is_missing_and_the_file_not_right():
    report = checked(source(everything=False).replace("db2=db2", ""))
    assert not report.right
    assert {q.name: q.verdict for q in report.quantities}["db2"] == "missing"
    assert "Return db2, too." in str(report)


@pytest.mark.parametrize(
    ("hint", "title", "formula"),
    [("where", False, False), ("what", True, False), ("formula", True, True)],
)
def test_hints_give_away_as_much_as_asked_for(hint, title: bool, formula: bool):
    text = report_text(checked(source(PLANTS[0])), hint)
    assert ("the 1/N is missing" in text) is title
    assert ("dz2 = (P - Y_ind) / N" in text) is formula
    assert text.endswith(f"Fix dz2 first. (--seed {SEED})")


def test_assert_backward_raises_with_the_readable_report():
    namespace: dict = {}
    exec(source(PLANTS[0]), namespace)
    with pytest.raises(AssertionError, match=r"the 1/N is missing: 200\.0 times the right one"):
        compare.assert_backward(namespace["backward"])
    exec(source(), namespace)
    compare.assert_backward(namespace["backward"])


def test_a_notebook_shows_the_same_report():
    report = checked(source(PLANTS[0]))
    html = report._repr_html_()
    assert html == report_html(report)
    assert "<b>dW2, db2, da1, dz1, dW1, db1</b> inherited" in html
    assert f"<b>Fix dz2 first. (--seed\xa0{SEED})</b>" in html
    assert "<script" not in report_html(Report("x", (), (), "<script>"))


def test_a_function_of_another_signature_is_refused():
    with pytest.raises(ValueError, match=r"function: expected f\(X, y, .*got f\(x\)"):
        compare.check(lambda_named_f)
    with pytest.raises(
        ValueError, match="function: expected a function, or the path of a file, got int"
    ):
        compare.check(3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": -1}, "seed: expected a whole number from 0 to .*, got -1"),
        ({"seed": 1.5}, "seed: expected a whole number from 0 to .*, got 1.5"),
        ({"seed": True}, "seed: expected a whole number from 0 to .*, got True"),
        ({"search": -1}, "search: expected seconds >= 0, got -1"),
        ({"search": math.inf}, "search: expected a finite number of seconds >= 0, got inf"),
        ({"timeout": "long"}, "timeout: expected seconds > 0, got 'long'"),
        ({"function": "essay.txt"}, "function: essay.txt: expected a Python file, got no such"),
    ],
    ids=str,
)
def test_an_argument_is_named_in_its_message(options: dict, message: str):
    with pytest.raises(ValueError, match=message):
        compare.check(**{"function": print, **options})


def test_what_a_function_prints_is_shown_once_and_bounded(capsys: Capture):
    namespace: dict = {"np": np}
    text = source().replace(
        "    n, c =", "    print('here', np.shape(X)); print('x' * 9999)\n    n, c ="
    )
    exec(text, namespace)
    report = compare.check(namespace["backward"], seed=SEED)
    assert capsys.readouterr() == ("", "")
    assert report.output.startswith("here (200, 4)\nxxx")
    assert report.output.count("here") == 1
    assert len(report.output) <= 2000
    assert report_data(report)["printed"] == report.output
    assert max(map(len, str(report).splitlines())) <= 80


def test_an_example_may_be_had_in_python():
    report = checked(source(PLANTS[0]))
    assert report.example is not None
    assert report.example.quantity == "dz2"
    assert "dz2 on 3 samples" not in str(report)
    assert "dz2 on 3 samples" in str(replace(report, with_example=True))


def lambda_named_f(x):
    return x


lambda_named_f.__name__ = "f"


# The command line


def write(folder: Path, **texts: str) -> list[str]:
    files = []
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
        files.append(str(folder / f"{name}.py"))
    return files


def test_one_file_gets_a_line_for_each_quantity(tmp_path: Path, capsys: Capture):
    assert main(["check", *write(tmp_path, mine=source(PLANTS[0]))]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + 13 + 1 + 1
    at = next(i for i, line in enumerate(lines) if "dz2    " in line)
    assert lines[at].split()[:4] == ["16", "dscores", "=", "probs"]
    assert lines[at].endswith("dz2    wrong")
    assert lines[at + 1].strip() == ("the 1/N is missing: 200.0 times the right one (on “200 × 4”)")
    assert lines[-1].startswith("Fix dz2 first. (--seed ")


def test_a_right_file_exits_0(tmp_path: Path, capsys: Capture):
    assert main(["check", *write(tmp_path, mine=source())]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "All right."


def test_several_files_come_out_in_the_order_given_and_then_a_count(
    tmp_path: Path, capsys: Capture
):
    slow = "import time\ntime.sleep(0.5)\n" + source()
    files = write(
        tmp_path, d=slow, b=source(PLANTS[0]), c="def backward(: pass", a=source(PLANTS[7])
    )
    assert main(["check", *files, "--jobs", "2"]) == 1
    printed = capsys.readouterr().out.splitlines()
    lines = [line for line in printed if not line.startswith("    ")]  # where a line goes on
    assert [line.split()[0] for line in lines[:-1]] == files
    assert lines[0].endswith("right")
    assert lines[1].endswith("wrong: dz2 (no-mean)")
    assert "failed: SyntaxError" in lines[2]
    assert lines[4].startswith("1 of 4 right, 2 wrong, 1 failed. (--seed ")


def test_json_has_the_same_as_data(tmp_path: Path, capsys: Capture):
    files = write(tmp_path, a=source(PLANTS[0]), b="", c=RIGHT_SOLUTIONS["biases of shape (H,)"])
    assert main(["check", *files, "--json"]) == 1
    first, second, third = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert first["right"] is False
    assert first["mistakes"] == [
        {
            "quantity": "dz2",
            "id": "no-mean",
            "title": "the 1/N is missing",
            "evidence": "200.0 times the right one",
            "also": [],
            "batch": "200 × 4",
            "cell": None,
            "line": 16,
            "source": "dscores = probs - onehot",
            "formula": None,
        }
    ]
    dz2 = first["quantities"][6]
    assert (dz2["name"], dz2["verdict"]) == ("dz2", "wrong")
    assert (dz2["line"], dz2["own_name"]) == (16, "dscores")
    assert dz2["max_abs_diff"] > 0.1 > dz2["allowed"] > 0
    assert second["error"].startswith("expected a function backward(")
    assert third["right"] is True
    assert {remark["id"] for remark in third["remarks"]} == {"flat-bias"}
    lines = {q["name"]: q["line"] for q in third["quantities"]}
    assert {r["quantity"]: r["line"] for r in third["remarks"]} == {
        q: lines[q] for q in ("db2", "db1")
    }


def test_nan_is_no_number_in_json():
    text = source(Plant(0, "", "", "dscores = (probs - onehot) / n", "dscores = probs * np.nan"))
    data = report_data(checked(text, search=0))
    assert json.dumps(data, allow_nan=False)
    assert "nan at" in data["mistakes"][0]["evidence"]


def test_hint_and_strict_are_passed_on(tmp_path: Path, capsys: Capture):
    files = write(tmp_path, a=RIGHT_SOLUTIONS["biases of shape (H,)"], b=source(PLANTS[0]))
    assert main(["check", files[0], "--strict"]) == 1
    assert main(["check", files[1], "--hint", "formula"]) == 1
    assert "dz2 = (P - Y_ind) / N" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("nowhere.py", "nowhere.py: expected a Python file, got no such file"),
        (".", "expected a Python file, got a directory"),
        ("", "FILE: expected a learner's file, got none"),
        ("{file} --hint all", "--hint: expected 'where', 'what', 'formula', got 'all'"),
        ("{file} --timeout 0", "--timeout: expected seconds > 0, got 0"),
        ("{file} --jobs 0", "--jobs: expected a whole number >= 1, got 0"),
    ],
)
def test_a_command_that_cannot_be_used_exits_2(
    options: str, message: str, tmp_path: Path, capsys: Capture
):
    (file,) = write(tmp_path, a=source())
    assert main(["check", *options.format(file=file).split()]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert message in printed.err
    assert printed.err.count("\n") == 1


def test_the_exercise_is_a_file_to_start_from_and_is_not_overwritten(
    tmp_path: Path, capsys: Capture
):
    file = tmp_path / "my_backward.py"
    assert main(["exercise", "-o", str(file)]) == 0
    text = file.read_text(encoding="utf-8")
    assert "def backward(X, y, W1, b1, W2, b2, reg):" in text
    assert "@" not in text, "an answer"
    assert main(["check", str(file)]) == 1
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1].startswith("To do: z1, a1, z2, P, Y_ind, loss, dz2, dW2, db2, da1, dz1,")
    assert {line.split(maxsplit=1)[1] for line in printed[-14:-1]} == {"to do"}

    filled = text
    for line in STEPS_FILLED_IN:
        name = line.split(" = ")[0]
        filled = filled.replace(f"    {name} = None", f"    {line}")
    file.write_text(filled, encoding="utf-8")
    assert main(["check", str(file)]) == 0
    assert main(["exercise", "-o", str(file)]) == 2
    assert file.read_text(encoding="utf-8") == filled
    assert main(["exercise", "-o", str(tmp_path / "no" / "folder.py")]) == 2
    assert main(["exercise", "-o", str(tmp_path / "mine.txt")]) == 2
    assert main(["exercise"]) == 2


@pytest.mark.parametrize("first", [["--given", "forward"], ["--step", "dz2"]])
def test_an_exercise_may_have_its_first_steps(first: list[str], capsys: Capture):
    assert main(["exercise", "-o", "-", *first]) == 0
    text = capsys.readouterr().out
    assert "z2 = a1 @ W2 + b2" in text
    assert "dz2 = None" in text
    report = checked(text)
    assert {q.verdict for q in report.quantities if q.name in ("z1", "P", "loss")} == {"right"}
    assert str(report).startswith("backward")
    assert "Fix" not in str(report)


STEPS_FILLED_IN = (
    "z1 = X @ W1 + b1",
    "a1 = np.maximum(z1, 0)",
    "z2 = a1 @ W2 + b2",
    "P = np.exp(z2 - z2.max(1, keepdims=True)); P /= P.sum(1, keepdims=True)",
    "Y_ind = np.eye(P.shape[1])[y]",
    "dz2 = (P - Y_ind) / len(X)",
    "dW2 = a1.T @ dz2 + reg * W2",
    "db2 = dz2.sum(0, keepdims=True)",
    "da1 = dz2 @ W2.T",
    "dz1 = da1 * (a1 > 0)",
    "dW1 = X.T @ dz1 + reg * W1",
    "db1 = dz1.sum(0, keepdims=True)",
)


def test_numbers_right_to_float32_are_only_forgiven_if_they_are_float32():
    report = checked(source(Plant(0, "", "", "db1 = np", "db1 = 1e-9 + np")))
    assert not report.right
    assert checked(source(FLOAT32)).right
    assert np.finfo(np.float32).eps > 1e-9


def test_checking_a_right_function_is_quick_enough_for_a_test_suite():
    calls: list[int] = []
    namespace: dict = {}
    exec(source(), namespace)

    def counted(X, y, W1, b1, W2, b2, reg):
        calls.append(1)
        return namespace["backward"](X, y, W1, b1, W2, b2, reg)

    assert compare.check(counted).right
    assert len(calls) <= 40  # two for each probe, and one that is traced


UNREADABLE = {"complex": np.array([1j]), "a dict": {}, "text": "x", "ragged": [[1], [1, 2]]}


@pytest.mark.parametrize("value", UNREADABLE)
def test_a_value_that_cannot_be_read_makes_no_other_value_right(value: str):
    text = source(everything=False)
    assert text.count("dict(dW1=dW1") == 1
    namespace: dict = {"unreadable": UNREADABLE[value]}
    exec(text.replace("dict(dW1=dW1", "dict(dz1=unreadable, dW1=7 * W1"), namespace)
    report = compare.check(namespace["backward"], seed=SEED, search=0)
    assert not report.right
    verdicts = {q.name: q.verdict for q in report.quantities}
    assert verdicts["dW1"] == "wrong"
    assert {verdicts[name] for name in ("db1", "dW2", "db2")} == {"right"}


@pytest.mark.parametrize("option", ["--csv", "--html"])
def test_a_learners_file_is_never_written_over(option: str, tmp_path: Path, capsys: Capture):
    one, other = tmp_path / "one.py", tmp_path / "other.py"
    for file in (one, other):
        file.write_text("x = 1\n")
    assert main(["check", option, str(one), str(other)]) == 2
    assert one.read_text() == "x = 1\n"
    assert "expected a file of its own" in capsys.readouterr().err
