"""python -m compare example: each line can be followed with a pencil, and the verdict is earned."""

import json
import re
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest

from compare.__main__ import main
from compare.agreement import example as example_module
from compare.agreement import step as step_module
from compare.agreement.example import PROBLEM, Example, Step, example, example_text
from compare.agreement.pencil import Line, printed, rounded, worked_out, written
from tests.conftest import plant, planted_step

Capture = pytest.CaptureFixture[str]

FORWARD = ["z1", "a1", "z2", "s", "E", "S", "P", "Y_ind", "log_P", "loss"]
BACKWARD = ["dz2", "dW2", "db2", "da1", "dz1", "dW1", "db1"]
NAMES = FORWARD + BACKWARD
LINE = re.compile(
    r"(?P<name>\S.*?) = (?P<written>.+) (?P<sign>[=≈≠]) (?P<result>-?[\d.]+)( {4}.*)?"
)


class Printed(NamedTuple):
    """A line as it was read from the text."""

    name: str
    written: str
    sign: str
    result: str


@pytest.fixture(scope="module")
def found() -> Example:
    return example()


@pytest.fixture(scope="module")
def text(found: Example) -> str:
    return example_text(found)


def steps(found: Example) -> dict[str, Step]:
    return {step.code.partition(" = ")[0]: step for step in (*found.forward, *found.backward)}


def lines_of(text: str) -> list[Printed]:
    """The lines that work out a number."""
    matches = (LINE.fullmatch(line.strip()) for line in text.splitlines())
    return [Printed(*m.group("name", "written", "sign", "result")) for m in matches if m]


def by_pencil(line: str) -> Decimal:
    """What a printed line makes, in decimal arithmetic of many digits."""
    decimals = re.sub(r"\d+(\.\d+)?", r"Decimal('\g<0>')", line)
    decimals = decimals.replace("×", "*").replace("²", "**2")
    functions = {"Decimal": Decimal, "max": max, "exp": Decimal.exp, "log": Decimal.ln}
    result: Decimal = eval(decimals, functions)
    return result


def planted(monkeypatch: pytest.MonkeyPatch, right: str, wrong: str) -> Example:
    """The example with a mistake in the manual pass."""
    step = planted_step(PROBLEM, right, wrong)
    monkeypatch.setattr(example_module, "manual_step", lambda problem: step)
    return example()


def not_adding_up(found: Example) -> list[str]:
    lines = (line for step in (*found.forward, *found.backward) for line in step.lines)
    return [line.name for line in lines if line.sign == "≠"]


def test_the_given_numbers_are_whole_or_halves():
    assert all((2 * array % 1 == 0).all() for array in (PROBLEM.X, *PROBLEM.params))


def test_one_hidden_unit_is_off_for_one_sample_and_the_relu_mask_shows_it(
    found: Example, text: str
):
    assert (steps(found)["z1"].value < 0).sum() == (steps(found)["a1"].value == 0).sum() == 1
    assert "dz1[1, 0] = -1.1010 × 0 = 0    off: no gradient passes" in text


def test_every_step_is_there_in_the_order_of_the_computation(found: Example):
    assert list(steps(found)) == NAMES
    assert (len(found.forward), len(found.backward)) == (len(FORWARD), len(BACKWARD))


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("Y_ind", "log_P", "loss")])
def test_every_element_is_worked_out(name: str, found: Example, text: str):
    elements = [f"{name}{list(at)}" for at in np.ndindex(steps(found)[name].value.shape)]
    assert [line.name for line in lines_of(text) if line.name.startswith(f"{name}[")] == elements


def test_the_loss_takes_the_true_classes(text: str):
    names = [line.name for line in lines_of(text)]
    start = names.index("log_P[0, 1]")
    assert names[start : start + 2] == ["log_P[0, 1]", "log_P[1, 0]"]
    assert names[start + 2 : start + 7] == ["data", "sum of W1²", "sum of W2²", "penalty", "loss"]


def test_the_written_numbers_make_the_printed_result(text: str):
    for line in lines_of(text):
        made, result = by_pencil(line.written), Decimal(line.result)
        assert made.quantize(Decimal("0.0001"), ROUND_HALF_UP) == result, line
        assert line.sign == ("=" if made == result else "≈"), line


