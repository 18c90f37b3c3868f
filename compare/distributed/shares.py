"""A rank's share of the gradients, by hand; and its share of the bounds on their errors."""

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

import numpy as np

from compare.bounds.quantities import GRADIENTS, SUMMED
from compare.bounds.reference import Float64s, reference
from compare.bounds.rounding import error_bounds
from compare.distributed.batch import Batch, Part, parts
from compare.problems.problem import Problem
from manual import Params, loss_and_gradients
from manual.batches import Sum, total

Found = TypeVar("Found")
Errors = dict[str, Float64s]  # E for the loss and the four gradients


class Network(NamedTuple):
    """What all ranks have alike."""

    params: Params
    reg: float

    @property
    def zeros(self) -> Sum:
        """What no rows at all add to the loss and the gradients."""
        gradients = Params(*(np.zeros_like(W) for W in self.params))
        return self.params.W1.dtype.type(0), gradients


def sums(network: Network, batch: Batch, rows: range) -> Sum:
    """What these rows add to the loss and the gradients of the whole batch, by hand. The sum over
    the shards of a batch is the whole batch's; the shard with row 0 brings the penalty.

    Raises ValueError, saying near which row, for numbers or labels that cannot be used.
    """
    if not rows:
        return network.zeros

    def share(part: Part) -> Sum:
        return loss_and_gradients(
            network.params, part.X, part.y, network.reg, first=part.first, N=batch.N
        )

    return total(_each(share, batch, rows))


def errors(network: Network, batch: Batch, rows: range) -> Errors:
    """What these rows add to E, the bound on the error of the loss and of each gradient.

    E allows for any order of summation, that of shards included. A unit within rounding of 0 may be
    on one side in the shard and on the other in the full batch: what hangs on it is in E too.
    """
    found = {"loss": np.zeros(()), **_zeros(network.params)}

    def share(part: Part) -> Errors:
        reg = network.reg if part.first == 0 else 0.0
        return _errors(Problem(part.X, part.y, network.params, reg), batch.N)

    for here in _each(share, batch, rows) if rows else ():
        for name in SUMMED:
            found[name] = found[name] + here[name]
    return found


def _errors(problem: Problem, N: int) -> Errors:
    bounds = error_bounds(problem, N)
    found = {name: np.asarray(getattr(bounds.error, name)) for name in SUMMED}
    if bounds.unsure.any():
        # Two right passes may be all of such a unit's da1 apart, and 2 E is what they may be.
        da1 = abs(reference(problem, N=N).da1) + 2 * bounds.error.da1
        flips = bounds.unsure * da1 / 2
        found["dW1"] = found["dW1"] + abs(problem.X.astype(np.float64)).T @ flips
        found["db1"] = found["db1"] + flips.sum(axis=0, keepdims=True)
    return found


def averaged(network: Network, error: Errors, N: int, ranks: int) -> Errors:
    """E for gradients that were multiplied by ranks / N and averaged over the ranks, penalty and
    all, where `error` is E for the plain sum over `ranks` ranks.

    A term is rounded up to four times more than in the plain sum (ranks / N in the dtype, the
    product with it, the division by the ranks), and in a chain of up to `ranks` additions more,
    with the other ranks' penalties. k more roundings of each term cost less than k of the N or more
    that the bound on the sum has room for. Of the penalty each rank adds its part: a division, and
    one addition for each rank.
    """
    dtype = np.finfo(network.params.W1.dtype)
    more = 1 + (4 + ranks) / N
    unit = float(dtype.eps) / 2 * (ranks + 2) * float(dtype.dtype.type(network.reg))
    found = {name: more * E for name, E in error.items()}
    for name, W in (("dW1", network.params.W1), ("dW2", network.params.W2)):
        found[name] = found[name] + unit * abs(W.astype(np.float64))
    return found


def _zeros(params: Params) -> Errors:
    return {name: np.zeros(W.shape) for name, W in zip(GRADIENTS, params, strict=True)}


def _each(share: Callable[[Part], Found], batch: Batch, rows: range) -> Iterator[Found]:
    for part in parts(batch, rows):
        try:
            yield share(part)
        except ValueError as error:
            raise ValueError(f"with rows counted from {part.first} on: {error}") from None
