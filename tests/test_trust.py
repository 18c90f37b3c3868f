"""No line is accused that gives the learner's number on the learner's own earlier values."""

import itertools
from functools import lru_cache

import numpy as np
import pytest

import compare
from compare.bounds.quantities import QUANTITIES
from compare.checker.cases import Case, misfits
from compare.checker.report import Report
from compare.checker.state import follows
from tests.learners import EVERYTHING, PLANTS, STEPS, Plant, source

SEED = 7


@lru_cache(maxsize=10)  # several tests read one report
def checked(text: str, search: float = 1.0) -> Report:
    namespace: dict = {}
    exec(text, namespace)
    return compare.check(namespace["backward"], seed=SEED, search=search)


def placed(report: Report) -> dict[str, str]:
    return {f.quantity: f.id for f in report.mistakes}


def planted(*edits: tuple[str, str], everything: bool = True) -> str:
    return source(*(Plant(0, "", "", old, new) for old, new in edits), everything=everything)


def returned_only(case: Case) -> Case:
    return Case(
        case.name,
        case.problem,
        case.returned,
        case.right,
        case.allowed,
        case.raised,
        {},
        frozenset(),
    )


def accused_although_they_follow(report: Report) -> list[str]:
    """Mistakes at returned quantities that their right line gives on the values returned before."""
    cases = [returned_only(c) for c in report.cases if not c.raised and c.returned]
    return [
        f.quantity
        for f in report.mistakes
        if f.quantity in QUANTITIES
        and all(f.quantity in c.returned for c in cases)
        and all(set(QUANTITIES) <= set(c.returned) for c in cases)
        and follows(cases, {}, f.quantity)
    ]


RELU, MASK = "h = np.maximum(0, hin)", "dhin = dh * (h > 0)"
MEAN = "dscores = (probs - onehot) / n"
DW2 = "dW2 = h.T.dot(dscores) + reg * W2"
SHIFT = "shifted = scores - np.max(scores, axis=1, keepdims=True)"
DB2 = "db2 = np.sum(dscores, axis=0, keepdims=True)"
DB1 = "db1 = np.sum(dhin, axis=0, keepdims=True)"
LOGP = "logp = shifted - np.log(np.sum(e, axis=1, keepdims=True))"

# Mistakes that a first user made, and the quantities that are to blame, and no others.
FIRST = {
    "the ReLU forgotten, both ways": (((RELU, "h = hin"), (MASK, "dhin = dh")), {"a1", "dz1"}),
    "tanh forward": (((RELU, "h = np.tanh(hin)"),), {"a1"}),
    "tanh, both ways": (
        ((RELU, "h = np.tanh(hin)"), (MASK, "dhin = dh * (1 - h**2)")),
        {"a1", "dz1"},
    ),
    "leaky forward": (((RELU, "h = np.maximum(hin, 0.01 * hin)"),), {"a1"}),
    "minimum forward": (((RELU, "h = np.minimum(hin, 0)"),), {"a1"}),
    "bias after the ReLU": (
        (("hin = X.dot(W1) + b1", "hin = X.dot(W1)"), (RELU, "h = np.maximum(0, hin) + b1")),
        {"z1", "a1"},
    ),
    "the mask alone": (((MASK, "dhin = np.where(hin > 0, 1, 0)"),), {"dz1"}),
    "brackets": (((MEAN, "dscores = probs - onehot / n"),), {"dz2"}),
    "the indicator forgotten": (((MEAN, "dscores = probs / n"),), {"dz2"}),
    "ReLU6": (((RELU, "h = np.clip(hin, 0, 6)"),), {"a1"}),
    "a threshold in the mask": (((MASK, "dhin = dh * (h > 1e-3)"),), {"dz1"}),
    "clipped at 1000": (((DW2, f"{DW2}; dW2 = np.clip(dW2, -1000, 1000)"),), {"dW2"}),
    "the first 256 rows": (((MEAN, f"{MEAN}; dscores[256:] = 0"),), {"dz2"}),
    "min(N, 200)": (((MEAN, "dscores = (probs - onehot) / min(n, 200)"),), {"dz2"}),
    "reg or 0.1": (((DW2, "dW2 = h.T.dot(dscores) + (reg or 0.1) * W2"),), {"dW2"}),
    "two classes": (((MEAN, f"{MEAN} * (1 if c > 2 else 2)"),), {"dz2"}),
    "ten units": (((DW2, f"{DW2}; dW2[10:] = 0"),), {"dW2"}),
    "a power near 1": (((MEAN, "probs = probs ** (1 + 1e-8); " + MEAN),), {"P"}),
    "all NaN": (((MEAN, "dscores = (probs - onehot) * np.nan"),), {"dz2"}),
}  # fmt: skip


@pytest.mark.sampled(5)
@pytest.mark.parametrize("case", FIRST)
def test_a_clean_mistake_is_placed_and_nothing_beside_it(case: str):
    edits, places = FIRST[case]
    report = checked(planted(*edits))
    assert set(placed(report)) == places, str(report)
    assert accused_although_they_follow(report) == []
    assert "off by 0" not in str(report)
    assert "of 0 of them" not in str(report)


NAMES = {
    "brackets": "brackets-forgotten",
    "the indicator forgotten": "indicator-missing",
    "ReLU6": "clipped",
    "the mask alone": "mask-alone",
    "leaky forward": "other-activation",
    "all NaN": "unrecognised",
}


