"""Why two calls with the same arguments may differ: random numbers, and globals that changed."""

import pickle
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

LARGEST = 2**22  # bytes of one global that is looked at
PLAIN = (bool, int, float, complex, str, list, dict, set, tuple, np.number, np.ndarray)
GENERATORS = (np.random.Generator, np.random.RandomState)


@contextmanager
def unlike(scope: Mapping[str, Any]) -> Iterator[list[str]]:
    """Runs its body, and then lists, in words, what has changed around a learner's function."""
    because: list[str] = []
    before = _state(scope)
    yield because
    after = _state(scope)
    because += [what for what, now in after.items() if before.get(what) != now]


def _state(scope: Mapping[str, Any]) -> dict[str, bytes]:
    """By the words for a change in it."""
    known: dict[str, Any] = {
        "np.random is used": np.random.get_state(),
        "random is used": random.getstate(),
    }
    for name, value in list(scope.items()):
        if isinstance(value, GENERATORS):
            known[f"the random numbers of {name} are used"] = value
        elif not name.startswith("__") and isinstance(value, PLAIN):
            known[f"the global {name} is changed"] = value
    return {words: state for words, value in known.items() if (state := _bytes(value))}


def _bytes(value: Any) -> bytes:
    """Nothing, if it holds what cannot be compared so."""
    if getattr(value, "nbytes", 0) > LARGEST:
        return b""
    try:
        state = pickle.dumps(value)
    except Exception:
        return b""
    return state if len(state) <= LARGEST else b""
