"""Hidden values so near to 0 that the two sides may mask them differently."""

import numpy as np
import numpy.typing as npt

from compare.bounds.rounding import Mask
from manual import Forward


def masked_differently(
    manual_a1: npt.NDArray[np.floating], autograd_a1: npt.NDArray[np.floating], unsure: Mask
) -> Mask:
    """The units (N, H) that only one side lets through, and whose side rounding may decide."""
    if manual_a1.shape != autograd_a1.shape:
        return np.zeros(1, bool)
    differ: Mask = ((manual_a1 > 0) != (autograd_a1 > 0)) & unsure
    return differ


def on_autograds_side(
    fwd: Forward, autograd_a1: npt.NDArray[np.floating], unsure: Mask
) -> tuple[Forward, int]:
    """The forward pass with autograd's value wherever the two sides masked a unit differently and
    rightly; and in how many places. Which side of 0 such a value rounds to is nobody's error, but
    the gradients jump there: go back through the ReLU from here, and compare that.
    """
    kinks = masked_differently(fwd.a1, autograd_a1, unsure)
    count = int(kinks.sum())
    return (fwd._replace(a1=np.where(kinks, autograd_a1, fwd.a1)) if count else fwd), count
