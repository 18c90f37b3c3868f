"""The twelve steps of the notes: what each is called, why it is so, and how it is drawn."""

from typing import NamedTuple

from compare.agreement.quantity import Quantity
from compare.bounds.quantities import QUANTITIES
from compare.graph.recognise import Step as Node
from compare.lesson.links import nodes_of
from compare.lesson.matrices import Matrix, Table, tables
from compare.lesson.record import Lesson
from compare.lesson.source import FILE, Passage, passages

# An operator between pictures, or a matrix by its key; "a1.T" is a1 turned.
EQUATIONS: dict[str, tuple[str, ...]] = {
    "z1": ("X", "·", "W1", "+", "b1"),
    "a1": ("max(", "z1", ", 0)"),
    "z2": ("a1", "·", "W2", "+", "b2"),
    "P": ("softmax", "z2"),
    "loss": ("−mean of log", "P", "at", "Y_ind", "+ ½·reg·(Σ", "W1", "² + Σ", "W2", "²)"),
    "dz2": ("(", "P", "−", "Y_ind", ") / N"),
    "dW2": ("a1.T", "·", "dz2", "+ reg ·", "W2"),
    "db2": ("Σ rows of", "dz2"),
    "da1": ("dz2", "·", "W2.T"),
    "dz1": ("da1", "where", "a1", "> 0"),
    "dW1": ("X.T", "·", "dz1", "+ reg ·", "W1"),
    "db1": ("Σ rows of", "dz1"),
}

WHAT: dict[str, tuple[str, str]] = {
    "z1": (
        "Into the hidden layer",
        "Each hidden unit weighs a sample’s features, adds them up, and adds its bias.",
    ),
    "a1": (
        "Through the ReLU",
        "What is below 0 becomes 0; the rest stays as it is. Without this step two layers would "
        "be no more than one.",
    ),
    "z2": (
        "The scores",
        "The same once more, from the hidden units to the classes: one score for each class.",
    ),
    "P": (
        "Softmax",
        "The scores of a row become probabilities, which add up to 1. The row’s largest score is "
        "taken off first: it changes nothing in the result, and exp cannot overflow.",
    ),
    "loss": (
        "The loss",
        "One number for the whole batch: how improbable the true classes seemed, on average, and "
        "a penalty for large weights. All that follows asks how this number would move.",
    ),
    "dz2": (
        "Back to the scores",
        "Logarithm and softmax together have a simple slope: the probability, less 1 at the true "
        "class. The 1/N comes from the average. Each row adds up to 0.",
    ),
    "dW2": (
        "The gradient for the second weights",
        "A weight acts on every sample, so its gradient adds up over all of them: what came in "
        "(a1) times how the loss moves with what went out (dz2). The penalty adds reg·W2.",
    ),
    "db2": (
        "The gradient for the second biases",
        "A bias is added to the score of every sample: its gradient is the sum over the samples.",
    ),
    "da1": (
        "Back through the second layer",
        "A hidden value reaches the loss through all the scores. What comes back is the sum over "
        "them, with the weights that led there: W2, turned.",
    ),
    "dz1": (
        "Back through the ReLU",
        "Where the unit was off, a small change of z1 changes nothing, and the gradient is 0. "
        "Elsewhere it passes as it is.",
    ),
    "dW1": (
        "The gradient for the first weights",
        "As for the second weights, one layer earlier: what came in (X) times how the loss moves "
        "with what went out (dz1), added up over the samples; and the penalty.",
    ),
    "db1": (
        "The gradient for the first biases",
        "Again the sum over the samples.",
    ),
}


class Picture(NamedTuple):
    """A matrix in an equation. `turned`: as its transpose."""

    matrix: Matrix
    turned: bool

    @property
    def size(self) -> tuple[int, int]:
        width, height = self.matrix.size
        return (height, width) if self.turned else (width, height)


class StepView(NamedTuple):
    """A step of the notes, as the page shows it."""

    key: str
    number: int
    before: str
    after: str
    title: str
    why: str
    file: str
    passage: Passage
    nodes: tuple[Node, ...]
    equation: tuple[str | Picture, ...]
    matrix: Matrix
    judged: Quantity
    tables: tuple[Table, ...]

    @property
    def forward(self) -> bool:
        return not self.key.startswith("d")


def steps(lesson: Lesson, matrices: dict[str, Matrix]) -> tuple[StepView, ...]:
    judged = {q.key: q for q in lesson.run.comparison.quantities}
    return tuple(
        StepView(
            key=key,
            number=number,
            before=QUANTITIES[number - 2] if number > 1 else "",
            after=QUANTITIES[number] if number < len(QUANTITIES) else "",
            title=WHAT[key][0],
            why=WHAT[key][1],
            file=FILE,
            passage=_passage(key),
            nodes=nodes_of(key, lesson.walk.steps),
            equation=tuple(_part(part, matrices) for part in EQUATIONS[key]),
            matrix=matrices[key],
            judged=judged[key],
            tables=() if key == "loss" else tables(matrices[key], judged[key]),
        )
        for number, key in enumerate(QUANTITIES, 1)
    )


def _passage(key: str) -> Passage:
    """The loss is shown with the indicator matrix, which it is the first to need."""
    if key != "loss":
        return passages()[key]
    first, loss = passages()["Y_ind"], passages()["loss"]
    return Passage(first.first, loss.last, (*first.lines, "", *loss.lines))


def _part(part: str, matrices: dict[str, Matrix]) -> str | Picture:
    key = part.removesuffix(".T")
    return Picture(matrices[key], part.endswith(".T")) if key in matrices else part
