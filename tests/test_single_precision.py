"""Files that compute in float32, with a mistake: it is told as in float64, and nothing beside."""

import linecache
from typing import Any

import numpy as np
import pytest

from compare.checker.check import check
from compare.checker.report import Report
from tests.learners import HEAD, PLANTS, Plant, source

CAST = "    X, W1, b1, W2, b2 = (v.astype(np.float32) for v in (X, W1, b1, W2, b2))\n"
SEED = 3

# An id of tests/learners.py, where it is, and a word of its line.
MISTAKES = {
    "no-mean": ("dz2", "dscores = "),
    "softmax-over-everything": ("P", "probs = "),
    "no-keepdims": ("P", "probs = "),
}
EDGES = ("no-shift", "global-shift")

BIAS = next(p for p in PLANTS if (p.id, p.quantity) == ("bias-regularised", "db1"))

Edits = tuple[tuple[str, str], ...]
PROBS = "e / np.sum(e, axis=1, keepdims=True)"
MEAN_LEFT = ("(probs - onehot) / n", "probs - onehot")
DOUBLED = ("reg * W1", "2 * reg * W1")
# Where people bring float32 in.
CASTS: dict[str, Edits] = {
    "all": (("    n, c", CAST + "    n, c"),),
    "X alone": (("    n, c", '    X = X.astype("f4")\n    n, c'),),
    "one step": ((PROBS, f"({PROBS}).astype(np.float32)"),),
    "as returned": (
        (
            "    return dict(",
            "    return (lambda **all: {k: np.float32(v) for k, v in all.items()})(",
        ),
    ),
}


def in_float32(text: str) -> str:
    assert text.count(HEAD) == 1
    return text.replace(HEAD, HEAD + CAST)


def edited(text: str, *edits: tuple[str, str]) -> str:
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def planted(id: str) -> Plant:
    return next(plant for plant in PLANTS if plant.id == id)


def checked(text: str, strict: bool = False, seed: int = SEED, search: float = 0.0) -> Report:
    """Of a function whose source is known: its lines are followed, as those of a file are."""
    file = f"<answer {hash(text)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    scope: dict[str, Any] = {}
    exec(compile(text, file, "exec"), scope)
    return check(scope["backward"], seed=seed, search=search, strict=strict)


def told(report: Report, shift: int = 0) -> list[tuple[str, str, int]]:
    """Of each mistake, with its line in the text without the cast."""
    return [(f.quantity, f.id, (f.line or 0) - shift) for f in report.wrong]


@pytest.mark.parametrize("id", MISTAKES)
def test_a_mistake_is_told_as_in_float64_and_float32_is_a_remark(id: str):
    text = in_float32(source(planted(id), everything=False))
    quantity, begins = MISTAKES[id]
    (line,) = (
        n for n, words in enumerate(text.splitlines(), 1) if words.strip().startswith(begins)
    )
    report = checked(text)
    assert told(report) == [(quantity, id, line)]
    assert [(f.id, f.line) for f in report.remarks] == [("float32", 4)]


@pytest.mark.parametrize("id", EDGES)
def test_what_is_not_finite_on_extreme_scores_is_an_edge_as_in_float64(id: str):
    report = checked(in_float32(source(planted(id))))
    assert report.right
    assert [(f.quantity, f.id) for f in report.edges] == [("P", "overflow")]
    assert {q.name: q.verdict for q in report.quantities}["P"] == "edge"


def test_one_value_in_float32_accuses_no_line():
    """Beside a mistake, too: the values after it lie outside float64's rounding of the right."""
    mask = planted("mask-missing")
    relu = Plant(0, "", "", "np.maximum(0, hin)", "np.maximum(0, hin).astype(np.float32)")
    report = checked(source(mask, relu))
    assert [quantity for quantity, _, _ in told(report)] == ["dz1"]
    assert [(f.id, f.quantity) for f in report.remarks] == [("float32", "a1")]


RIGHT_OF_ANOTHER_LOSS = {
    "the sum over the samples": (("[np.arange(n), y]) / n +", "[np.arange(n), y]) +"), MEAN_LEFT),
    "no half before the penalty": (("0.5 * reg", "reg"), ("reg * W2", "2 * reg * W2"), DOUBLED),
}


