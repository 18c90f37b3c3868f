"""One pass that is small enough for a pencil, with every line of it written out in numbers."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import indent
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compare.agreement.comparison import Comparison, compare_shares
from compare.agreement.pencil import Line, printed, written
from compare.agreement.quantity import Quantity
from compare.agreement.step import autograd_values, manual_step
from compare.agreement.words import quantity_data
from compare.bounds.quantities import GRADIENTS, Values
from compare.problems.problem import Problem
from compare.text import table
from manual import Backward, Forward, Params
from manual.batches import Share

Array = npt.NDArray[Any]

# Whole numbers and halves. Hidden unit 0 is off for sample 1; sample 0 is put into its class and
# sample 1 is not. They are chosen so that a pencil that starts from the printed numbers of a line
# ends at its printed result, to the last digit.
PROBLEM = Problem(
    X=np.array([[1.0, 1.0], [2.0, 1.0]]),
    y=np.array([1, 0]),
    params=Params(
        W1=np.array([[-1.0, -0.5], [1.0, 1.0]]),
        b1=np.array([[0.5, 1.0]]),
        W2=np.array([[0.5, -2.0], [-0.5, 1.0]]),
        b2=np.array([[-1.0, -0.5]]),
    ),
    reg=0.1,
    source="example",
)


class Step(NamedTuple):
    """One line of code, and its numbers."""

    code: str
    value: Array
    lines: tuple[Line, ...]
    matrices: tuple[str | Array, ...] = ()  # the line of code with matrices of numbers


@dataclass(frozen=True)
class Example:
    problem: Problem
    forward: tuple[Step, ...]  # none if the manual pass has values that cannot be written out
    backward: tuple[Step, ...]
    gradients: Params
    autograd: Values
    comparison: Comparison


def example(problem: Problem = PROBLEM) -> Example:
    """The pass of `problem`, written out, and held against autograd's.

    Raises ManualPassError if a line of the manual pass raises anything.
    """
    fwd, bwd = manual_step(problem)
    autograd = autograd_values(problem)
    whole = Share(slice(0, len(problem.X)), problem.reg, fwd, bwd)
    comparison = compare_shares(problem, [whole], autograd)
    usable = all(not q.mismatch and math.isfinite(q.max_abs_diff) for q in comparison.quantities)
    forward = tuple(forward_steps(problem, fwd)) if usable else ()
    backward = tuple(backward_steps(problem, fwd, bwd)) if usable else ()
    return Example(problem, forward, backward, bwd.gradients, autograd, comparison)


def forward_steps(problem: Problem, fwd: Forward) -> Iterator[Step]:
    """From z1 to the loss, with the parts of the softmax that `forward` keeps to itself."""
    X, (W1, b1, W2, b2) = problem.X, problem.params
    z1, a1, z2, P, Y_ind, loss = fwd
    yield _layer("z1 = X @ W1 + b1", z1, X, W1, b1)
    off = np.where(z1 > 0, "", "off: this unit gives nothing for this sample")
    yield _step("a1 = np.maximum(z1, 0)", a1, "max({}, 0)", z1, remarks=off)
    yield _layer("z2 = a1 @ W2 + b2", z2, a1, W2, b2)

    largest = z2.max(axis=1, keepdims=True)
    s = z2 - largest
    E = np.exp(s)
    S = E.sum(axis=1, keepdims=True)
    yield _step("s = z2 - z2.max(axis=1, keepdims=True)", s, "{} - {}", z2, largest)
    yield _step("E = np.exp(s)", E, "exp({})", s)
    yield _step("S = E.sum(axis=1, keepdims=True)", S, _sum(E.shape[1]), *_columns(E))
    yield _step("P = E / S", P, "{} / {}", E, S)

    one_hot = ("y =", problem.y[:, None], "", "Y_ind =", Y_ind)
    yield Step("Y_ind = y[:, None] == np.arange(C)", Y_ind, (), one_hot)
    log_P = s - np.log(S)
    true = problem.y[:, None] == np.arange(W2.shape[1])  # not Y_ind, which may be wrong
    yield _step("log_P = s - np.log(S)", log_P, "{} - log({})", s, S, only=true)
    yield _loss(problem, loss, log_P[true])


def backward_steps(problem: Problem, fwd: Forward, bwd: Backward) -> Iterator[Step]:
    """From dz2 to db1."""
    X, a1, reg, (W1, _, W2, _) = problem.X, fwd.a1, problem.reg, problem.params
    dz2, dW2, db2, da1, dz1, dW1, db1 = bwd
    yield _step("dz2 = (P - Y_ind) / N", dz2, f"({{}} - {{}}) / {len(X)}", fwd.P, fwd.Y_ind)
    yield _weights("dW2 = a1.T @ dz2 + reg * W2", dW2, a1.T, dz2, reg, W2)
    yield _step("db2 = dz2.sum(axis=0, keepdims=True)", db2, _sum(len(X)), *_rows(dz2))
    matrices = (dz2, "@", W2.T, "=", da1)
    yield _step("da1 = dz2 @ W2.T", da1, *_dot(dz2, W2.T), matrices=matrices)
    off = np.where(a1 > 0, "", "off: no gradient passes")
    yield _step("dz1 = da1 * (a1 > 0)", dz1, "{} × {}", da1, a1 > 0, remarks=off)
    yield _weights("dW1 = X.T @ dz1 + reg * W1", dW1, X.T, dz1, reg, W1)
    yield _step("db1 = dz1.sum(axis=0, keepdims=True)", db1, _sum(len(X)), *_rows(dz1))


def _layer(code: str, value: Array, left: Array, W: Array, b: Array) -> Step:
    template, *operands = _dot(left, W)
    matrices = (left, "@", W, "+", b, "=", value)
    return _step(code, value, f"{template} + {{}}", *operands, b, matrices=matrices)


def _weights(code: str, value: Array, left: Array, right: Array, reg: float, W: Array) -> Step:
    template, *operands = _dot(left, right)
    matrices = (left, "@", right, f"+ {reg:g} ×", W, "=", value)
    return _step(code, value, f"{template} + {reg:g} × {{}}", *operands, W, matrices=matrices)


def _loss(problem: Problem, loss: np.floating[Any], log_P: Array) -> Step:
    N, reg, W1, W2 = len(log_P), problem.reg, problem.params.W1, problem.params.W2
    data, square1, square2 = -log_P.sum() / N, (W1 * W1).sum(), (W2 * W2).sum()
    penalty = 0.5 * reg * (square1 + square2)
    lines = (
        _line("data", f"-({_sum(N)}) / {N}", log_P, data),
        _line("sum of W1²", _sum(W1.size, "{}²"), W1.ravel(), square1),
        _line("sum of W2²", _sum(W2.size, "{}²"), W2.ravel(), square2),
        _line("penalty", f"0.5 × {reg:g} × ({{}} + {{}})", (square1, square2), penalty),
        _line("loss", "{} + {}", (data, penalty), loss),
    )
    code = "loss = -(Y_ind * log_P).sum() / N + 0.5 * reg * ((W1**2).sum() + (W2**2).sum())"
    return Step(code, np.asarray(loss), lines)


def _step(
    code: str,
    value: Array,
    template: str,
    *operands: Array,
    remarks: Array | None = None,
    only: Array | None = None,
    matrices: tuple[str | Array, ...] = (),
) -> Step:
    """Each element of `value`, or `only` some, from the operands' elements at the same place."""
    name = code.partition(" = ")[0]
    parts = [np.broadcast_to(operand, value.shape) for operand in operands]
    lines = tuple(
        _line(
            f"{name}[{', '.join(map(str, at))}]",
            template,
            [part[at] for part in parts],
            value[at],
            "" if remarks is None else str(remarks[at]),
        )
        for at in np.ndindex(value.shape)
        if only is None or only[at]
    )
    return Step(code, value, lines, matrices)


