"""Files in eighty styles, seventy by people who had not read the checker: what it says of each."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from compare.checker.check import check_file
from compare.checker.report import Report
from tests.learners_files import fifth, fourth, strangers
from tests.learners_files.strangers import Stranger

AGAIN = {f"{name}, again": text for name, text in fourth.RIGHT.items()}
RIGHT = strangers.RIGHT | AGAIN | fifth.RIGHT
WRONG = [*strangers.WRONG, *fourth.WRONG, *fifth.WRONG]
Arrays = dict[str, np.ndarray]
PARAMS = ("W1", "b1", "W2", "b2")

# N, D, H, C, reg: the last two of one size, for what is kept from an earlier batch.
BATCHES = [
    (5, 2, 3, 4, 0.3),
    (1, 3, 4, 2, 0.5),
    (9, 2, 3, 12, 1.0),
    (33, 5, 6, 7, 0.0),
    (40, 4, 10, 3, 0.01),
    (40, 4, 10, 3, 0.2),
]

# Right on every ordinary batch: the quantities that are not where log meets 0, or 1 / P does.
EDGES = {
    "cs231n": {"loss"},
    "jacobian": {"dz2", "dW2", "db2", "da1", "dz1", "dW1", "db1"},
    "cs231n, again": {"loss"},
    "tape, again": {"loss"},
    "jacobians, again": {"dz2"},
    "graph, again": {"dz2"},
    "unrolled_theta, again": {"loss"},
    "stack": {"dz2"},
}
# "a mistake in z1, a1 or z2": it is in z1, and none of them stands in the code.
AMONG = {"unrolled_theta-c_f_order": {"z2"}}


class Open(NamedTuple):
    """A file whose line is not told."""

    name: str
    said: str
    should: str


OPEN = (
    Open("max-for-maximum", "12, where it raises (a1 is said to be next)", "6: np.max"),
    Open("operators-output-for-input", "64, where it raises", "23: out.data.T @ out.grad"),
    Open(
        "dual-product_rule",
        "no line: dW1 is at 49, where it is stored",
        "9: Dual(self.real @ other.real, self.real @ other.part)",
    ),
    Open(
        "overload-minus_lost",
        "33: return A(e, [(self, lambda g: g * e)])",
        "21: return A(self.v - o.v, [(self, lambda g: g), (o, lambda g: g)])",
    ),
    Open(
        "overload-exp_slope",
        "42: return A(self.v.sum(), [(self, lambda g: g * np.ones_like(s…",
        "33: return A(e, [(self, lambda g: g * self.v)])",
    ),
    Open(
        "overload-given_not_added",
        "54: s = (A(X) @ w1 + c1).relu() @ w2 + c2",
        "49: parent.g = pull(node.g)",
    ),
    Open(
        "dual-relu_of_the_real_alone",
        "23: return Dual(np.log(self.real), self.part / self.real)",
        "16: return Dual(self.real * on, self.part)",
    ),
    Open(
        "dual-exp_of_the_real_alone",
        "23: return Dual(np.log(self.real), self.part / self.real)",
        "20: return Dual(e, self.part)",
    ),
    Open(
        "dual-bias_stands_still",
        "no line: db2 is at 44, where it is made",
        "12: return Dual(self.real + other.real, self.part)",
    ),
    Open(
        "global_tape-reg_alone",
        "12: GRAD[id(box)] = GRAD.get(id(box), 0) + g",
        "49: give(W, g * reg)",
    ),
    Open(
        "bars-sign_of_label",
        "21: v9_bar = -v10_bar.sum(axis=1, keepdims=True)",
        "20: v10_bar[np.arange(m), y] = v11_bar / m",
    ),
    Open("bars-norm_forgotten", "12: v7 = np.exp(v6)", "23: v7_bar = v9_bar * np.ones_like(v7)"),
    Open("threads-divided-by-part", "no line: a thread is not followed", "12: p /= len(y)"),
)

wrong_files = pytest.mark.parametrize("stranger", WRONG, ids=lambda stranger: stranger.name)


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_the_files_are_what_they_are_called():
    """Right: the gradients are autograd's on every batch. Wrong: they are not, or it raises."""
    problems = [_problem(seed, *sizes) for seed, sizes in enumerate(BATCHES)]
    agree = {name: _agrees(text, problems) for name, text in RIGHT.items()}
    agree |= {stranger.name: _agrees(stranger.text, problems) for stranger in WRONG}
    assert {name for name, right in agree.items() if right} == set(RIGHT)


@pytest.mark.sampled(16)
@pytest.mark.parametrize("name", RIGHT)
def test_a_right_file_is_not_called_wrong(name):
    report = _report(RIGHT[name])
    assert report.right, str(report)
    assert not report.mistakes, str(report)


