"""A small constant that keeps P from 0 before the gradient is a remark, and names its line."""

import pytest

from compare.checker.check import check
from compare.checker.report import Report
from tests.learners import GRADIENTS, HEAD, STEPS

SOFTMAX = "    probs = e / np.sum(e, axis=1, keepdims=True)\n"
MEAN = "    dscores = (probs - onehot) / n\n"
AGAIN = "probs = probs / probs.sum(axis=1, keepdims=True)"


def report(*edits: tuple[str, str], head: str = HEAD, strict: bool = False) -> Report:
    """Of a right file with these edits, which returns the gradients alone."""
    text = STEPS
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return check_text(head + text + GRADIENTS, strict)


def check_text(text: str, strict: bool) -> Report:
    import linecache

    name = f"<guards {hash(text)}>.py"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    namespace: dict = {}
    exec(compile(text, name, "exec"), namespace)
    return check(namespace["backward"], seed=1, strict=strict, search=0)


# What stands after the softmax, or in the place of its line.
GUARDS = {
    "added to P": f"{SOFTMAX}    probs = probs + 1e-8\n",
    "added in place": f"{SOFTMAX}    probs += 1e-12\n",
    "added to the sum": "    probs = e / (np.sum(e, axis=1, keepdims=True) + 1e-8)\n",
    "clipped at both ends": f"{SOFTMAX}    probs = np.clip(probs, 1e-12, 1 - 1e-12)\n",
    "clipped, a method": f"{SOFTMAX}    probs = probs.clip(1e-7, 1)\n",
    "a maximum": f"{SOFTMAX}    probs = np.maximum(probs, 1e-9)\n",
    "assigned": f"{SOFTMAX}    probs[probs < 1e-9] = 1e-9\n",
    "under a name": f"{SOFTMAX}    tiny = 1e-10\n    probs = probs + tiny\n",
    "divided by the sum again": f"{SOFTMAX}    probs = np.clip(probs, 1e-8, 1); {AGAIN}\n",
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("guard", GUARDS)
def test_a_guard_before_the_gradient_is_a_remark_with_its_line(guard: str):
    found = report((SOFTMAX, GUARDS[guard]))
    assert found.right
    (remark,) = [f for f in found.remarks if f.quantity == "P"]
    assert remark.id == "guard-on-P"
    assert remark.source == GUARDS[guard].strip().splitlines()[-1].strip()
    assert remark.source in remark.evidence


def test_a_guard_beside_p_is_a_remark_too():
    found = report((MEAN, "    safe = np.clip(probs, 1e-8, 1)\n" + MEAN.replace("probs", "safe")))
    assert found.right
    assert [f.source for f in found.remarks] == ["safe = np.clip(probs, 1e-8, 1)"]


def test_a_guard_is_a_mistake_if_strict():
    found = report((SOFTMAX, GUARDS["added to P"]), strict=True)
    assert [f.id for f in found.mistakes] == ["guard-on-P"]


def test_the_edge_at_zero_is_told_beside_a_guard():
    found = report((SOFTMAX, GUARDS["clipped at both ends"]), ("(h > 0)", "(hin >= 0)"))
    assert [(f.quantity, f.id) for f in found.edges] == [("dz1", "slope-at-zero")]
    assert [f.id for f in found.remarks] == ["guard-on-P"]


@pytest.mark.parametrize(
    ("old", "new", "id"),
    [
        ("dh * (h > 0)", "dh", "mask-missing"),
        ("(probs - onehot) / n", "probs - onehot", "no-mean"),
    ],
)
def test_a_mistake_beside_a_guard_is_named(old: str, new: str, id: str):
    found = report((SOFTMAX, GUARDS["added to P"]), (old, new))
    assert [f.id for f in found.mistakes] == [id]
    assert [f.id for f in found.remarks] == ["guard-on-P"]


NO_GUARDS = {
    "a larger constant": f"{SOFTMAX}    probs = probs + 1e-5\n",
    "no constant of the code": f"{SOFTMAX}    probs = probs + float('1e-8')\n",
    "taken away": f"{SOFTMAX}    probs = probs - 1e-8\n",
    "of the scores' exponentials": "    probs = (e + 1e-8) / np.sum(e[:1], axis=1)\n",
}


@pytest.mark.parametrize("other", NO_GUARDS)
def test_what_is_no_such_guard_is_a_mistake(other: str):
    found = report((SOFTMAX, NO_GUARDS[other]))
    assert not found.right
    assert "guard-on-P" not in {f.id for f in found.findings}


PICKED = "logp[np.arange(n), y]"
IN_THE_LOSS = {
    "added in the logarithm": (
        (PICKED, "np.log(probs[np.arange(n), y] + 1e-8)"),
        "log-of-p-plus-epsilon",
    ),
    "NumPy's eps": (
        (PICKED, "np.log(np.clip(probs, np.finfo(float).eps, 1)[np.arange(n), y])"),
        "p-clipped",
    ),
}


@pytest.mark.parametrize("case", IN_THE_LOSS)
def test_a_guard_in_the_loss_alone_is_an_edge_of_its_line(case: str):
    (old, new), id = IN_THE_LOSS[case]
    assert STEPS.count(old) == 1
    returned = "    return dict(loss=loss, dW1=dW1, db1=db1, dW2=dW2, db2=db2)\n"
    found = check_text(HEAD + STEPS.replace(old, new) + returned, strict=False)
    assert found.right
    ((quantity, told, source),) = [(f.quantity, f.id, f.source) for f in found.findings]
    assert (quantity, told) == ("loss", id)
    assert new in source
