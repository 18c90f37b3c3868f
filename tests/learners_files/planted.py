"""Mistakes planted in twenty of the right files: those that return the gradients only."""

import tokenize
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "right"


class Plant(NamedTuple):
    file: str  # in right/
    line: int  # from 1
    right: str  # stands exactly once in that line
    wrong: str
    quantity: str  # the first of the notes' quantities, in their order, that becomes wrong
    called: str
    shows: int | None = None  # the line that computes `quantity`, where that is another one


def planted(plant: Plant) -> str:
    """The text of the file with the mistake in it."""
    with tokenize.open(FOLDER / plant.file) as file:
        lines = file.read().split("\n")
    line = lines[plant.line - 1]
    assert line.count(plant.right) == 1, f"{plant}: the line is {line!r}"
    lines[plant.line - 1] = line.replace(plant.right, plant.wrong)
    return "\n".join(lines)


PLANTS: list[Plant] = []
