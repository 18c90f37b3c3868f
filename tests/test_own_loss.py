"""Gradients are held against the learner's own loss: the notes' terms with other factors, and any
other loss.
"""

import pytest

from tests.test_recognition import checked, found, verdicts, words, written

# A loss of the notes' terms

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


# Where no gradient is the slope of the loss: the edits, and what is to blame.
ON_TOP_OF_ALL = {
    "no mean": (((MEAN, "dscores = probs - onehot"),), ("dz2", "no-mean")),
    "no indicator": (((MEAN, "dscores = probs / n"),), ("dz2", "indicator-missing")),
    "tanh": ((("h = np.maximum(0, hin)", "h = np.tanh(hin)"),), ("a1", "other-activation")),
    "softmax over the samples": (
        (
            ("probs = e / np.sum(e, axis=1", "probs = e / np.sum(e, axis=0"),
            ("logp[np.arange(n), y]", "np.log(probs[np.arange(n), y])"),
        ),
        ("P", "softmax-over-the-batch"),
    ),
}


@pytest.mark.sampled(4)
@pytest.mark.parametrize("case", ["without the half", "no penalty"])
@pytest.mark.parametrize("mistake", ON_TOP_OF_ALL)
@with_a_loss
def test_where_all_gradients_contradict_another_loss_its_penalty_is_no_mistake(
    case: str, mistake: str, returned: str
):
    edits, expected = ON_TOP_OF_ALL[mistake]
    report = checked(written(*OWN[case], *edits, returned=returned))
    assert found(report) == [expected], str(report)
    assert "your gradients are held against yours; " in words(report)


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


# Any other loss

PROBABILITIES = "loss = -np.sum(logp[np.arange(n), y]) / n + penalty"
OTHER = {
    "labels smoothed": (
        (PROBABILITIES, "soft = 0.9 * onehot + 0.1 / c; loss = -np.sum(soft * logp) / n + penalty"),
        (MEAN, "dscores = (probs - soft) / n"),
    ),
    "a hinge": (
        (
            PROBABILITIES,
            "over = scores - scores[np.arange(n), y][:, None] + 1 - onehot; "
            "loss = np.sum(np.maximum(0, over)) / n + penalty",
        ),
        (MEAN, "on = (over > 0) * 1.0; dscores = (on - onehot * np.sum(on, 1)[:, None]) / n"),
    ),
    "weights of the classes": (
        (
            PROBABILITIES,
            "w = 1.0 + y; loss = -np.sum(w * logp[np.arange(n), y]) / n + penalty",
        ),
        (MEAN, "dscores = w[:, None] * (probs - onehot) / n"),
    ),
    "the focal loss": (
        (
            PROBABILITIES,
            "own, log = (np.sum(v * onehot, 1)[:, None] for v in (probs, logp)); "
            "loss = -np.sum((1 - own) ** 2 * log) / n + penalty",
        ),
        (
            MEAN,
            "dscores = (2 * (1 - own) * log * own - (1 - own) ** 2) * (onehot - probs) / n",
        ),
    ),
    "an L1 penalty": (
        ("0.5 * reg * (np.sum(W1**2) + np.sum(W2**2))", "reg * (abs(W1).sum() + abs(W2).sum())"),
        ("+ reg * W2", "+ reg * np.sign(W2)"),
        ("+ reg * W1", "+ reg * np.sign(W1)"),
    ),
    "an elastic net": (
        ("penalty = ", "penalty = 0.3 * reg * (abs(W1).sum() + abs(W2).sum()) + "),
        ("+ reg * W2", "+ reg * W2 + 0.3 * reg * np.sign(W2)"),
        ("+ reg * W1", "+ reg * W1 + 0.3 * reg * np.sign(W1)"),
    ),
    "the squared error": (
        (PROBABILITIES, "loss = 0.5 * np.sum((probs - onehot) ** 2) / n + penalty"),
        (
            MEAN,
            "d = probs - onehot; dscores = probs * (d - np.sum(d * probs, 1, keepdims=True)) / n",
        ),
    ),
    "a temperature": (
        ("shifted = scores", "shifted = scores / 2"),
        ("np.max(scores, axis=1", "np.max(scores / 2, axis=1"),
        (MEAN, "dscores = (probs - onehot) / n / 2"),
    ),
}
other_losses = pytest.mark.parametrize("case", OTHER)
CONTRARY = {
    "db1": ((DB1, "db1 = np.mean(dhin, axis=0, keepdims=True)"), "mean-for-sum"),
    "dz1": (("dh * (h > 0)", "dh"), "mask-missing"),
}


@pytest.mark.sampled(4)
@other_losses
@with_a_loss
def test_gradients_that_are_right_for_any_other_loss_are_called_so(case: str, returned: str):
    report = checked(written(*OTHER[case], returned=returned))
    assert not report.right
    assert "your gradients are right for your loss" in words(report), str(report)
    assert len(report.mistakes) == 1
    assert report.mistakes[0].quantity in ("loss", "P")
    backward = {"dz2", "dW2", "db2", "da1", "dz1", "dW1", "db1"}
    assert not {word for q, word in verdicts(report).items() if q in backward} & {"wrong"}


@pytest.mark.sampled(4)
@other_losses
@pytest.mark.parametrize("quantity", CONTRARY)
def test_a_gradient_that_contradicts_any_other_loss_is_told_beside_it(case: str, quantity: str):
    edit, id = CONTRARY[quantity]
    report = checked(written(*OTHER[case], edit, returned="loss and gradients"))
    assert "your loss is another one than the notes'" in words(report), str(report)
    assert (quantity, id) in found(report)
    assert {q for q, _ in found(report)} <= {"loss", "P", quantity}


UNFINISHED = {
    "no loss yet": ((PROBABILITIES, "loss = 0.0"), (DB1, "db1 = np.zeros(b1.shape)")),
    "the penalty alone": ((PROBABILITIES, "loss = penalty"), ("X.T.dot(dhin) + ", "")),
}


@pytest.mark.parametrize("case", UNFINISHED)
def test_gradients_that_the_notes_loss_has_are_not_held_against_an_unfinished_one(case: str):
    report = checked(written(*UNFINISHED[case], returned="loss and gradients"))
    assert {q for q, _ in found(report)} <= {"loss", "dW1", "db1"}
    assert len(found(report)) == 2
    assert "your own loss" not in words(report)


def test_another_loss_and_the_gradients_of_the_notes_are_not_called_right_for_each_other():
    report = checked(written(OTHER["a hinge"][0]))
    assert found(report) == [("loss", "hinge")]


def test_a_gradient_that_is_its_slope_on_small_batches_alone_is_not_called_so():
    edit = ("dW2 = h.T.dot(dscores)", "dW2 = np.clip(h.T.dot(dscores), -9, 9)")
    for case in (OWN["without the half"], OTHER["the squared error"], OTHER["a hinge"]):
        report = checked(written(*case, edit), search=0)
        assert not report.right
        assert "your gradients are right" not in words(report)