@pytest.mark.sampled(16)
@pytest.mark.parametrize("name", RIGHT)
def test_a_right_file_has_no_edge_but_its_own(name):
    report = _report(RIGHT[name])
    found = {edge.quantity for edge in report.edges}
    assert found <= EDGES.get(name, set()), str(report)


@pytest.mark.sampled(16)
@wrong_files
def test_a_wrong_file_is_not_called_right(stranger):
    report = _report(stranger.text)
    assert not report.right, str(report)


@pytest.mark.sampled(16)
@wrong_files
def test_nothing_else_is_accused(stranger):
    report = _report(stranger.text)
    accused = {judged.name for judged in report.quantities if judged.verdict == "wrong"}
    accused |= {mistake.quantity for mistake in report.mistakes}
    assert accused <= {*stranger.quantity, *AMONG.get(stranger.name, ())}, str(report)


def test_the_line_is_told(request):
    """The share is printed with -rP; with --problems 2000, of all files."""
    every = 1 if request.config.getoption("--problems") >= 2000 else 16
    chosen = WRONG[::every]
    elsewhere = {s.name: _told(_report(s.text)) for s in chosen if not _is_told(s)}
    share = f"{len(chosen) - len(elsewhere)} of {len(chosen)}"
    print(f"the line is right for {share}; not for {elsewhere}")
    assert set(elsewhere) <= {case.name for case in OPEN}


def _is_told(stranger: Stranger) -> bool:
    return _told(_report(stranger.text)) in stranger.numbers()


def _told(report: Report) -> int | None:
    """The line of the first mistake, or of the first wrong quantity, or where it raised."""
    lines = [mistake.line for mistake in report.mistakes]
    lines += [judged.line for judged in report.quantities if judged.verdict == "wrong"]
    lines += [report.raised.line if report.raised else None]
    return next((line for line in lines if line is not None), None)


@cache
def _report(text: str) -> Report:
    with TemporaryDirectory() as folder:
        path = Path(folder, "mine.py")
        path.write_text(text, encoding="utf-8")
        return check_file(path, seed=1, search=1.0)


def _problem(seed: int, N: int, D: int, H: int, C: int, reg: float) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    shapes = {"X": (N, D), "W1": (D, H), "b1": (1, H), "W2": (H, C), "b2": (1, C)}
    arrays = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    return {**arrays, "y": rng.integers(C, size=N), "reg": reg}


def _agrees(text: str, problems: list[dict[str, Any]]) -> bool:
    namespace: dict[str, Any] = {}
    exec(compile(text, "mine.py", "exec"), namespace)
    return all(_agrees_on(namespace, problem) for problem in problems)


def _agrees_on(namespace: dict[str, Any], problem: dict[str, Any]) -> bool:
    copies = {name: np.copy(value) if name != "reg" else value for name, value in problem.items()}
    try:
        found = _run(namespace, copies)
    except (ValueError, IndexError):
        return False
    right = _autograd(problem)
    return all(
        np.shape(found[name]) in (right[name].shape, right[name].shape[1:])
        and np.allclose(np.ravel(found[name]), np.ravel(right[name]), 1e-9, 1e-11)
        for name in found
    )


def _run(namespace: dict[str, Any], problem: dict[str, Any]) -> Arrays:
    """What the file returns: the gradients under their parameters' names, and the loss if any."""
    if "TwoLayerNet" in namespace:
        net = namespace["TwoLayerNet"](2, 2, 2)
        net.params = {name: problem[name] for name in PARAMS}
        returned = net.loss(problem["X"], problem["y"], problem["reg"])
    else:
        returned = namespace["backward"](**problem)
    if isinstance(returned, dict):
        return _by_parameters(returned)
    if len(returned) == 2:
        loss, grads = returned
        return {"loss": np.array(loss), **_by_parameters(grads)}
    return dict(zip(("loss", *PARAMS)[-len(returned) :], returned, strict=True))


def _by_parameters(grads: Arrays) -> Arrays:
    found = {name.removeprefix("d"): value for name, value in grads.items()}
    return {name: found[name] for name in ("loss", *PARAMS) if name in found}


def _autograd(problem: dict[str, Any]) -> Arrays:
    W1, b1, W2, b2 = (torch.tensor(problem[name], requires_grad=True) for name in PARAMS)
    scores = torch.relu(torch.tensor(problem["X"]) @ W1 + b1) @ W2 + b2
    loss = F.cross_entropy(scores, torch.tensor(problem["y"]))
    loss = loss + problem["reg"] / 2 * ((W1**2).sum() + (W2**2).sum())
    gradients = torch.autograd.grad(loss, (W1, b1, W2, b2))
    found = {name: grad.numpy() for name, grad in zip(PARAMS, gradients, strict=True)}
    return {**found, "loss": loss.detach().numpy()}