def _line(
    name: str, template: str, numbers: Sequence[Any] | Array, value: Any, remark: str = ""
) -> Line:
    return Line(name, written(template, numbers), float(value), remark)


def _dot(left: Array, right: Array) -> tuple[Any, ...]:
    """A template and its operands: the products whose sum is an element of left @ right."""
    pairs = zip(_columns(left), _rows(right), strict=True)
    operands = [part for column, row in pairs for part in (column, row)]
    return _sum(left.shape[1], "{} × {}"), *operands


def _sum(terms: int, term: str = "{}") -> str:
    return " + ".join([term] * terms)


def _columns(matrix: Array) -> list[Array]:
    return [matrix[:, [k]] for k in range(matrix.shape[1])]


def _rows(matrix: Array) -> list[Array]:
    return [matrix[[k], :] for k in range(matrix.shape[0])]


EXPLAINED = """\
Samples, hidden units and classes are counted from 0. Numbers are shown with 4
decimals; whole numbers, halves and quarters as they are. Each line starts from
numbers as they are shown. If they make the result exactly, it stands after =;
if what they make had to be rounded, after ≈ (a last 5 is rounded up)."""


def example_text(found: Example) -> str:
    """For people, the verdict last."""
    N, D, H, C = found.problem.sizes
    title = (
        f"A pass to follow with a pencil: {N} samples × {D} features → {H} hidden units →\n"
        f"{C} classes, reg {found.problem.reg:g}"
    )
    parts = [title, EXPLAINED, "Given", *_given(found.problem)]
    if found.backward:
        parts += ["Forward", *map(_step_text, found.forward)]
        parts += ["Backward", *map(_step_text, found.backward)]
        parts += ["The four gradients", _gradients_text(found)]
    return "\n\n".join((*parts, found.comparison.verdict))