@pytest.mark.sampled(4)
@pytest.mark.parametrize("edits", RIGHT_OF_ANOTHER_LOSS.values(), ids=RIGHT_OF_ANOTHER_LOSS)
@pytest.mark.parametrize("cast", CASTS.values(), ids=CASTS)
def test_gradients_of_another_loss_are_right_in_float32_too(edits: Edits, cast: Edits):
    """The other loss is told, float32 is, and nothing is wrong."""
    report = checked(edited(source(), *edits, *cast))
    assert report.right
    assert [f.id for f in report.remarks] == ["another-loss", "float32"]


def test_a_gradient_that_contradicts_the_loss_is_told_in_float32_too():
    only_dW1 = (("0.5 * reg", "reg"), ("reg * W2", "2 * reg * W2"))
    report = checked(edited(source(), *only_dW1, *CASTS["all"]))
    assert [(f.quantity, f.id) for f in report.mistakes] == [("dW1", "not-its-slope")]


@pytest.mark.sampled(2)
@pytest.mark.parametrize("everything", [False, True], ids=["gradients alone", "all values"])
def test_a_line_is_found_as_in_float64(everything: bool):
    """By its numbers, which float32 has to seven digits."""
    dW1 = ("X.T.dot(dhin) + reg * W1", "X.T.dot(dhin) * (reg * W1)")
    for cast in CASTS.values():
        report = checked(edited(source(everything=everything), dW1, *cast), search=1.0)
        assert [f.title for f in report.wrong] == ["yours is X.T @ dz1 * (reg * W1)"]
    update = ("dW2 = h.T.dot(dscores) + reg * W2", "dW2 = W2 - 0.1 * (h.T.dot(dscores) + reg * W2)")
    text = edited(source(everything=everything), update, *CASTS["all"])
    report = checked(text, search=1.0)
    assert report.wrong[0].title.startswith("yours is W2 - 0.1 * dW2")


@pytest.mark.sampled(3)
@pytest.mark.parametrize("seed", [2, 3, 5])
def test_a_guard_beside_P_accuses_nothing_after_it(seed: int):
    guarded = edited(source(), ("probs = e", "probs = 1e-8 + e"))
    assert checked(in_float32(guarded), seed=seed).right


def test_a_term_beside_zeros_is_rounded_too():
    """In these batches, no unit is on in the one sample: db1 is the penalty alone there."""
    report = checked(in_float32(source(BIAS)), seed=12)
    one = next(case for case in report.cases if case.name == "one sample")
    assert not one.right["db1"].any()
    assert told(report, shift=1) == [("db1", "bias-regularised", 22)]


def test_what_is_seen_is_told_with_the_digits_that_float32_has():
    penalty = source(planted("reg-missing"), everything=False)
    report = checked(in_float32(penalty))
    assert [f.evidence for f in report.wrong] == ["the right one minus reg·W2"]
    weight = ("reg * W1", "reg * W1 / n")
    report = checked(edited(source(everything=False), weight, *CASTS["all"]))
    assert [f.evidence for f in report.wrong] == ["the right one minus 0.995 × reg·W1"]


# The line that makes float32, and the first quantity that has it.
FIRST = {"all": (4, "z1"), "X alone": (4, "z1"), "one step": (10, "P"), "as returned": (23, "z1")}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", FIRST)
def test_the_remark_names_the_line_and_no_quantity_before_it(name: str):
    line, quantity = FIRST[name]
    report = checked(edited(source(planted("mask-missing")), *CASTS[name]))
    (remark,) = report.remarks
    assert (remark.quantity, remark.line) == (quantity, line)
    assert f"first in line {line}, " in str(report).replace("\n    ", " ")


HALF = {
    "all": (("    n, c", CAST.replace("float32", "float16") + "    n, c"),),
    "one step": ((PROBS, f"({PROBS}).astype(np.float16)"),),
}


@pytest.mark.sampled(4)
@pytest.mark.parametrize("everything", [False, True], ids=["gradients alone", "all values"])
@pytest.mark.parametrize(("name", "quantity"), [("all", "z1"), ("one step", "P")])
def test_float16_is_told_once_by_its_name(name: str, quantity: str, everything: bool):
    report = checked(edited(source(everything=everything), *HALF[name]))
    assert [(q, id) for q, id, _ in told(report)] == [(quantity, "float16")]
    assert everything or {q.name: q.verdict for q in report.quantities}["Y_ind"] != "inherited"


def test_a_mistake_after_float16_keeps_its_name():
    report = checked(edited(source(planted("no-mean")), *HALF["one step"]))
    assert [(q, id) for q, id, _ in told(report)] == [("P", "float16"), ("dz2", "no-mean")]


