"""How numbers, places and tables are written, for every report."""

import codecs
import math
import re
from collections.abc import Iterable, Sequence
from html import escape
from textwrap import fill

# What an output that has no such character is given instead.
PLAIN = {
    **{
        "×": "x",
        "−": "-",
        "–": "-",
        "→": "->",
        "·": "*",
        "…": "...",
        "±": "+-",
        "≤": "<=",
        "≥": ">=",
    },
    **{"½": "1/2", "²": "^2", "µ": "u", "Σ": "sum ", "γ": "gamma", "∂": "d", "≈": "~", "∞": "inf"},
    **{"│": "|", "└": "+", "─": "-", "“": '"', "”": '"', "’": "'", "✓": "ok", "✔": "ok"},
}


def plainly(error: UnicodeError) -> tuple[str, int]:
    """A handler for what a stream cannot encode: plain replacements, or else Python's escapes."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    unwritable = error.object[error.start : error.end]
    plain = (PLAIN.get(c) or c.encode("ascii", "backslashreplace").decode() for c in unwritable)
    return "".join(plain), error.end


codecs.register_error("plainly", plainly)

GREEN, RED, YELLOW, USUAL = "\033[32m", "\033[31m", "\033[33m", "\033[0m"
# The verdict that starts a line, ends a row of a table, or comes after a file's name.
_VERDICT = re.compile(
    r"^(?:AGREE|DIFFER|All right|Fix \w+ first|Not right yet|Nothing could be judged|To do)\b"
    r"|(?<=  )(?:ok|DIFFERS|right|wrong|missing|inherited|remark|edge|to do)$"
    r"|(?<=  )(?:right(?=,)|(?:wrong|failed|to do)(?=:))",
    re.MULTILINE,
)
_GOOD = ("AGREE", "All right", "ok", "right")
_NEITHER = ("inherited", "remark", "edge", "to do", "To do", "Not right yet")


def coloured(text: str) -> str:
    """The verdict words in green, red or yellow, for a terminal."""

    def colour(match: re.Match[str]) -> str:
        word = match[0]
        chosen = GREEN if word in _GOOD else YELLOW if word in _NEITHER else RED
        return f"{chosen}{word}{USUAL}"

    return _VERDICT.sub(colour, text)


def table(header: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """Aligned columns: the first `left` of them to the left, the others to the right."""
    lines = [tuple(header), *map(tuple, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def wrapped(text: str, label: str = "", indent: str | None = None) -> str:
    """In lines of up to 80 characters, the first after the label, the others below its end. A
    no-break space keeps its words together.
    """
    indent = " " * len(label) if indent is None else indent
    lines = fill(text, 80, initial_indent=label, subsequent_indent=indent, break_on_hyphens=False)
    return lines.replace("\xa0", " ")


def html_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The same for a notebook: the first cell of each row names it."""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    body = "".join(
        f"<tr><th>{escape(row[0])}</th>{''.join(f'<td>{escape(c)}</td>' for c in row[1:])}</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def count(how_many: int, noun: str) -> str:
    return f"{how_many} {noun}" if how_many == 1 else f"{how_many} {noun}s"


def place(at: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, at))}]" if at else ""


def shape_text(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) or "number"


def percent(share: float) -> str:
    return f"{share:.1%}" if share < 100 else f"{share:.0e}×"


def exactly(value: float, dtype: str) -> str:
    """As many digits as tell one number of the dtype from the next."""
    return f"{value:.{17 if dtype == 'float64' else 9}g}"


def number(value: float) -> float | None:
    """JSON has no NaN and no infinity: null stands for them."""
    return value if math.isfinite(value) else None


def printable(text: str, limit: int = 200) -> str:
    """Somebody else's text, fit for a terminal and for a line: control characters, line ends, lone
    surrogates and what turns the direction of writing are shown as Python writes them (\\x1b), and
    after `limit` characters comes an ellipsis.
    """
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(
        c if c.isprintable() or c in "\xa0\u3000" else c.encode("unicode_escape").decode("ascii")
        for c in cut
    )
