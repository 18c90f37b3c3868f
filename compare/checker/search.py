"""The nearest edits of a line that give a learner's numbers: what was computed instead."""

import time
from collections.abc import Callable, Iterator

import numpy as np

from compare.checker.fitted import fitted
from compare.checker.neighbourhood import near
from compare.checker.trees import normal
from compare.checker.vocabulary import CLOSE, Array, Environment, OutOfTimeError, equal

__all__ = ["OutOfTimeError", "instead", "near"]

MORE = 4000  # lines that are looked at once one fits: a simpler one may be among them
MOST = 100  # that fit

Source = Callable[[str, str, Environment, Array, float, float], Iterator[str]]


def instead(
    line: str,
    quantity: str,
    known: Environment,
    observed: Array,
    kind: str,
    deadline: float,
    close: float = CLOSE["float64"],
) -> Iterator[str]:
    """Lines that give `observed` from what is `known`, within `close` of its largest value: one
    edit away from `line`, with one or two fitted numbers, or two edits away. The caller confirms
    elsewhere. Raises OutOfTimeError.
    """
    observed = np.asarray(observed, np.float64)
    if not np.isfinite(observed).all():
        return
    told: set[str] = set()
    for text in KINDS[kind](line, quantity, known, observed, deadline, close):
        text = normal(text)
        if text not in told:
            told.add(text)
            yield text
        if time.process_time() > deadline:  # the caller has used it
            raise OutOfTimeError


def _edited(edits: int) -> Source:
    def source(
        line: str,
        quantity: str,
        known: Environment,
        observed: Array,
        deadline: float,
        close: float,
    ) -> Iterator[str]:
        fits: list[str] = []
        more = MORE
        for value, text in near(line, quantity, known, edits, deadline):
            if equal(value, observed, close):
                fits.append(text())
            more -= bool(fits)
            if not more or len(fits) == MOST:
                yield from sorted(fits, key=len)
                fits, more = [], MORE
        yield from sorted(fits, key=len)

    return source


KINDS: dict[str, Source] = {
    "one edit": _edited(1),
    "numbers": fitted,
    "two edits": _edited(2),
}