@pytest.mark.parametrize("case", NAMES)
def test_a_clean_mistake_gets_its_own_name_or_none(case: str):
    edits, (place,) = FIRST[case]
    assert placed(checked(planted(*edits)))[place] == NAMES[case]


EDGES = {
    "log(P + 1e-12)": ((LOGP, "logp = np.log(probs + 1e-12)"),),
    "log(P + 1e-8)": ((LOGP, "logp = np.log(probs + 1e-8)"),),
    "log of P clipped": ((LOGP, "logp = np.log(np.clip(probs, 1e-12, 1))"),),
    "log(P)": ((LOGP, "logp = np.log(probs)"),),
    "z1 >= 0": ((MASK, "dhin = dh * (hin >= 0)"),),
    "one maximum": ((SHIFT, "shifted = scores - np.max(scores)"),),
    "no maximum": ((SHIFT, "shifted = scores"),),
    "the first score for the maximum": ((SHIFT, "shifted = scores - scores[:, :1]"),),
}  # fmt: skip


@pytest.mark.sampled(6)
@pytest.mark.parametrize("everything", [True, False], ids=["all values", "gradients alone"])
@pytest.mark.parametrize("case", EDGES)
def test_an_edge_is_named_and_is_no_mistake(case: str, everything: bool):
    report = checked(planted(*EDGES[case], everything=everything))
    assert report.right, str(report)
    assert bool(report.edges) or (not everything and "log" in case)
    assert not {q.verdict for q in report.quantities} & {"wrong", "inherited"}


def test_an_edge_in_the_loss_does_not_stand_before_a_wrong_gradient():
    report = checked(planted(*EDGES["log(P + 1e-12)"], (MEAN, "dscores = probs - onehot")))
    assert placed(report) == {"dz2": "no-mean"}
    assert "Fix dz2 first." in str(report)


ALIASES = {
    "P written over": ((MEAN, "dscores = probs; dscores[np.arange(n), y] -= 1; dscores /= n"),),
    "da1 masked in place": ((MASK, "dhin = dh; dhin[h == 0] = 0"),),
}


@pytest.mark.parametrize("case", ALIASES)
def test_a_value_written_over_after_its_use_is_a_remark(case: str):
    report = checked(planted(*ALIASES[case]))
    assert report.right, str(report)
    assert report.remarks


def test_the_mean_at_the_very_end_is_another_route_and_no_fault():
    report = checked(planted(
        (MEAN, "dscores = probs - onehot"),
        ("h.T.dot(dscores)", "h.T.dot(dscores) / n"),
        (DB2, f"{DB2} / n"),
        ("X.T.dot(dhin)", "X.T.dot(dhin) / n"),
        (DB1, f"{DB1} / n"),
    ))  # fmt: skip
    assert report.right, str(report)


OWN_LOSSES = {
    "without the half": (
        ("0.5 * reg", "reg"),
        ("+ reg * W2", "+ 2 * reg * W2"),
        ("+ reg * W1", "+ 2 * reg * W1"),
    ),
    "biases penalised": (
        ("np.sum(W2**2))", "np.sum(W2**2) + np.sum(b1**2) + np.sum(b2**2))"),
        (DB2, "db2 = dscores.sum(0)[None] + reg * b2"),
        (DB1, "db1 = dhin.sum(0)[None] + reg * b1"),
    ),
    "summed": (("y]) / n", "y])"), (MEAN, "dscores = probs - onehot")),
    "no penalty": (("/ n + penalty", "/ n"), (" + reg * W2", ""), (" + reg * W1", "")),
}


@pytest.mark.parametrize("case", OWN_LOSSES)
def test_gradients_that_are_right_for_another_loss_are_one_remark(case: str):
    report = checked(planted(*OWN_LOSSES[case]))
    assert report.right, str(report)


def test_a_gradient_that_contradicts_its_own_loss_is_a_mistake():
    assert not checked(planted(*OWN_LOSSES["without the half"][1:])).right


def test_a_gradient_missing_on_some_batches_is_not_right():
    report = checked(source().replace("dW1=dW1,", "**({'dW1': dW1} if n > 1 else {}),"))
    assert not report.right
    assert EVERYTHING in source()


PAIRS = [
    (one, other)
    for one, other in itertools.combinations(PLANTS, 2)
    if one.quantity != other.quantity and STEPS.replace(one.old, one.new).count(other.old) == 1
]


@pytest.mark.sampled(18)
@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
def test_no_mistake_is_named_where_a_quantity_follows_from_its_own_earlier_values(plant: Plant):
    report = checked(source(plant), search=0)
    assert accused_although_they_follow(report) == []


def test_nor_in_pairs_of_mistakes(request: pytest.FixtureRequest):
    step = 1 if request.config.getoption("--problems") >= 2000 else 200
    for one, other in PAIRS[::step]:
        report = checked(source(one, other), search=0)
        assert accused_although_they_follow(report) == [], (one.name, other.name)
        assert "off by 0" not in str(report)


def test_a_probe_on_which_two_lines_coincide_says_nothing_about_either():
    report = checked(planted((MASK, "dhin = dh")))
    one = next(c for c in report.cases if c.name == "small")
    assert misfits(returned_only(one), {}, ["dz1"]) == {"dz1"}
    assert misfits(returned_only(one), {"dz1": "dz1 = da1"}, ["dz1"]) == set()
    assert np.isfinite(one.returned["dz1"]).all()
