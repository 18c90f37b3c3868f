"""What else is recognised: exchanged values, another value in a quantity's place, arguments that
were written to, gradients that contradict the learner's own loss, and calls that differ.
"""

from typing import Any

import pytest

import compare
from compare.checker.report import Report
from compare.checker.unlike import unlike
from tests.learners import EVERYTHING, GRADIENTS, source

SEED = 7
LOSS_AND_GRADIENTS = GRADIENTS.replace("dict(", "dict(loss=loss, ")
RETURNED = {
    "all values": EVERYTHING,
    "gradients alone": GRADIENTS,
    "loss and gradients": LOSS_AND_GRADIENTS,
}
both = pytest.mark.parametrize("returned", ["all values", "gradients alone"])


def written(*edits: tuple[str, str], returned: str = "all values") -> str:
    """The right solution with these edits, in its return statement, too."""
    text = source().replace(EVERYTHING, RETURNED[returned])
    for old, new in edits:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
        text = text.replace(old, new)
    return text


def checked(text: str, search: float = 1.0) -> Report:
    namespace: dict[str, Any] = {"__name__": "learner"}
    exec(compile(text, "<learner>", "exec"), namespace)
    return compare.check(namespace["backward"], seed=SEED, search=search)


def found(report: Report) -> list[tuple[str, str]]:
    return [(f.quantity, f.id) for f in report.mistakes]


def words(report: Report) -> str:
    return " ".join(str(report).split())


def verdicts(report: Report) -> dict[str, str]:
    return {q.name: q.verdict for q in report.quantities}


# Values under each other's names

EXCHANGED = {
    "dW2 and dW1": (("dW2=dW2", "dW2=dW1"), ("dW1=dW1", "dW1=dW2")),
    "db2 and db1": (("db2=db2", "db2=db1"), ("db1=db1", "db1=db2")),
    "db2 and db1 without their row axis": (
        ("db2=db2", "db2=db1[0]"),
        ("db1=db1", "db1=db2[0]"),
    ),
}


@pytest.mark.sampled(2)
@pytest.mark.parametrize("case", EXCHANGED)
@both
def test_exchanged_gradients_are_one_finding_that_names_both(case: str, returned: str):
    report = checked(written(*EXCHANGED[case], returned=returned))
    one, _, other, *_ = case.split()
    assert found(report) == [(one, "exchanged")]
    assert f"your {one} holds {other}, and your {other} holds {one}" in words(report)
    assert {q for q, word in verdicts(report).items() if word == "wrong"} == {one, other}


def test_exchanged_values_of_one_shape_are_told_by_their_numbers():
    report = checked(written(("da1=dh,", "da1=dhin,"), ("dz1=dhin", "dz1=dh")))
    assert found(report) == [("da1", "exchanged")]


def test_beside_exchanged_values_another_mistake_is_found():
    wrong = ("dh * (h > 0)", "dh")
    report = checked(written(*EXCHANGED["dW2 and dW1"], wrong))
    assert found(report) == [("dW2", "exchanged"), ("dz1", "mask-missing")]


NOT_EXCHANGED = {
    "one of them twice": (("dW1=dW1", "dW1=dW2"),),
    "both transposed": (("dW1=dW1", "dW1=dW1.T"), ("dW2=dW2", "dW2=dW2.T")),
    "both divided by N": (("dW1=dW1", "dW1=dW1 / n"), ("dW2=dW2", "dW2=dW2 / n")),
    "the mask in place": (("dhin = dh * (h > 0)", "dh *= h > 0; dhin = dh"),),
    "the mask forgotten": (("dhin = dh * (h > 0)", "dhin = dh"),),
}


@pytest.mark.sampled(2)
@pytest.mark.parametrize("case", NOT_EXCHANGED)
def test_what_resembles_an_exchange_is_not_called_one(case: str):
    assert "under each other's names" not in words(checked(written(*NOT_EXCHANGED[case])))


# Another value in its place

