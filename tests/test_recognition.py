"""What else is recognised: mistakes by their names and numbers, exchanged values, another value in
a quantity's place, arguments that were written to or replaced, and calls that differ.
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


def wrong(report: Report) -> list[str]:
    return [name for name, verdict in verdicts(report).items() if verdict == "wrong"]


# Mistakes by their names

MEAN, MASK = "dscores = (probs - onehot) / n", "dh * (h > 0)"
DW1, DB2 = "X.T.dot(dhin) + reg * W1", "np.sum(dscores, axis=0, keepdims=True)"
SOFTMAX = "e / np.sum(e, axis=1, keepdims=True)"
IN_PLACE = "dscores = probs.copy(); dscores[np.arange(n), y]"
NAMED = {
    "-1 assigned": ((MEAN, f"{IN_PLACE} = -1; dscores /= n"), "dz2", "indicator-assigned"),
    "-1 assigned after the mean": (
        (MEAN, "dscores = probs / n; dscores[np.arange(n), y] = -1"),
        "dz2",
        "indicator-assigned",
    ),
    "1 added": ((MEAN, f"{IN_PLACE} += 1; dscores /= n"), "dz2", "indicator-added"),
    "1 subtracted after the mean": (
        (MEAN, "dscores = probs / n; dscores[np.arange(n), y] -= 1"),
        "dz2",
        "subtracted-after-the-mean",
    ),
    "1 subtracted from the scores": (
        (MEAN, "dscores = scores.copy(); dscores[np.arange(n), y] -= 1; dscores /= n"),
        "dz2",
        "scores-for-probabilities",
    ),
    "the mask without the bias": ((MASK, "dh * (X.dot(W1) > 0)"), "dz1", "mask-before-the-bias"),
    "the sign for the mask": ((MASK, "dh * np.sign(hin)"), "dz1", "sign-for-slope"),
    "one more in the sum": (
        (SOFTMAX, "e / (1 + np.sum(e, axis=1, keepdims=True))"),
        "P",
        "one-more-in-the-sum",
    ),
    "an epsilon in the sum": (
        (SOFTMAX, "e / (np.sum(e, axis=1, keepdims=True) + 1e-6)"),
        "P",
        "epsilon-in-the-sum",
    ),
    "before the mask": (("np.sum(dhin,", "np.sum(dh,"), "db1", "before-the-mask"),
    "the mean twice, in place": (
        (MEAN, "dscores = probs - onehot; dscores /= n; dscores /= n"),
        "dz2",
        "mean-twice",
    ),
    "the sign on the way back": (("dh = ", "dh = -"), "da1", "sign-back"),
    "the labels on the way back": (("dh = dscores", "dh = onehot"), "da1", "labels-for-dz2"),
    "the slope of a softplus": ((MASK, "dh / (1 + np.exp(-hin))"), "dz1", "softplus-slope"),
}


@pytest.mark.sampled(4)
@pytest.mark.parametrize("case", NAMED)
@both
def test_a_mistake_has_one_name(case: str, returned: str):
    edit, quantity, id = NAMED[case]
    report = checked(written(edit, returned=returned))
    assert found(report) == [(quantity, id)]
    assert report.mistakes[0].also == ()


def test_one_number_is_not_called_cut_off():
    edit = ("logp[np.arange(n), y]", "logp[np.arange(n), y] / np.log(10)")
    report = checked(written(edit))
    assert found(report) == [("loss", "log10")]
    assert "cut off" not in words(report)


@both
def test_exp_taken_twice_is_no_p_that_was_written_over(returned: str):
    twice = ("e = np.exp(shifted)", "e = np.exp(np.exp(shifted))")
    report = checked(written(twice, returned=returned))
    assert found(report)[0] == ("P", "exp-for-scores")


CUT_OFF = {
    "clipped": (
        (DW1, f"np.clip({DW1}, -0.05, 0.05)"),
        "dW1",
        "value-clipped",
        "all that is beyond ±0.05 is cut off there",
    ),
    "clipped, where few values are as large": (
        ("dW2 = h.T.dot(dscores) + reg * W2", "dW2 = np.clip(h.T.dot(dscores) + reg * W2, -5, 5)"),
        "dW2",
        "value-clipped",
        "all that is beyond ±5 is cut off there",
    ),
    "scaled to a norm": (
        (f"dW1 = {DW1}", f"dW1 = {DW1}; dW1 *= min(1, 0.3 / np.linalg.norm(dW1))"),
        "dW1",
        "norm-clipped",
        "scaled down where its norm is beyond a limit",
    ),
    "rounded": ((DB2, f"np.round({DB2}, 3)"), "db2", "rounded", "to 3 decimals"),
}


@pytest.mark.sampled(2)
@pytest.mark.parametrize("case", CUT_OFF)
@both
def test_what_is_cut_off_is_told_with_the_number(case: str, returned: str):
    edit, quantity, id, told = CUT_OFF[case]
    report = checked(written(edit, returned=returned))
    assert found(report) == [(quantity, id)]
    assert told in words(report)


SHIFTS = {
    "no-shift": "shifted = scores",
    "global-shift": "shifted = scores - np.max(scores)",
}


@pytest.mark.sampled(2)
@pytest.mark.parametrize("id", SHIFTS)
@pytest.mark.parametrize("mask", [MASK, "np.where(h > 0, dh, 0)"], ids=["times", "where"])
def test_a_softmax_that_overflows_is_told_by_its_shift_from_gradients_alone(id: str, mask: str):
    edits = [("shifted = scores - np.max(scores, axis=1, keepdims=True)", SHIFTS[id])]
    edits += [(MASK, mask)] if mask != MASK else []
    report = checked(written(*edits, returned="gradients alone"))
    assert [(f.quantity, f.id) for f in report.edges] == [("P", id)]


PENALTIES = {
    "np.sum(W1**2)": "penalty-without-w2",
    "np.sum(W2**2)": "penalty-without-w1",
    "np.sum(W1**2) + np.sum(W2**2) + np.sum(b1**2) + np.sum(b2**2)": "penalty-of-the-biases",
    "np.linalg.norm(W1) + np.linalg.norm(W2)": "norm-for-its-square",
    "np.sum(abs(W1)) + np.sum(abs(W2))": "absolute-value-for-the-square",
    "(np.sum(W1**2) + np.sum(W2**2)) / n": "penalty-over-n",
    "(np.sum(W1**2) + np.sum(W2**2)) / reg": "penalty-without-reg",
    "-np.sum(W1**2) - np.sum(W2**2)": "penalty-subtracted",
}


@pytest.mark.sampled(2)
@pytest.mark.parametrize("penalty", PENALTIES)
def test_another_penalty_in_the_loss_beside_right_gradients_has_a_name(penalty: str):
    edit = ("np.sum(W1**2) + np.sum(W2**2)", penalty)
    if "/ reg" in penalty:
        edit = ("0.5 * reg", "0.5")
    report = checked(written(edit, returned="loss and gradients"))
    assert found(report) == [("loss", PENALTIES[penalty])]


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
        "yours is W1 - 0.1 * dW1, W1 after its update, not the gradient",
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
        "X is written to before z1 and dW1 are computed from it; work on a copy: "
        "line 4, X -= X.mean(0)",
    ),
    "W2 updated before da1": (
        ("    dh = ", "    W2 -= 0.1 * dW2\n    dh = "),
        "W2 is written to before da1 is computed from it; work on a copy: line 19, W2 -= 0.1 * dW2",
    ),
    "W1 updated before dW1": (
        ("    dW1 = ", "    W1 *= 0.9\n    dW1 = "),
        "W1 is written to before dW1 is computed from it; work on a copy: line 21, W1 *= 0.9",
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
    assert wrong(report) == [argument]


def test_what_is_wrong_beside_it_keeps_its_own_finding():
    late = SPOILT["W2 updated before da1"][0]
    report = checked(written(late, ("dscores = (probs - onehot) / n", "dscores = probs - onehot")))
    assert found(report) == [("dz2", "no-mean"), ("W2", "writes-to-argument")]


def test_an_argument_written_to_after_its_use_has_spoilt_nothing():
    report = checked(written(("    return dict", "    W2 -= 0.1 * dW2\n    return dict")))
    assert found(report) == [("W2", "writes-to-argument")]
    assert "computed from it" not in words(report)
    assert wrong(report) == ["W2"]
    assert set(verdicts(report).values()) == {"right", "wrong"}


REPLACED = {
    "X - X.mean(0)": "X is centred before use, X - mean",
    "(X - X.mean(0)) / X.std(0)": "X is standardised before use, (X - mean) / std",
    "(X - X.mean(0)) / (X.std(0) + 1e-8)": "X is standardised before use, (X - mean) / std",
    "X / np.max(X)": "X is scaled before use, X / max",
}


@pytest.mark.sampled(2)
@pytest.mark.parametrize("made_of_it", REPLACED)
@both
def test_an_argument_in_whose_place_another_value_is_used_is_the_one_mistake(
    made_of_it: str, returned: str, tmp_path: Any
):
    file = tmp_path / "mine.py"
    file.write_text(written(("    n, c =", f"    X = {made_of_it}\n    n, c ="), returned=returned))
    report = compare.check(file, seed=SEED, search=1.0)
    assert found(report) == [("X", "argument-replaced")]
    assert f"{REPLACED[made_of_it]}: line 4, X = {made_of_it}" in words(report)
    assert "is written to" not in words(report)
    assert wrong(report) == ["X"]


def test_what_is_centred_for_the_forward_pass_alone_is_told_so_from_the_gradients_alone(
    tmp_path: Any,
):
    file = tmp_path / "mine.py"
    text = written(("X.dot(W1)", "(X - X.mean(0)).dot(W1)"), returned="gradients alone")
    file.write_text(text)
    report = compare.check(file, seed=SEED, search=0)
    assert found(report) == [("X", "argument-replaced")]
    assert "z1 has X - X.mean(axis=0) for X" in words(report)
    assert report.mistakes[0].source == "hin = (X - X.mean(0)).dot(W1) + b1"


def test_what_is_standardised_for_the_forward_pass_alone_is_told_so():
    report = checked(written(("X.dot(W1)", "((X - X.mean(0)) / X.std(0)).dot(W1)")))
    assert found(report) == [("X", "argument-replaced")]
    assert verdicts(report)["dW1"] == "inherited"


@pytest.mark.parametrize(
    "mask", ["dhin = dh * (h >= 0)", "dhin = dh\n    dhin[h < 0] = 0"], ids=["kept", "set to 0"]
)
def test_a_mask_that_lets_all_through_is_not_called_missing(mask: str, tmp_path: Any):
    file = tmp_path / "mine.py"
    file.write_text(written(("dhin = dh * (h > 0)", mask), returned="gradients alone"))
    report = compare.check(file, seed=SEED, search=0)
    assert found(report) == [("dz1", "mask-always-true")]


# What is returned, and what was computed

TURNED = ("dh = dscores.dot(W2.T)", "dh = W2.dot(dscores.T)"), ("dh * (h > 0)", "dh.T * (h > 0)")


def test_a_value_that_was_never_changed_is_not_called_so_but_transposed(tmp_path: Any):
    file = tmp_path / "mine.py"
    file.write_text(written(*TURNED, returned="all values"))
    report = compare.check(file, seed=SEED, search=0)
    assert [(f.quantity, f.id, f.source) for f in report.remarks] == [
        ("da1", "transposed", "dh = W2.dot(dscores.T)")
    ]
    assert "da1: right, but transposed; your shape is (10, 200)" in words(report)
    assert not report.mistakes


@pytest.mark.parametrize("change", ["dW1 * np.nan", "dW1 / 0", "np.ma.masked_array(dW1, dW1 > 0)"])
def test_what_is_changed_where_it_is_returned_is_wrong_in_that_line(change: str, tmp_path: Any):
    file = tmp_path / "mine.py"
    file.write_text(written(returned="gradients alone").replace("dW1=dW1", f"dW1={change}"))
    report = compare.check(file, seed=SEED, search=0)
    assert wrong(report) == ["dW1"]
    assert report.mistakes[0].source.startswith("return dict(")
    assert "right where it is computed, and not as it is returned" in words(report)
    assert "where scores reach" not in words(report)


def test_what_is_nan_throughout_has_its_own_line(tmp_path: Any):
    file = tmp_path / "mine.py"
    file.write_text(written(("(h > 0)", "(h / h)"), returned="gradients alone"))
    report = compare.check(file, seed=SEED, search=0)
    lines = {q.name: q.source.partition(" = ")[0] for q in report.quantities}
    assert [lines[q] for q in ("dz1", "dW1", "db1")] == ["dhin", "dW1", "db1"]
    assert wrong(report) == ["dz1"]


def test_what_the_code_has_not_got_is_not_asked_for(tmp_path: Any):
    one_hot = "onehot = np.zeros((n, c))\n    onehot[np.arange(n), y] = 1\n"
    by_index = "dscores = probs.copy()\n    dscores[np.arange(n), y] -= y\n    dscores /= n"
    text = written((f"    {one_hot}", ""), (MEAN, by_index), returned="gradients alone")
    file = tmp_path / "mine.py"
    file.write_text(text)
    report = compare.check(file, seed=SEED, search=0)
    assert report.mistakes[0].source == "dscores[np.arange(n), y] -= y"
    assert "Y_ind" not in words(report)
    assert str(report).splitlines()[-1].startswith("Fix dz2 first.")


def test_of_two_expressions_with_one_value_the_simpler_is_told():
    report = checked(written((MEAN, "dscores = -onehot / n")))
    assert "yours is -Y_ind / N:" in words(report)


# Two calls that differ

NOISE = ("h = np.maximum(0, hin)", "h = np.maximum(0, hin) * (np.random.rand(*hin.shape) < 0.5)")


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
