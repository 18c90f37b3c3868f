"""The smallest case that still takes more than a given share."""

from collections.abc import Callable, Iterator

from tests.attack.free import Style
from tests.attack.recipes import ARRAYS, SIZES, Fill, Recipe
from tests.attack.shares import Case

PLAIN = Style()


def reduced(case: Case, holds: Callable[[Case], bool]) -> Case:
    """`case` with all made plain and small that `holds` can do without."""
    again = True
    while again:
        again = False
        for simpler in _simpler(case):
            if simpler != case and holds(simpler):
                case, again = simpler, True
                break
    return case


def _simpler(case: Case) -> Iterator[Case]:
    for side in ("one", "other"):
        style = getattr(case, side)
        for name in Style._fields:
            plain = style._replace(**{name: getattr(PLAIN, name)})
            yield case._replace(**{side: plain})
    for recipe in _simpler_recipes(case.recipe):
        yield case._replace(recipe=recipe)


def _simpler_recipes(recipe: Recipe) -> Iterator[Recipe]:
    for name in SIZES:
        least, size = 2 if name == "C" else 1, getattr(recipe, name)
        for smaller in sorted({least, (size + least) // 2, size - 1}):
            if least <= smaller < size:
                yield recipe._replace(**{name: smaller})
    for twist in recipe.twists:
        yield recipe._replace(twists=tuple(t for t in recipe.twists if t != twist))
    for name in ARRAYS:
        fill = getattr(recipe, name)
        for simpler in _simpler_fills(fill):
            yield recipe._replace(**{name: simpler})
    for label in ("all 0", "random"):
        if recipe.labels not in ("all 0", label):
            yield recipe._replace(labels=label)
    if recipe.apart:
        yield recipe._replace(apart=0.0)
        yield recipe._replace(apart=float(f"{recipe.apart:.2g}"))
    if recipe.offset is not None:
        yield recipe._replace(offset=None)
    if recipe.seed:
        yield recipe._replace(seed=0)


def _simpler_fills(fill: Fill) -> Iterator[Fill]:
    if fill.kind != "zero":
        yield Fill("zero")
        if fill.kind != "powers of two":
            yield fill._replace(kind="powers of two")
            if fill.kind != "normal":
                yield fill._replace(kind="normal")
        yield fill._replace(spread=0)
        yield fill._replace(exponent=0)
        yield fill._replace(exponent=int(fill.exponent / 2))
        yield fill._replace(seed=0)