def test_that_a_wrong_sum_would_be_noticed(text: str):
    (line,) = (line for line in lines_of(text) if line.name == "dW2[0, 0]")
    assert by_pencil(line.written.replace("0.1 ×", "0.2 ×")) != Decimal(line.result)


@pytest.mark.parametrize("name", NAMES)
def test_the_line_of_code_gives_the_values(name: str, found: Example):
    values = {name: step.value for name, step in steps(found).items()}
    given = {"X": PROBLEM.X, "y": PROBLEM.y, "reg": PROBLEM.reg, "N": 2, "C": 2}
    target, _, code = steps(found)[name].code.partition(" = ")
    made = eval(code, {"np": np, **given, **PROBLEM.params._asdict(), **values})
    assert target == name
    np.testing.assert_allclose(made, values[name], rtol=1e-14, atol=1e-16)


@pytest.mark.parametrize("name", NAMES)
def test_every_printed_result_is_the_value_to_the_digits_shown(
    name: str, found: Example, text: str
):
    value = steps(found)[name].value
    shown = {line.name: line.result for line in lines_of(text)}
    for at in np.ndindex(value.shape):
        result = shown.get(f"{name}{list(at)}" if at else name)
        if result is not None:
            digits = len(result.partition(".")[2])
            assert digits == 4 or value[at] % 0.25 == 0
            assert abs(Decimal(result) - Decimal(float(value[at]))) <= Decimal("0.00005")


@pytest.mark.parametrize("name", ["z1", "z2", "dW2", "da1", "dW1"])
def test_the_matrices_make_the_result_too(name: str, found: Example):
    *left, equals, result = steps(found)[name].matrices
    names = [part if isinstance(part, str) else f"m{k}" for k, part in enumerate(left)]
    matrices = {f"m{k}": part for k, part in enumerate(left) if not isinstance(part, str)}
    assert equals == "="
    assert result is steps(found)[name].value
    made = eval(" ".join(names).replace("×", "*"), {}, matrices)
    np.testing.assert_allclose(made, result, rtol=1e-14)


def test_the_gradients_are_autograds_and_the_verdict_says_so(found: Example, text: str):
    assert found.comparison.agree
    for name, gradient in found.gradients._asdict().items():
        autograd = getattr(found.autograd, f"d{name}")
        np.testing.assert_allclose(gradient, autograd, rtol=1e-13)
        first = [f"{x:.4f}" for side in (gradient, autograd) for x in side[0]]
        assert [f"d{name}", *first, "ok"] in [line.split() for line in text.splitlines()]
    assert text.splitlines()[-1].startswith("AGREE: the loss, the four gradients and all between")


@pytest.mark.parametrize(
    ("right", "wrong", "first", "line"),
    [
        ("dz2 = (P - Y_ind) / N", "dz2 = P - Y_ind", "dz2", "dz2[0, 0]"),
        ("a1.T @ dz2 + reg * W2", "a1.T @ dz2", "dW2", "dW2[0, 0]"),
        ("a1.T @ dz2 +", "a1 @ dz2 +", "dW2", "dW2[0, 0]"),
        ("da1 * (a1 > 0)", "da1 * (a1 >= 0)", "dz1", "dz1[1, 0]"),
        ("np.maximum(z1, 0)", "np.abs(z1)", "a1", "a1[1, 0]"),
        ("0.5 * reg", "reg", "loss", "loss"),
        ("log_P[np.arange(len(y)), y]", "log_P[np.arange(len(y)), 1 - y]", "loss", "loss"),
    ],
)
def test_a_wrong_line_is_caught_where_it_stands(
    right: str, wrong: str, first: str, line: str, monkeypatch: pytest.MonkeyPatch
):
    found = planted(monkeypatch, right, wrong)
    assert not found.comparison.agree
    assert not_adding_up(found)[0] == line
    assert example_text(found).splitlines()[-1].startswith(f"DIFFER: {first} is the first. {first}")


def test_an_error_that_four_decimals_do_not_show_is_caught_by_the_bound(
    monkeypatch: pytest.MonkeyPatch,
):
    found = planted(monkeypatch, "(P - Y_ind) / N", "(P - Y_ind) / N * (1 + 1e-12)")
    assert not_adding_up(found) == []
    assert example_text(found).splitlines()[-1].startswith("DIFFER: dz2 is the first.")


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("dz2.sum(axis=0, keepdims=True)", "dz2.sum(axis=0)", "db2 is the first: shape (2,)"),
        ("s = z2 - z2", "s = np.inf * z2 - z2", "P is the first"),
    ],
    ids=["another shape", "not a number"],
)
def test_what_cannot_be_written_out_gets_the_verdict_alone(
    right: str, wrong: str, said: str, monkeypatch: pytest.MonkeyPatch
):
    text = example_text(planted(monkeypatch, right, wrong))
    assert text.splitlines()[-1].startswith(f"DIFFER: {said}")
    assert "Forward" not in text


