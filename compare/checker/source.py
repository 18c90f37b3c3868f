"""A learner's file as Python text: a .py file in any encoding, or the code cells of a notebook."""

import ast
import importlib.util
import json
import re
import warnings
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from compare.text import printable

LARGEST = 2**24  # bytes of a file
# Cells that are Python all the same; those of other magics (bash, html, writefile) are not.
PYTHON_MAGICS = {"time", "timeit", "capture", "prun", "python", "python3"}

# What Python 2 had, as Python 3 complains of it, and what stands for it now.
PYTHON_2 = (
    (r"name 'xrange' is not defined", "range"),
    (r"name 'raw_input' is not defined", "input"),
    (r"name '(unicode|basestring)' is not defined", "str"),
    (r"name 'long' is not defined", "int"),
    (r"has no attribute 'iter(items|keys|values)'", "items, keys and values"),
    (r"has no attribute 'has_key'", "the operator in"),
    (r"No module named 'cPickle'", "pickle"),
    (r"No module named 'past'", "range, without an import"),
    (r"cannot import name 'i(zip|map|filter)' from 'itertools'", "zip, map and filter"),
    (r"Missing parentheses in call to 'print'", "print(...)"),
    (r"Missing parentheses in call to 'exec'", "exec(...)"),
    (r"multiple exception types must be parenthesized", "except Kind as error"),
    (r"inconsistent use of tabs and spaces", "one of the two throughout"),
    (r"leading zeros in decimal integer literals are not permitted", "0o17 for 017"),
)


class Cell(NamedTuple):
    line: int  # of the whole text, from 1, where it begins
    text: str


class Source(NamedTuple):
    text: str
    cells: tuple[Cell, ...]  # run one after the other; of a .py file there is one
    begins: tuple[int, ...] = ()  # of a notebook: the line of the whole text where each cell begins
    left_out: tuple[str, ...] = ()  # a remark, if a .py file has lines of a notebook's


def in_cell(line: int, begins: Sequence[int]) -> tuple[int | None, int]:
    """The code cell, counted from 1, of a line of the whole text, and the line in it."""
    number = bisect_right(begins, line)
    return (number, line - begins[number - 1] + 1) if number else (None, line)


def place_words(cell: int | None, line: int) -> str:
    return f"line {line}" if cell is None else f"cell {cell}, line {line}"


def line_words(line: int, begins: Sequence[int]) -> str:
    """`line 18`, or `cell 3, line 5`."""
    return place_words(*in_cell(line, begins))


def read_source(path: Path) -> Source:
    """Raises ValueError, in a line, for what cannot be read as Python text."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise ValueError(f"it cannot be read: {error.strerror}") from None
    if len(content) > LARGEST:
        raise ValueError(f"expected a file of at most {LARGEST} bytes, got a larger one")
    if path.suffix == ".ipynb":
        return _notebook(content)
    text, magics = _without_stray_magics(decoded(content))
    return Source(text, (Cell(1, text),), left_out=_magics_left_out(magics))


def _without_stray_magics(text: str) -> tuple[str, list[int]]:
    """A file that a notebook's lines keep from being Python is taken without them, and which these
    are. What parses stays as it is: a line of Python, too, may begin with a percent sign.
    """
    lines, numbers = text.split("\n"), list[int]()
    while (at := syntax_error("\n".join(lines), ast.PyCF_ONLY_AST)) and at <= len(lines):
        without = _without_magic(lines[at - 1])
        if without == lines[at - 1]:
            return text, []  # an error of another kind
        lines[at - 1] = without
        numbers.append(at)
    return "\n".join(lines), numbers


def syntax_error(text: str, flags: int = 0) -> int:
    """The line of the first one; 0 if there is none. `flags` are compile's."""
    try:
        with warnings.catch_warnings():  # of the learner's text, which Python tells where it is run
            warnings.simplefilter("ignore")
            compile(text, "", "exec", flags, dont_inherit=True)
    except SyntaxError as error:
        return error.lineno or 0
    except (ValueError, RecursionError, MemoryError):
        return 0
    return 0


