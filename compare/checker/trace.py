"""What a learner's own lines computed: each array that they bound or changed, by name and line."""

from typing import Any, NamedTuple

import numpy.typing as npt


class Binding(NamedTuple):
    """One name, after one line of the learner's had run."""

    line: int  # of the learner's file, from 1: where the statement begins
    source: str  # the statement's text, on one line, bounded
    name: str  # as the learner writes it: "Z1", "grads['b2']", "self.params['W1']", "cache[0]"
    value: npt.NDArray[Any]  # a copy; 0-d for a number
    call: int  # of which call of a function: 0 for the entry function, counting
    last_line: int = 0  # where the statement ends


class Raised(NamedTuple):
    """Where an exception came up."""

    kind: str
    message: str
    line: int
    source: str
    shapes: tuple[tuple[str, tuple[int, ...]], ...]  # what stands in that line, and its shape
