"""A lesson's records -> one HTML file that needs nothing but a browser."""

import base64
import hashlib
import re
import webbrowser
from dataclasses import dataclass, replace
from functools import lru_cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import torch
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from compare.agreement.bridge import choose_device
from compare.agreement.report import problem_line, verdict_text
from compare.agreement.step import autograd_values, manual_step, step_values
from compare.bounds.quantities import QUANTITIES
from compare.graph.report import remarks
from compare.lesson import curves
from compare.lesson.glance import NARROW, WIDE, glance
from compare.lesson.heat import scale_of
from compare.lesson.lanes import draw
from compare.lesson.links import does, keys_of, step_of
from compare.lesson.matrices import difference, matrices, numbers, packed, pictures
from compare.lesson.mistakes import Shown, shown, stored
from compare.lesson.record import Lesson, gather
from compare.lesson.source import passages
from compare.lesson.steps import steps
from compare.problems.problem import Problem, check_problem
from compare.text import exactly, number, percent, place, shape_text

# In the order in which they are put together: one module, which each file adds to.
SCRIPTS = ("numbers.js", "terms.js", "ask.js", "stepper.js", "slope.js", "mistakes.js", "start.js")
NAME = re.compile(r"\b(d?[zaWb][12]|Y_ind|X|P|N|L|y)\b")
PLOT = (720, 340)


@dataclass(frozen=True)
class Page:
    """A lesson page. Leave it last in a notebook's cell, or write it to a file."""

    html: str
    agree: bool
    verdict: str

    def _repr_html_(self) -> str:
        return (
            f'<iframe srcdoc="{escape(self.html)}" title="Backward by hand" width="100%" '
            'height="800" style="border:1px solid #ccc"></iframe>'
        )

    def write(self, path: Path, force: bool = False) -> None:
        """Raises ValueError if the file exists, unless `force`, or cannot be written."""
        try:
            with path.open("w" if force else "x", encoding="utf-8") as file:
                file.write(self.html)
        except FileExistsError:
            raise ValueError(
                f"--output: expected a new file, or --force, got {path}: it exists"
            ) from None
        except OSError as error:
            raise ValueError(f"--output: cannot write {path}: {error.strerror}") from None

    @staticmethod
    def show(path: Path) -> None:
        webbrowser.open(path.resolve().as_uri())


def page(problem: Problem, device: str = "cpu") -> Page:
    """The lesson page of a problem: every number of one step, and where it comes from.

    Raises ValueError for a device that PyTorch does not have here, and ManualPassError if a manual
    line raises an error.
    """
    check_problem(problem)
    choose_device(device, problem.dtype)
    return render(gather(problem, device))


def render(lesson: Lesson) -> Page:
    style, *scripts = map(_text, ("lesson.css", *(f"scripts/{name}" for name in SCRIPTS)))
    script = "\n".join(scripts)
    context = _context(lesson)
    html = (
        _environment()
        .get_template("lesson.html")
        .render(
            **context,
            style=Markup(style),
            script=Markup(script),
            policy=_policy(style, script),
        )
    )
    html = _without_indentation(html)
    return Page(html, lesson.run.agree, verdict_text(lesson.run))


def _without_indentation(html: str) -> str:
    """The templates' indentation is for those who read them; code keeps its own."""
    parts = re.split(r"(<(pre|script|style)\b.*?</\2>)", html, flags=re.DOTALL)
    return "".join(
        part if k % 3 else re.sub(r"\s*\n\s*", "\n", part)
        for k, part in enumerate(parts)
        if k % 3 != 2
    )


def _context(lesson: Lesson) -> dict[str, Any]:
    problem, found = lesson.problem, matrices(lesson)
    return {
        "lesson": lesson,
        "problem": problem,
        "line": problem_line(problem, lesson.run.device),
        "torch_version": torch.__version__,
        "verdict": verdict_text(lesson.run),
        "quantities": lesson.run.comparison.quantities,
        "glances": [
            ("wide", glance(problem.sizes, WIDE)),
            ("narrow", glance(problem.sizes, NARROW)),
        ],
        "matrices": found,
        "pictures": pictures(found),
        "apart": {
            k: scale_of(difference(m)).largest
            for k, m in found.items()
            if m.by_autograd is not None
        },
        "steps": steps(lesson, found),
        "drawing": draw(lesson.walk.steps),
        "nodes": _nodes(lesson),
        "remarks": remarks(lesson.walk),
        "slope": _slope(lesson),
        "mistakes": _mistakes(lesson),
        "course": None
        if lesson.run.descent is None
        else curves.course(lesson.run.descent, PLOT[0], 220),
        "plot": PLOT,
        "data": _data(lesson, found),
    }


class NodeView(NamedTuple):
    """A node of autograd's graph in the drawing."""

    step: Any
    saved: str
    gets: str
    to: str  # the step of the notes that a click goes to
    in_steps: tuple[str, ...]


def _nodes(lesson: Lesson) -> tuple[NodeView, ...]:
    return tuple(
        NodeView(
            step,
            ", ".join(k.quantity.name or k.name for k in step.saved if k.quantity is not None),
            " + ".join(q.name or "?" for q in step.arrives),
            step_of(step),
            tuple(key for key in QUANTITIES if does(step, key)),
        )
        for step in lesson.walk.steps
    )


def _slope(lesson: Lesson) -> curves.Slope | None:
    """None for a batch that is not all on the page: its script could not follow."""
    if not lesson.whole:
        return None
    return curves.slope(
        lesson.problem, float(lesson.by_hand.loss), lesson.by_hand.dW1, PLOT[0], PLOT[1]
    )


