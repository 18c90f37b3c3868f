"""A mistake is an edit of the right line: at each of its places a piece of that line and what
people write instead, both whole expressions, so that no bracket can be lost. The edited line is run
to see whether it gives the learner's numbers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy.typing as npt

from compare.checker.lines import RIGHT
from compare.checker.trees import replaced

Edit = tuple[str, str]  # an expression of the right lines, and what stands there instead
RATE = "RATE"  # in a wrong line: a number that only the learner's values tell


@dataclass(frozen=True)
class Mistake:
    """`places` has for each quantity the edits that make the mistake there, any one of them."""

    id: str
    title: str
    called: str  # what people call it, or say when they find it
    shown_by: str  # the batches that show it, or what hides it
    places: Mapping[str, tuple[Edit, ...]]
    remark: bool = False  # another convention, which is no mistake
    # RATE from the learner's values of the quantity, if its line is not linear in it.
    number: Callable[[npt.NDArray[Any]], float | None] | None = None
    edge_in: tuple[str, ...] = ()  # quantities where it shows on extreme values alone
    # What is known of it where its wrong line has one of these pieces, instead of the title.
    kinds: Mapping[str, str] = field(default_factory=dict)

    def title_of(self, line: str) -> str:
        """What to call it in this wrong line of it."""
        return next((title for piece, title in self.kinds.items() if piece in line), self.title)

    def wrong_lines(
        self, quantity: str, right: str | None = None, most: int | None = None
    ) -> list[str]:
        """The lines of `quantity` with the mistake in them: one text for each of its edits, or for
        the first `most` of them.

        `right` are lines that may hold another mistake already; an edit that no longer fits in
        gives none.
        """
        line = RIGHT[quantity] if right is None else right
        made = (replaced(line, old, new) for old, new in self.places[quantity])
        return [*islice((text for text in made if text is not None), most)]
