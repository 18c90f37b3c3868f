"""What becomes of the numbers where one line is wrong: the catalogue's mistakes, each planted in
manual/network.py, and what the checker says of it.

The checker runs a pass on batches of its own, which takes longer than a page may; and what it
says depends on nothing but the mistake. So its words are kept in mistakes.json, which

    python -m compare.lesson.mistakes

writes anew. A test holds them against what the checker says. How far off the numbers are on the
page's own batch is found when the page is made. All that this room knows of the checker is here.
"""

import inspect
import json
from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

import manual.network
from compare.agreement.step import WHAT_LINES_RAISE
from compare.bounds.quantities import SUMMED, Values
from compare.checker.catalogue import CATALOGUE, RATE, Mistake
from compare.checker.check import check
from compare.checker.report import Report
from compare.lesson.source import passages
from compare.measure.sharpness import Rule, tolerances
from compare.problems.problem import Problem
from manual import Params

STORE = "mistakes.json"
SEED = 0  # of the batches on which the checker judges
# Not torch.testing's: its first call imports torch.distributed, which takes as long as the page.
RULES = ("np.allclose", "np assert_allclose", "gradcheck's")
Array = npt.NDArray[Any]


class Told(NamedTuple):
    """One mistake of the catalogue in one line, and what the checker says of it."""

    id: str
    title: str
    called: str
    shown_by: str
    quantity: str  # whose line it is in
    wrong: str  # that line with the mistake in it
    verdicts: dict[str, str]  # for each quantity: right, wrong, inherited, ...
    report: str


class Distance(NamedTuple):
    """How far one of the gradients, or the loss, is from the right one on the page's batch."""

    name: str
    difference: float  # NaN where there is no number
    relative: float  # beside the largest right one
    why: str  # if there is nothing to compare


class Shown(NamedTuple):
    """A mistake, and what it does to the page's batch."""

    told: Told
    distances: tuple[Distance, ...]  # but for those that it leaves as they are
    accepted_by: tuple[str, ...]  # the tolerances that would have let it pass
    error: str  # what the wrong line raises


@lru_cache
def stored() -> tuple[Told, ...]:
    text = files("compare.lesson").joinpath(STORE).read_text(encoding="utf-8")
    return tuple(Told(**told) for told in json.loads(text))


def told(mistake: Mistake) -> Told:
    """The mistake in the first line where it may stand, as the checker sees it."""
    quantity = next(iter(mistake.places))
    # Of a rate that only the learner's values would tell, one as good as another.
    wrong = mistake.wrong_lines(quantity)[0].replace(RATE, "0.1")
    report = check(learners_pass(quantity, wrong), seed=SEED)
    return Told(
        id=mistake.id,
        title=mistake.title,
        called=mistake.called,
        shown_by=mistake.shown_by,
        quantity=quantity,
        wrong=wrong,
        verdicts={q.name: q.verdict for q in report.quantities},
        report=_words(report, mistake.title),
    )


def _words(report: Report, title: str) -> str:
    """What the report finds, without the table of lines, and without the mistake's own title."""
    found = []
    for f in report.findings:
        words = [f.evidence] if f.title == title else [f.title, f.evidence]
        found.append(f"{f.quantity}: {'; '.join(filter(None, words))}")
    error, _, _ = report.error.partition(", at line ")  # which would be one of this file
    return "\n".join([*found, *([error] if error else [])])


def learners_pass(quantity: str, wrong: str) -> Callable[..., dict[str, Any]]:
    """The manual pass with a wrong line in it, as a function that the checker can judge."""
    module = planted(quantity, wrong)

    def backward(
        X: Array, y: Array, W1: Array, b1: Array, W2: Array, b2: Array, reg: float
    ) -> dict[str, Any]:
        params = Params(W1, b1, W2, b2)
        fwd = module.forward(params, X, y, reg)
        # Some wrong lines of the backward pass read what the right ones have no need of.
        module.__dict__.update(y=y, C=W2.shape[1], b1=b1, b2=b2, z1=fwd.z1, z2=fwd.z2)
        back = module.backward(params, X, reg, fwd)
        return {**fwd._asdict(), **back._asdict()}

    return backward


def planted(quantity: str, wrong: str) -> ModuleType:
    """manual/network.py, where the wrong lines of a quantity stand after the right ones, so that
    they find their helpers (s, S).
    """
    module = ModuleType("planted")
    exec(_compiled(quantity, wrong), module.__dict__)
    return module


@lru_cache(maxsize=1024)  # each page has all of them
def _compiled(quantity: str, wrong: str) -> CodeType:
    lines = inspect.getsource(manual.network).splitlines()
    end = passages()[quantity].last
    indent = " " * (len(lines[end - 1]) - len(lines[end - 1].lstrip()))
    lines[end:end] = [indent + line for line in wrong.splitlines()]
    return compile("\n".join(lines), "<planted>", "exec")


def shown(told: Told, problem: Problem, right: Values, autograd: Values) -> Shown:
    """`right` is what the manual pass has for `problem`. The tolerances judge against autograd."""
    try:
        with np.errstate(all="ignore"):
            values = learners_pass(told.quantity, told.wrong)(
                problem.X, problem.y, *problem.params, problem.reg
            )
    except WHAT_LINES_RAISE as error:
        return Shown(told, (), (), f"{type(error).__name__}: {error}")
    pairs = {name: (np.asarray(values[name]), getattr(autograd, name)) for name in SUMMED}
    rules = tolerances()
    accepted = tuple(
        rule
        for rule in RULES
        if all(_accepted(rules[rule], name, *pair) for name, pair in pairs.items())
    )
    away = (_distance(name, mine, getattr(right, name)) for name, (mine, _) in pairs.items())
    return Shown(told, tuple(d for d in away if d.difference != 0), accepted, "")


def _accepted(accepts: Rule, name: str, mine: Array, right: Array) -> bool:
    try:
        return accepts(name, mine, right)
    except ValueError:  # operands that cannot be broadcast together
        return False


def _distance(name: str, mine: Array, right: Array) -> Distance:
    if mine.shape != right.shape:
        why = f"its shape is {mine.shape}, the right one {right.shape}"
        return Distance(name, np.nan, np.nan, why)
    difference = float(np.abs(mine.astype(np.float64) - right).max())
    scale = float(np.abs(right).max())
    return Distance(name, difference, difference / scale if scale else np.nan, "")


def main() -> None:
    """Write what the checker says today, one mistake a line."""
    lines = ",\n".join(
        json.dumps(told(mistake)._asdict(), ensure_ascii=False) for mistake in CATALOGUE
    )
    path = Path(__file__).with_name(STORE)
    path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    print(f"{path}: {len(CATALOGUE)} mistakes")


if __name__ == "__main__":
    main()