def _mistakes(lesson: Lesson) -> tuple[Shown, ...]:
    """On the batch or, if it is long, on those of its rows that the page shows."""
    problem, autograd = lesson.problem, lesson.by_autograd
    if not lesson.whole:
        problem = replace(problem, X=lesson.X, y=lesson.y)
        autograd = autograd_values(problem, lesson.run.device)
    right = step_values(*manual_step(problem))
    return tuple(shown(told, problem, right, autograd) for told in stored())


def _data(lesson: Lesson, found: dict[str, Any]) -> dict[str, Any]:
    """What the page's script works with."""
    problem = lesson.problem
    N, D, H, C = problem.sizes
    return {
        "N": N,
        "sizes": {"N": N, "D": D, "H": H, "C": C},
        "rows": None if lesson.whole else lesson.rows.tolist(),
        "reg": float(problem.X.dtype.type(problem.reg)),
        "dtype": problem.dtype,
        "y": lesson.y.tolist(),
        "classes": list(problem.classes),
        "matrices": numbers(found),
        "packed": packed(found),
        "largest": {
            q.key: {"at": q.at, "allowed": number(q.allowed)}
            for q in lesson.run.comparison.quantities
        },
        "order": QUANTITIES,
        "edges": {key: keys_of(key) for key in QUANTITIES},
    }


@lru_cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("compare.lesson"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        prose=_prose,
        svgprose=_svg_prose,
        symbol=_symbol,
        small=_small,
        percent=percent,
        share=_share,
        place=place,
        shape=shape_text,
        exactly=exactly,
        code=_code,
        changed=_changed,
        power=_power,
    )
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":")}
    environment.globals["right_code"] = lambda key: passages()[key].code
    return environment


def _text(name: str) -> str:
    text = files("compare.lesson").joinpath(name).read_text(encoding="utf-8")
    return re.sub(r"\n\s+", "\n", text)


def _policy(style: str, script: str) -> str:
    """Nothing but the page's own style and script, and the pictures that are in it."""
    style_hash, script_hash = (
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for text in (style, script)
    )
    return (
        f"default-src 'none'; script-src 'sha256-{script_hash}'; style-src 'sha256-{style_hash}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


class Symbol(NamedTuple):
    """dW2 as d, W, 2."""

    d: str
    letter: str
    below: str


def _symbol(key: str) -> Symbol:
    if key == "loss":
        return Symbol("", "L", "")
    d, body = ("d", key[1:]) if key.startswith("d") else ("", key)
    return Symbol(d, body[:1], body[1:].lstrip("_"))


def _prose(text: str) -> Markup:
    """The names of the notes in a text, as they are set in formulas."""
    return Markup(NAME.sub(lambda found: _set(found[1]), str(escape_text(text))))


def _svg_prose(text: str) -> Markup:
    """The same in a drawing."""

    def tspans(found: re.Match[str]) -> str:
        d, letter, index = _symbol(found[1])
        below = f'<tspan class="below" dy="0.25em">{index}</tspan>' if index else ""
        back = '<tspan dy="-0.17em">\u200b</tspan>' if index else ""
        return f'{d}<tspan class="it">{letter}</tspan>{below}{back}'

    return Markup(NAME.sub(tspans, str(escape_text(text))))


def escape_text(text: str) -> Markup:
    return Markup(escape(str(text)))


def _set(key: str) -> str:
    d, letter, low = _symbol(key)
    below = f"<sub>{low}</sub>" if low else ""
    return f'<span class="sym">{d}<i>{letter}</i>{below}</span>'


def _small(value: float, digits: int = 2) -> Markup:
    """2.2e-16 as 2.2 × 10⁻¹⁶."""
    if value != value or value in (float("inf"), float("-inf")):
        return Markup(escape(str(value)))
    if value == 0:
        return Markup("0")
    mantissa, exponent = f"{value:.{digits}e}".split("e")
    if -3 <= int(exponent) <= 4:
        return Markup(f"{value:.{max(0, digits - int(exponent))}f}".replace("-", "−"))
    power = str(int(exponent)).replace("-", "−")
    return Markup(f"{mantissa.replace('-', '−')}\u2009×\u200910<sup>{power}</sup>")


def _share(value: float) -> str:
    """A share of something: 12 % or, far from that, 3e-9."""
    if value != value:
        return "–"
    if 1e-4 <= value < 10:
        return f"{value:.2%}"
    if 10 <= value < 1e6:
        return f"{value:.0f} times"
    return f"{value:.0e}" if value else "0"


def _power(exponent: int) -> Markup:
    return Markup(f"10<sup>{str(exponent).replace('-', '−')}</sup>")


def _code(text: str) -> Markup:
    """A line of Python, its comment set apart."""
    line, mark, comment = str(text).partition("#")
    return Markup(
        f"{escape(line)}<span class='comment'>{escape(mark + comment)}</span>"
        if mark
        else escape(line)
    )


def _changed(wrong: str, right: str) -> list[tuple[str, str, str]]:
    """Each wrong line as what it starts with like the right one, what differs, and the rest."""
    found, others = [], right.splitlines()
    for k, line in enumerate(wrong.splitlines()):
        if line in others:
            found.append((line, "", ""))
            continue
        other = others[k] if k < len(others) else ""
        start = _common(line, other)
        end = _common(line[start:][::-1], other[start:][::-1])
        found.append((line[:start], line[start : len(line) - end], line[len(line) - end :]))
    return found


def _common(one: str, other: str) -> int:
    pairs = zip(one, other, strict=False)
    return next((k for k, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