def test_numbers_cut_to_zeros_are_told_as_integers_as_in_float64():
    """The scores at which some P are 1, and left, are too large for float32."""
    report = checked(in_float32(source(planted("integers"))))
    assert [(q, id) for q, id, _ in told(report)] == [("P", "integers")]
    zeros = (PROBS, f"np.zeros_like({PROBS})")
    report = checked(edited(source(), zeros, *CASTS["all"]))
    assert [(q, id) for q, id, _ in told(report)] == [("P", "edited")]


def test_an_edge_is_told_of_code_in_float32_that_is_right():
    kink = ("(h > 0)", "(hin >= 0)")
    for cast in CASTS.values():
        report = checked(edited(source(everything=False), kink, *cast))
        assert report.right
        assert [(f.quantity, f.id) for f in report.edges] == [("dz1", "slope-at-zero")]


COLUMNS = """\
import numpy as np

def backward(X, y, W1, b1, W2, b2, reg):
    U, V = W1.T.astype(np.float32), W2.T.astype(np.float32)
    m = len(X)
    Z1 = U @ X.T + b1.T
    A1 = np.maximum(Z1, 0)
    Z2 = V @ A1 + b2.T
    T = np.exp(Z2 - Z2.max(axis=0))
    dZ2 = T / T.sum(axis=0)
    dZ2[y, np.arange(m)] -= 1
    dV = dZ2 @ A1.T / m + reg * V
    dA1 = V.T @ dZ2
    dZ1 = dA1 * (1 - A1 ** 2)
    dU = dZ1 @ X / m + reg * U
    db, dc = dZ1.mean(axis=1), dZ2.mean(axis=1)
    return {"dW1": dU.T, "db1": db, "dW2": dV.T, "db2": dc}
"""


def test_a_line_whose_values_are_n_times_the_notes_is_told_in_float32_too():
    report = checked(COLUMNS)
    assert told(report) == [("dz1", "tanh-slope", 14)]


def test_a_mask_of_half_precision_is_as_good_as_any():
    mask = ("(h > 0)", "(h > 0).astype(np.float16)")
    assert not checked(edited(source(), mask)).findings


def test_strictly_float32_is_a_mistake_beside_the_other():
    report = checked(in_float32(source(planted("no-mean"))), strict=True)
    assert {f.id for f in report.mistakes} == {"no-mean", "float32"}
    assert {q.name: q.verdict for q in report.quantities}["z1"] == "wrong"
    report = checked(in_float32(source(everything=False)), strict=True)
    assert [(f.quantity, f.id) for f in report.mistakes] == [("z1", "float32")]
    assert {q.name: q.verdict for q in report.quantities}["z1"] == "wrong"


def test_of_a_function_without_a_source_the_line_alone_is_told():
    scope: dict[str, Any] = {}
    exec(in_float32(source()), scope)
    report = check(scope["backward"], seed=SEED)
    assert [f.evidence for f in report.remarks] == ["first in line 4"]


def test_what_is_right_in_float32_and_wrong_by_more_in_float64_is_wrong():
    small = Plant(0, "", "", "db1 = np", "db1 = 1e-4 * (X.dtype == np.float64) + np")
    report = checked(source(small).replace("h.dot(W2)", "h.dot(W2.astype(np.float32))"))
    assert not report.right


def test_a_sum_of_half_precision_is_no_mistake_beside_the_line_that_made_it():
    half = Plant(0, "", "", "dhin = dh * (h > 0)", "dhin = (dh * (h > 0)).astype(np.float16)")
    report = checked(source(half))
    assert [(quantity, line) for quantity, _, line in told(report)] == [("dz1", 20)]
    assert np.finfo(np.float16).eps > 1e-4
    words = {q.name: q.verdict for q in report.quantities}
    assert (words["dW1"], words["db1"]) == ("inherited", "inherited")


@pytest.mark.parametrize("everything", [False, True], ids=["gradients alone", "all values"])
@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
@pytest.mark.sampled(70)
def test_of_all_mistakes_those_are_told_that_are_told_in_float64(plant: Plant, everything: bool):
    text = source(plant, everything=everything)
    places = [(quantity, line) for quantity, _, line in told(checked(text))]
    report = checked(in_float32(text))
    if plant.id == "log-of-p-plus-epsilon" and plant.quantity == "dz2":
        places = []  # an ε of 1e-8 beside P is nothing in float32
    assert [(quantity, line) for quantity, _, line in told(report, shift=1)] == places