def test_the_command_prints_it_and_exits_0(text: str, capsys: Capture):
    assert main(["example"]) == 0
    assert capsys.readouterr() == (text + "\n", "")


def test_json_has_all_the_numbers(found: Example, text: str, capsys: Capture):
    assert main(["example", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["agree"] is True
    assert data["problem"]["W1"] == [[-1, -0.5], [1, 1]]
    written_out = [*data["forward"], *data["backward"]]
    assert [step["code"] for step in written_out] == [step.code for step in steps(found).values()]
    lines = {line["name"]: line for step in written_out for line in step["lines"]}
    assert list(lines) == [line.name for line in lines_of(text)]
    assert lines["dz2[0, 0]"] == {
        "name": "dz2[0, 0]",
        "written": "(0.1824 - 0) / 2",
        "sign": "=",
        "printed": "0.0912",
        "value": steps(found)["dz2"].value[0, 0],
    }
    assert all(q["max_abs_diff"] <= q["allowed"] for q in data["quantities"])


def test_a_wrong_line_exits_1(monkeypatch: pytest.MonkeyPatch, capsys: Capture):
    step = planted_step(PROBLEM, "(P - Y_ind) / N", "(Y_ind - P) / N")
    monkeypatch.setattr(example_module, "manual_step", lambda problem: step)
    assert main(["example"]) == 1
    assert capsys.readouterr().out.splitlines()[-1].startswith("DIFFER: dz2 is the first.")


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
def test_a_line_that_raises_exits_1_and_is_named(
    options: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Capture
):
    monkeypatch.setattr(step_module, "backward", plant("= dz2.sum", "= dz3.sum").backward)
    assert main(["example", *options]) == 1
    assert "raised NameError: name 'dz3' is not defined" in capsys.readouterr().out


def test_an_unknown_option_exits_2_with_one_line(capsys: Capture):
    assert main(["example", "--seed", "1"]) == 2
    assert capsys.readouterr() == ("", "compare: expected only what --help names, got --seed 1\n")


@pytest.mark.parametrize(
    ("value", "text"),
    [(2.0, "2"), (-0.5, "-0.5"), (0.25, "0.25"), (0.125, "0.1250"), (-0.0, "0"), (1 / 3, "0.3333")],
)
def test_whole_numbers_halves_and_quarters_are_printed_as_they_are(value: float, text: str):
    assert printed(value) == text


@pytest.mark.parametrize(
    ("value", "result"),
    [("0.12345", "0.1235"), ("-0.12345", "-0.1235"), ("0.123449", "0.1234"), ("2", "2")],
)
def test_rounding_is_that_of_paper(value: str, result: str):
    assert rounded(Fraction(value)) == Fraction(result)


@pytest.mark.parametrize(
    ("template", "numbers", "line", "made"),
    [
        ("{} × {} + {}", (-1, -2, -0.5), "-1 × (-2) + (-0.5)", 1.5),
        ("-({} + {}) / 2", (-1, -2), "-(-1 + (-2)) / 2", 1.5),
        ("{}² + {}²", (-1, -2), "(-1)² + (-2)²", 5),
        ("max({}, 0)", (-1,), "max(-1, 0)", 0),
        ("{} - log({})", (-1, 1), "-1 - log(1)", -1),
    ],
)
def test_negative_numbers_stand_in_brackets_where_they_must(
    template: str, numbers: tuple[float, ...], line: str, made: float
):
    assert written(template, numbers) == line
    assert worked_out(line) == made


@pytest.mark.parametrize(
    ("value", "sign"), [(0.5, "="), (0.3333, "≠"), (0.49999, "="), (0.4999, "≠")]
)
def test_the_sign_says_what_the_written_numbers_make(value: float, sign: str):
    assert Line("x", "1 / 2", value).sign == sign
    assert Line("x", "1 / 3", 1 / 3).sign == "≈"
