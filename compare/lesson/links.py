"""Which nodes of autograd's graph do which step of the notes, from the keys of the gradients that
were recognised there.
"""

from collections.abc import Sequence

from compare.bounds.quantities import GRADIENTS, QUANTITIES
from compare.graph.recognise import Step

# The parts that a gradient comes in, by key.
PARTS = {
    "dz2": ("true_class", "dz2"),
    "dW2": ("data_dW2", "penalty_W2", "half_penalty_W2", "dW2"),
    "dW1": ("data_dW1", "penalty_W1", "half_penalty_W1", "dW1"),
}
# A forward step's node is the one at which the gradient of its result arrives.
ARRIVING = {"P": ("true_class",), "loss": ("one", "half_reg", "half_reg_everywhere")}


def keys_of(quantity: str) -> tuple[str, ...]:
    """The gradients that travel while this step is done."""
    return PARTS.get(quantity, (quantity,)) if quantity.startswith("d") else ()


def does(step: Step, quantity: str) -> bool:
    """Whether the node does this step, or a part of it."""
    arrives = {q.key for q in step.arrives}
    leaves = {leaving.quantity.key for leaving in step.leaves if leaving.quantity is not None}
    if not quantity.startswith("d"):
        wanted = ARRIVING.get(quantity, (f"d{quantity}",))
        return bool(arrives & set(wanted)) and step.name != "AccumulateGrad"
    parts = set(keys_of(quantity))
    # What arrives at a parameter is handed through: turned, added up, kept in `.grad`.
    through = arrives & parts if quantity in GRADIENTS else set()
    return bool(((leaves - arrives) & parts) | through)


def nodes_of(quantity: str, steps: Sequence[Step]) -> tuple[Step, ...]:
    return tuple(step for step in steps if does(step, quantity))


def step_of(step: Step) -> str:
    """The step of the notes to go to from a node: the first that it does on the way back."""
    backwards = (name for name in QUANTITIES if name.startswith("d") and does(step, name))
    return next(backwards, "loss")
