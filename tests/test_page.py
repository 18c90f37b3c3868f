"""The lesson page, without a browser: it shows the records, whole and unharmed."""

import base64
import hashlib
import html
import json
import re
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import compare
from compare.__main__ import main
from compare.agreement.step import autograd_values, manual_step, step_values
from compare.bounds.quantities import QUANTITIES
from compare.checker.catalogue import CATALOGUE
from compare.lesson.heat import SHADES, cell_class, cell_text, picture, scale_of
from compare.lesson.lanes import draw
from compare.lesson.links import nodes_of, step_of
from compare.lesson.mistakes import STORE, learners_pass, stored, told
from compare.lesson.page import Page, render
from compare.lesson.record import Lesson, gather
from compare.lesson.source import passages
from compare.problems.problem import Problem
from compare.problems.seeded import random_problem
from manual.network import backward, forward

LARGEST_PAGE = 400_000  # bytes
NETWORK = (Path(__file__).parents[1] / "manual" / "network.py").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def problem() -> Problem:
    return random_problem()


@pytest.fixture(scope="module")
def lesson(problem: Problem) -> Lesson:
    return gather(problem)


@pytest.fixture(scope="module")
def page(lesson: Lesson) -> Page:
    return render(lesson)


def test_the_default_page_is_small(page: Page):
    assert len(page.html.encode()) < LARGEST_PAGE


def test_the_page_says_what_the_comparison_says(page: Page, lesson: Lesson):
    assert page.agree
    assert page.verdict.startswith("AGREE")
    assert "within the proven rounding bound" in page.html
    for q in lesson.run.comparison.quantities:
        assert f"<code>{q.manual:.17g}</code>".replace("-", "−") in page.html


@pytest.mark.parametrize("key", QUANTITIES)
def test_each_step_shows_the_line_as_it_stands_in_the_manual_pass(page: Page, key: str):
    passage = passages()[key]
    lines = NETWORK.splitlines()[passage.first - 1 : passage.last]
    assert [line.strip() for line in passage.lines] == [line.strip() for line in lines]
    assert re.search(rf"\b{key} /?= ", passage.code)
    step = re.search(rf'<article class="step" id="{key}".*?</article>', page.html, re.DOTALL)
    assert step is not None
    assert html.escape(passage.code.splitlines()[-1]) in step[0]
    assert "<math" in step[0]


def test_a_line_that_makes_no_quantity_is_missed():
    with pytest.raises(LookupError, match="expected a line for each quantity"):
        passages(html)


def test_the_numbers_of_both_sides_are_in_the_page_bit_for_bit(page: Page, problem: Problem):
    hand, autograd = _unpacked(page.html)
    for key, mine, theirs in zip(
        QUANTITIES,
        step_values(*manual_step(problem)),
        autograd_values(problem),
        strict=True,
    ):
        assert np.array_equal(hand[key], np.atleast_2d(mine)), key
        assert np.array_equal(autograd[key], np.atleast_2d(theirs)), key
    assert np.array_equal(hand["X"], problem.X)


def _unpacked(text: str) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    data = _data(text)
    everything = zlib.decompress(base64.b64decode(data["packed"]))
    start, found = 0, ({}, {})
    for side in (0, 1):
        for key, matrix in data["matrices"].items():
            if side and not matrix["autograd"]:
                continue
            size = 8 * matrix["shape"][0] * matrix["shape"][1]
            bits = np.frombuffer(everything[start : start + size], "<u8")
            start += size
            if side:
                bits = bits ^ found[0][key].view("<u8").ravel()
            found[side][key] = bits.view("<f8").reshape(matrix["shape"])
    assert start == len(everything)
    return found


def _data(text: str) -> dict:
    block = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert block is not None
    data: dict = json.loads(block[1], parse_constant=pytest.fail)
    return data


def test_the_policy_allows_the_pages_own_style_and_script_and_nothing_else(page: Page):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page.html)
    assert policy is not None
    for kind, tag in (("script-src", '<script type="module">'), ("style-src", "<style>")):
        text = page.html.split(tag)[1].split("</script>" if "script" in tag else "</style>")[0]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}'" in html.unescape(policy[1])
    assert html.unescape(policy[1]).startswith("default-src 'none'")
    assert not re.search(r'\b(src|href)="(?!#|data:)', page.html)
    assert " style=" not in page.html


def test_names_from_a_file_are_text(problem: Problem):
    names = ("</script><script>alert(1)</script>", '"><b>x', "{{ 7*7 }}")
    text = render(gather(replace(problem, classes=names, source="<i>file</i>"))).html
    assert text.count("<script") == 2
    assert "<b>x" not in text
    assert "<i>file" not in text
    assert "{{ 7*7 }}" in text
    assert _data(text)["classes"] == list(names)


def test_a_notebook_shows_the_page_in_a_frame(page: Page):
    shown = page._repr_html_()
    assert shown.startswith('<iframe srcdoc="&lt;!doctype html&gt;')
    assert html.unescape(shown.split('"')[1]) == page.html
    assert compare.page is not None


def test_a_long_batch_is_sampled_and_its_furthest_rows_are_shown():
    lesson = gather(random_problem(samples=3000))
    assert not lesson.whole
    by_row = [q for q in lesson.run.comparison.quantities if len(q.shape) == 2 and q.shape[0] > 10]
    assert {q.at[0] for q in by_row} <= set(lesson.rows.tolist())
    index = len(lesson.rows) // 2
    fwd, _ = manual_step(lesson.problem)
    assert np.allclose(lesson.by_hand.z1[index], fwd.z1[lesson.rows[index]], rtol=1e-12)
    text = render(lesson).html
    assert "The batch has 3000 rows" in text
    assert len(text.encode()) < 2 * LARGEST_PAGE


