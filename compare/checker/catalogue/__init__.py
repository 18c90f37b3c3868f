"""The mistakes that people really make, as data. Adding a mistake is adding one entry."""

from compare.checker.catalogue.digits import ABOUT_DIGITS
from compare.checker.catalogue.layers import ABOUT_LAYERS
from compare.checker.catalogue.mean import ABOUT_MEAN
from compare.checker.catalogue.mistake import RATE, Mistake
from compare.checker.catalogue.penalty import ABOUT_PENALTY
from compare.checker.catalogue.relu import ABOUT_RELU
from compare.checker.catalogue.softmax import ABOUT_SOFTMAX

# In this order mistakes with the same numbers are told.
CATALOGUE: tuple[Mistake, ...] = (
    *ABOUT_MEAN,
    *ABOUT_PENALTY,
    *ABOUT_RELU,
    *ABOUT_LAYERS,
    *ABOUT_SOFTMAX,
    *ABOUT_DIGITS,
)

__all__ = ["CATALOGUE", "RATE", "Mistake"]
