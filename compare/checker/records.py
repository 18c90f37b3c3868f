"""What is said of a learner's pass: the verdict on each quantity, and each finding."""

from dataclasses import dataclass
from typing import Literal

from compare.checker.lines import RIGHT

Word = Literal["right", "wrong", "inherited", "missing", "remark"]
Hint = Literal["where", "what", "formula"]


@dataclass(frozen=True)
class Finding:
    """A mistake, or another convention, in the line of one quantity."""

    quantity: str  # or the argument that was written to
    id: str
    title: str
    evidence: str
    also: tuple[str, ...] = ()  # ids that these numbers cannot tell apart from this one
    remark: bool = False
    wrong_line: str = ""

    @property
    def right_line(self) -> str:
        return RIGHT.get(self.quantity, "")


@dataclass(frozen=True)
class Judged:
    """One quantity: the verdict, and how far it is from the reference where it is furthest."""

    name: str
    verdict: Word
    max_abs_diff: float | None = None
    at: tuple[int, ...] = ()
    allowed: float | None = None
