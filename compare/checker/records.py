"""What is said of a learner's pass: the verdict on each quantity, and each finding."""

from dataclasses import dataclass
from typing import Literal

from compare.checker.lines import RIGHT

Word = Literal["right", "wrong", "inherited", "missing", "remark", "edge", "to do", "unseen"]
Kind = Literal["mistake", "remark", "edge"]
Hint = Literal["where", "what", "formula"]


@dataclass(frozen=True)
class Finding:
    """A mistake, another convention or an edge, in the line of one quantity."""

    quantity: str  # or the argument that was written to
    id: str
    title: str
    evidence: str
    also: tuple[str, ...] = ()  # ids that these numbers cannot tell apart from this one
    kind: Kind = "mistake"
    wrong_line: str = ""
    batch: str = ""  # on which it was seen
    line: int | None = None  # of the learner's file, or of a notebook's cell
    source: str = ""
    others: tuple[str, ...] = ()  # quantities that it is about, too
    cell: int | None = None  # of a notebook: its code cells are counted from 1

    @property
    def right_line(self) -> str:
        return RIGHT.get(self.quantity, "")

    @property
    def remark(self) -> bool:
        return self.kind == "remark"


@dataclass(frozen=True)
class Judged:
    """One quantity: the verdict, how far it is from the reference where it is furthest, and the
    learner's line and name for it where these are known.
    """

    name: str
    verdict: Word
    max_abs_diff: float | None = None
    at: tuple[int, ...] = ()
    allowed: float | None = None
    line: int | None = None
    own_name: str = ""
    source: str = ""
    cell: int | None = None