INSTEAD = {
    "the weights": (("dW2=dW2", "dW2=W2"), "dW2", "yours is W2"),
    "the bias": (("db1=db1", "db1=b1"), "db1", "yours is b1"),
    "an earlier gradient": (("db1=db1", "db1=db2"), "db1", "yours is db2"),
    "a later gradient": (("db2=db2", "db2=db1"), "db2", "yours is db1"),
    "the weights after their update": (
        ("dW1=dW1", "dW1=W1 - 0.1 * dW1"),
        "dW1",
        "yours is W1 - 0.1 * dW1: W1 after its update, not the gradient",
    ),
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("case", INSTEAD)
@both
def test_another_value_in_its_place_is_told_by_its_name(case: str, returned: str):
    edit, quantity, told = INSTEAD[case]
    report = checked(written(edit, returned=returned))
    assert [f.quantity for f in report.mistakes] == [quantity]
    assert told in words(report)
    assert "e-1" not in words(report), "a fitted number that is rounding"
    assert "data part" not in words(report)


def test_scores_for_probabilities_are_told_as_scores():
    report = checked(written(("P=probs", "P=scores")))
    assert "yours is z2" in words(report)


def test_a_value_near_another_one_is_not_told_as_that_one():
    report = checked(written(("dW2=dW2", "dW2=W2 * (1 + 1e-6)")))
    assert "yours is W2:" not in words(report)
    assert [f.quantity for f in report.mistakes] == ["dW2"]


# Arguments that were written to

SPOILT = {
    "the mean taken off X": (
        ("    n, c =", "    X -= X.mean(0)\n    n, c ="),
        "X is written to before z1 and dW1 are computed from it: work on a copy: "
        "line 4, X -= X.mean(0)",
    ),
    "W2 updated before da1": (
        ("    dh = ", "    W2 -= 0.1 * dW2\n    dh = "),
        "W2 is written to before da1 is computed from it: work on a copy: line 19, W2 -= 0.1 * dW2",
    ),
    "W1 updated before dW1": (
        ("    dW1 = ", "    W1 *= 0.9\n    dW1 = "),
        "W1 is written to before dW1 is computed from it: work on a copy: line 21, W1 *= 0.9",
    ),
}


@pytest.mark.sampled(2)
@pytest.mark.parametrize("case", SPOILT)
@both
def test_an_argument_that_was_written_to_is_the_one_mistake(
    case: str, returned: str, tmp_path: Any
):
    edit, told = SPOILT[case]
    file = tmp_path / "mine.py"
    file.write_text(written(edit, returned=returned))
    report = compare.check(file, seed=SEED, search=1.0)
    argument = told.split()[0]
    assert found(report) == [(argument, "writes-to-argument")]
    assert told in words(report)
    assert words(report).endswith(f"Fix {argument} first. (--seed {SEED})")
    assert "wrong" not in verdicts(report).values()


def test_what_is_wrong_beside_it_keeps_its_own_finding():
    late = SPOILT["W2 updated before da1"][0]
    report = checked(written(late, ("dscores = (probs - onehot) / n", "dscores = probs - onehot")))
    assert found(report) == [("dz2", "no-mean"), ("W2", "writes-to-argument")]


def test_an_argument_written_to_after_its_use_has_spoilt_nothing():
    report = checked(written(("    return dict", "    W2 -= 0.1 * dW2\n    return dict")))
    assert found(report) == [("W2", "writes-to-argument")]
    assert "computed from it" not in words(report)
    assert set(verdicts(report).values()) == {"right"}


def test_a_copy_that_was_changed_is_no_argument_that_was():
    report = checked(written(("    n, c =", "    X = X - X.mean(0)\n    n, c =")))
    assert "is written to" not in words(report)
    assert not report.right


# Gradients of the learner's own loss

MEAN = "dscores = (probs - onehot) / n"
DB2 = "db2 = np.sum(dscores, axis=0, keepdims=True)"
DB1 = "db1 = np.sum(dhin, axis=0, keepdims=True)"
BIASES = ("np.sum(W2**2))", "np.sum(W2**2) + np.sum(b1**2) + np.sum(b2**2))")
OWN = {
    "without the half": (
        ("0.5 * reg", "reg"),
        ("+ reg * W2", "+ 2 * reg * W2"),
        ("+ reg * W1", "+ 2 * reg * W1"),
    ),
    "biases penalised": (BIASES, (DB2, f"{DB2} + reg * b2"), (DB1, f"{DB1} + reg * b1")),
    "summed": (("y]) / n", "y])"), (MEAN, "dscores = probs - onehot")),
    "no penalty": (("/ n + penalty", "/ n"), (" + reg * W2", ""), (" + reg * W1", "")),
    "without the half, biases penalised": (
        ("0.5 * reg", "reg"),
        BIASES,
        ("+ reg * W2", "+ 2 * reg * W2"),
        ("+ reg * W1", "+ 2 * reg * W1"),
        (DB2, f"{DB2} + 2 * reg * b2"),
        (DB1, f"{DB1} + 2 * reg * b1"),
    ),
    "summed, no penalty": (
        ("y]) / n + penalty", "y])"),
        (MEAN, "dscores = probs - onehot"),
        (" + reg * W2", ""),
        (" + reg * W1", ""),
    ),
    "summed, without the half": (
        ("y]) / n", "y])"),
        ("0.5 * reg", "reg"),
        (MEAN, "dscores = probs - onehot"),
        ("+ reg * W2", "+ 2 * reg * W2"),
        ("+ reg * W1", "+ 2 * reg * W1"),
    ),
}
own_losses = pytest.mark.parametrize("case", OWN)
with_a_loss = pytest.mark.parametrize("returned", ["all values", "loss and gradients"])


@pytest.mark.sampled(5)
@own_losses
@with_a_loss
def test_gradients_of_the_learners_own_loss_are_one_remark(case: str, returned: str):
    report = checked(written(*OWN[case], returned=returned))
    assert report.right, str(report)
    assert [(f.quantity, f.id) for f in report.remarks] == [("loss", "another-loss")]


# On top of another loss: the edit, what is to blame, and what is not the slope of the loss.
ON_TOP = {
    "dz1": (("dh * (h > 0)", "dh"), "mask-missing", "dW2 and db2 are right for it"),
    "dW1": (("X.T.dot(dhin)", "X.T.dot(dh)"), "before-the-mask", "your db1, dW2 and db2 are"),
    "dW2": (("h.T.dot(dscores)", "hin.T.dot(dscores)"), "z1-for-a1", "your dW1, db1 and db2 are"),
    "db1": (("np.sum(dhin", "2 * np.sum(dhin"), "edited", "your dW1, dW2 and db2 are"),
    "db2": (
        ("np.sum(dscores", "np.sum(dscores[:-1]"),
        "sample-left-out",
        "your dW1, db1 and dW2 are",
    ),
}


@pytest.mark.sampled(16)
@own_losses
@pytest.mark.parametrize("quantity", ON_TOP)
@with_a_loss
def test_a_gradient_that_contradicts_the_learners_own_loss_is_the_mistake(
    case: str, quantity: str, returned: str
):
    edit, id, told = ON_TOP[quantity]
    report = checked(written(*OWN[case], edit, returned=returned))
    assert [f.quantity for f in report.mistakes] == [quantity], str(report)
    assert report.mistakes[0].id == id
    assert told in words(report)
    assert ("loss", "another-loss") in [(f.quantity, f.id) for f in report.remarks]


@pytest.mark.parametrize("case", ["without the half", "no penalty"])
def test_a_gradient_of_the_notes_loss_beside_others_of_ones_own_contradicts_it(case: str):
    kept = [edit for edit in OWN[case] if "reg * W2" not in edit[0]]
    report = checked(written(*kept))
    assert found(report) == [("dW2", "not-its-slope")]
    assert "not the slope of your own loss; your dW1, db1 and db2 are" in words(report)


NOT_ITS_OWN = {
    "a right loss, one gradient doubled": (("+ reg * W2", "+ 2 * reg * W2"),),
    "another loss, the notes' gradients": (("0.5 * reg", "reg"),),
    "another loss, and a gradient that is nobody's": (
        ("0.5 * reg", "reg"),
        ("dW1 = X", "dW1 = 3 * X"),
    ),
    "the ReLU forgotten, both ways": (
        ("h = np.maximum(0, hin)", "h = hin"),
        ("dh * (h > 0)", "dh"),
    ),
}


@pytest.mark.sampled(2)
@pytest.mark.parametrize("case", NOT_ITS_OWN)
def test_a_loss_to_which_no_wrong_gradient_belongs_excuses_and_accuses_none(case: str):
    report = checked(written(*NOT_ITS_OWN[case]))
    assert not report.right
    assert "own loss" not in words(report)
    assert "another-loss" not in {f.id for f in report.findings}


# Two calls that differ

NOISE = ("h = np.maximum(0, hin)", "h = np.maximum(0, hin) * (np.random.rand(*hin.shape) < 0.9)")


@pytest.mark.parametrize(("returned", "first"), [("all values", "a1"), ("gradients alone", "dW2")])
def test_random_numbers_are_named_and_the_first_quantity_that_they_change(
    returned: str, first: str, tmp_path: Any
):
    file = tmp_path / "mine.py"
    file.write_text(written(NOISE, returned=returned))
    report = compare.check(file, seed=SEED, search=1.0)
    assert found(report) == [(first, "second-call-differs")]
    assert "np.random is used; in your code the first number that differs is h (line 6)" in words(
        report
    )
    assert f"of what you return, {first} is the first that differs" in words(report)
    assert report.mistakes[0].line == 6


def test_a_global_that_changes_is_named():
    text = written(("hin = X.dot(W1) + b1", "global K\n    K += 1\n    hin = X.dot(W1) + b1 * K"))
    report = checked(text.replace("def backward", "K = 1\ndef backward"))
    assert found(report) == [("z1", "second-call-differs")]
    assert "the global K is changed" in words(report)


def test_random_numbers_that_change_nothing_are_not_spoken_of():
    report = checked(written(("    n, c =", "    np.random.rand(3)\n    n, c =")))
    assert report.right
    assert "random" not in words(report)


def test_numbers_that_differ_hide_no_mistake_before_them():
    report = checked(written(NOISE, ("hin = X.dot(W1) + b1", "hin = X.dot(W1)")))
    assert [f.quantity for f in report.mistakes] == ["z1", "a1"]


CHANGES = {
    "np.random is used": "np.random.rand()",
    "random is used": "import random; random.random()",
    "the random numbers of rng are used": "rng.normal()",
    "the global cache is changed": "cache.append(1)",
    "the global new is changed": "new = 1",
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changed_around_a_function_is_listed(change: str):
    scope: dict[str, Any] = {"cache": [], "steady": [1, 2]}
    exec("import numpy as np; rng = np.random.default_rng(1)", scope)
    with unlike(scope) as because:
        exec(CHANGES[change], scope)
    assert because == [change]


# Hints


def test_an_unknown_hint_is_refused():
    with pytest.raises(
        ValueError, match="hint: expected 'where' or 'what' or 'formula', got 'all'"
    ):
        compare.check(print, hint="all")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="hint: expected"):
        compare.check("mine.py", hint=None)  # type: ignore[arg-type]


@pytest.mark.parametrize("loss", ["0 * loss", "np.inf", "np.nan", "1e-310"])
def test_a_loss_without_a_size_is_judged_like_any_other(loss: str):
    text = source().replace("loss=loss", f"loss={loss}").replace(" + reg * W1", "")
    namespace: dict[str, Any] = {}
    exec(text, namespace)
    report = compare.check(namespace["backward"], seed=3, search=0)
    assert {f.quantity for f in report.mistakes} == {"loss", "dW1"}