def _given(problem: Problem) -> Iterator[str]:
    W1, b1, W2, b2 = problem.params
    batch = {"X": problem.X, "y": problem.y[:, None]}
    for named in (batch, {"W1": W1, "b1": b1, "W2": W2, "b2": b2}):
        yield side_by_side(
            [part for name, matrix in named.items() for part in (f"{name} =", matrix, "")]
        )


def _step_text(step: Step) -> str:
    parts = [side_by_side(step.matrices)] if step.matrices else []
    parts += ["\n".join(map(_line_text, step.lines))] if step.lines else []
    return step.code + "\n" + indent("\n\n".join(parts), "    ")


def _line_text(line: Line) -> str:
    text = f"{line.name} = {line.written} {line.sign} {printed(line.value)}"
    return f"{text}    {line.remark}" if line.remark else text


def _gradients_text(found: Example) -> str:
    def rows(q: Quantity) -> Iterator[tuple[str, ...]]:
        sides = getattr(found.gradients, q.key[1:]), getattr(found.autograd, q.key)
        for row, numbers in enumerate(zip(*sides, strict=True)):
            cells = ("  ".join(printed(float(x)).rjust(7) for x in side) for side in numbers)
            yield (q.name, *cells, "ok" if q.ok else "DIFFERS") if row == 0 else ("", *cells, "")

    gradients = [q for q in found.comparison.quantities if q.key in GRADIENTS]
    lines = (line for q in gradients for line in rows(q))
    return table(("gradient", "by hand", "by autograd", ""), lines, left=4)


def side_by_side(parts: Sequence[str | Array]) -> str:
    """Matrices, and the names and signs before and between them."""
    blocks = [[part] if isinstance(part, str) else _aligned(part) for part in parts]
    widths = [max(map(len, block)) for block in blocks]
    rows = (
        (
            (block[row] if row < len(block) else "").ljust(width)
            for block, width in zip(blocks, widths, strict=True)
        )
        for row in range(max(map(len, blocks)))
    )
    return "\n".join("  ".join(row).rstrip() for row in rows)


def _aligned(matrix: Array) -> list[str]:
    """The rows of a matrix, with each column's decimal points below each other."""
    return ["  ".join(cells) for cells in zip(*map(_aligned_column, matrix.T), strict=True)]


def _aligned_column(numbers: Array) -> list[str]:
    cells = [printed(float(number)) for number in numbers]
    before = max(len(cell.partition(".")[0]) for cell in cells)
    cells = [" " * (before - len(cell.partition(".")[0])) + cell for cell in cells]
    return [cell.ljust(max(map(len, cells))) for cell in cells]


def example_data(found: Example) -> dict[str, Any]:
    """The same as plain data for JSON."""
    X, y, params, reg = found.problem.X, found.problem.y, found.problem.params, found.problem.reg
    given = {"X": X, "y": y, **params._asdict()}
    return {
        "agree": found.comparison.agree,
        "problem": {name: array.tolist() for name, array in given.items()} | {"reg": reg},
        "forward": [_step_data(step) for step in found.forward],
        "backward": [_step_data(step) for step in found.backward],
        "quantities": [quantity_data(q) for q in found.comparison.quantities],
    }


def _step_data(step: Step) -> dict[str, Any]:
    lines = [
        {
            "name": line.name,
            "written": line.written,
            "sign": line.sign,
            "printed": printed(line.value),
            "value": line.value,
        }
        for line in step.lines
    ]
    return {"code": step.code, "value": step.value.tolist(), "lines": lines}