def _magics_left_out(numbers: list[int]) -> tuple[str, ...]:
    if not numbers:
        return ()
    shown = ", ".join(map(str, numbers[:6])) + (" and others" if len(numbers) > 6 else "")
    lines = f"line {shown} was" if len(numbers) == 1 else f"lines {shown} were"
    return (f"{lines} left out: % and ! are for notebooks alone",)


def decoded(content: bytes) -> str:
    """As Python reads a file: by its byte order mark, or its coding line, or as UTF-8."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):  # Notepad's "Unicode"
        text = content.decode("utf-16", errors="replace").replace("\r\n", "\n")
    else:
        try:
            text = importlib.util.decode_source(content)
        except (UnicodeDecodeError, SyntaxError, LookupError) as error:
            raise ValueError(_encoding_problem(content, error)) from None
    if "\0" in text:
        raise ValueError("expected Python source, got null bytes")
    return text


def _encoding_problem(content: bytes, error: Exception) -> str:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as undecoded:
        line = content[: undecoded.start].count(b"\n") + 1
        byte = f"{content[undecoded.start]:#04x}"
        return (
            "expected text in UTF-8, or a first line that names its encoding, got "
            f"the byte {byte} at line {line}"
        )
    return f"expected a known encoding: {printable(str(error))}"


def python_2(message: str) -> str:
    """What to write instead, if the message comes of Python 2's language; else nothing."""
    for pattern, now in PYTHON_2:
        if re.search(pattern, message):
            return f" (this is Python 2; in Python 3 it is {now})"
    return ""


def _notebook(content: bytes) -> Source:
    if not content.strip():
        raise ValueError("expected a notebook, got an empty file")
    try:
        read = json.loads(content)
    except (ValueError, RecursionError):
        raise ValueError("expected a notebook, got text that is no JSON") from None
    try:
        cells = list(_code_cells(read))
    except (KeyError, TypeError, AttributeError, IndexError):
        raise ValueError("expected a notebook, got JSON without a notebook's cells") from None
    lines: list[str] = []
    placed = []
    for number, code in enumerate(cells, 1):
        lines.append(f"# cell {number}")
        placed.append(Cell(len(lines) + 1, code))
        # The text as a whole is Python, too: what is left out when it is run is a comment there.
        comment = "# " if syntax_error(code) else ""
        lines += [f"{comment}{line}" for line in code.split("\n")]
    return Source("\n".join(lines), tuple(placed), tuple(cell.line for cell in placed))


def _code_cells(notebook: Any) -> Iterator[str]:
    cells = notebook["cells"] if "cells" in notebook else notebook["worksheets"][0]["cells"]
    for cell in cells:
        if cell["cell_type"] == "code":
            code = cell["source"] if "source" in cell else cell["input"]
            text = "".join(code) if isinstance(code, list) else code
            yield "\n".join(_without_magics(text.replace("\0", "").splitlines()))


def _without_magics(lines: list[str]) -> list[str]:
    """IPython's own lines, each made a line that does nothing: the numbers of the others stay."""
    first = next((line.strip() for line in lines if line.strip()), "")
    if first.startswith("%%") and first[2:].split(" ")[0] not in PYTHON_MAGICS:
        return [f"# {line}" for line in lines]
    kept: list[str] = []
    goes_on = False
    for line in lines:
        magic = _without_magic(line)
        kept.append("" if goes_on else magic)
        goes_on = (goes_on or magic != line) and line.endswith("\\")
    return kept


def _without_magic(line: str) -> str:
    code = line.strip()
    indent = line[: len(line) - len(line.lstrip())]
    if code.startswith("%%"):
        return f"# {code}"
    if code.startswith(("%", "!", "?")) or re.fullmatch(r"[\w.]+\?{1,2}", code):
        return f"{indent}pass  # {code}"
    assigned = re.match(r"(\s*[\w, ]+=\s*)[!%]\s*\w", line)
    return f"{assigned[1]}None" if assigned else line