def test_steps_are_drawn_as_a_course(problem: Problem):
    text = render(gather(random_problem(samples=20), steps=5)).html
    assert "5 steps of gradient descent" in text
    assert "All steps agree" in text


# The graph


def test_every_gradient_is_drawn_and_nothing_is_drawn_over(lesson: Lesson):
    drawing = draw(lesson.walk.steps)
    assert len(drawing.places) == len(lesson.walk.steps)
    assert len(drawing.ways) == lesson.walk.edges - 1  # the first arrives from outside
    for way in drawing.ways:
        between = range(way.start.order + 1, way.end.order)
        assert [p for p in drawing.places if p.lane == way.lane and p.order in between] == []


def test_the_nodes_of_a_step_are_those_that_do_it(lesson: Lesson):
    names = {key: {n.name for n in nodes_of(key, lesson.walk.steps)} for key in QUANTITIES}
    assert names["z1"] == {"AddmmBackward0"}
    assert names["a1"] == names["dz1"] == {"ReluBackward0"}
    assert names["dz2"] == {"NllLossBackward0", "LogSoftmaxBackward0"}
    assert names["db2"] == {"AddmmBackward0", "AccumulateGrad"}
    assert names["dW2"] >= {"AddmmBackward0", "PowBackward0", "AccumulateGrad"}
    assert all(step_of(node) in QUANTITIES for node in lesson.walk.steps)


# Colours


def test_a_picture_is_blue_below_0_and_orange_above():
    address = picture(np.array([[-2.0, 0.0, 1.0]]), scale_of(np.array([2.0])))
    png = base64.b64decode(address.partition(",")[2])
    at = png.index(b"IDAT")
    (length,) = struct.unpack(">I", png[at - 4 : at])
    assert list(zlib.decompress(png[at + 4 : at + 4 + length])) == [
        0,
        0,
        SHADES,
        SHADES + SHADES // 2,
    ]


@pytest.mark.parametrize(
    ("value", "text", "shade"),
    [(2.0, "2.000", "p8"), (-1.0, "−1.000", "n4"), (0.0, "0", ""), (np.nan, "nan", "")],
)
def test_a_cell_shows_sign_and_size(value: float, text: str, shade: str):
    scale = scale_of(np.array([2.0, -1.0, np.nan]))
    assert cell_text(value, scale) == text
    assert cell_class(value, scale) == shade


# Mistakes


def test_every_mistake_of_the_catalogue_is_on_the_page(page: Page):
    assert [t.id for t in stored()] == [m.id for m in CATALOGUE], (
        f"{STORE} is not of today: python -m compare.lesson.mistakes"
    )
    assert page.html.count("<article class=mistake ") == len(CATALOGUE)


def test_of_each_mistake_the_page_says_what_the_checker_says(page: Page):
    said = re.findall(r"the checker says</p><pre>(.*?)</pre>", page.html, re.DOTALL)
    assert len(said) == len(CATALOGUE)
    assert all(words.strip() for words in said)


def test_what_the_page_quotes_is_what_the_checker_says(pytestconfig: pytest.Config):
    every = 1 if pytestconfig.getoption("--problems") >= 2000 else 18
    for mistake, kept in list(zip(CATALOGUE, stored(), strict=True))[::every]:
        assert told(mistake) == kept, "python -m compare.lesson.mistakes writes it anew"


def test_a_planted_line_is_the_only_difference(problem: Problem):
    arguments = (problem.X, problem.y, *problem.params, problem.reg)
    values = learners_pass("db1", "db1 = da1.sum(axis=0, keepdims=True)")(*arguments)
    fwd = forward(problem.params, problem.X, problem.y, problem.reg)
    right = {**fwd._asdict(), **backward(problem.params, problem.X, problem.reg, fwd)._asdict()}
    differ = [name for name in right if not np.array_equal(values[name], right[name])]
    assert differ == ["db1"]


# The command line


def test_the_command_writes_one_file_and_says_the_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "lesson.html"
    assert main(["page", "-o", str(file), "--samples", "12"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("AGREE")
    assert file.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_dash_for_the_file_prints_the_page_and_nothing_else(
    capsys: pytest.CaptureFixture[str],
):
    assert main(["page", "-o", "-", "--samples", "12"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("<!doctype html>")
    assert text.rstrip().endswith("</html>")
    assert main(["page", "-o", "-", "--open"]) == 2
    assert "--open: expected a file beside it" in capsys.readouterr().err


def test_a_file_that_exists_is_overwritten_only_if_told_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "lesson.html"
    file.write_text("mine", encoding="utf-8")
    assert main(["page", "-o", str(file), "--samples", "12"]) == 2
    assert "expected a new file, or --force" in capsys.readouterr().err
    assert file.read_text(encoding="utf-8") == "mine"
    assert main(["page", "-o", str(file), "--samples", "12", "--force"]) == 0
    assert file.read_text(encoding="utf-8") != "mine"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("", "-o/--output: expected a value, got none"),
        ("-o {folder}/no/page.html", "No such file or directory"),
        ("-o {folder}/a.html --learning-rate 1", "expected --steps beside it"),
        ("-o {folder}/a.html --steps 0", "steps: expected a whole number >= 1, got 0"),
        ("-o {folder}/a.html --reg -1", "reg: expected"),
    ],
)
def test_a_page_that_cannot_be_made_exits_2(
    options: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["page", *options.format(folder=tmp_path).split()]) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.err.count("\n") == 1
