"""The statements of a learner's file, one after the other: one that fails is left out."""

import __future__

import ast
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from types import CodeType, ModuleType
from typing import NamedTuple

from compare.checker.alarm import StillRunningError, interrupted_at, still_running
from compare.checker.calls import Own, describe, their_builtins
from compare.checker.source import python_2
from compare.text import printable

FUTURE = reduce(
    int.__or__, (getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
)
SHOWN = 3  # reasons for what was left out
GUARD = 'if __name__ == "__main__":'


class Time(NamedTuple):
    """Of all statements together: when the first that is still running is left out, and when all
    that follow are, on the monotonic clock.
    """

    start: float
    end: float
    last: float


class _Statement(NamedTuple):
    line: int
    code: CodeType
    imported: tuple[str, ...]  # names that it binds, if it is an import


class LeftOut(NamedTuple):
    """What was not run, or not to its end."""

    where: str  # "line 3", or "cell 2, line 1"
    because: str
    syntax: bool = False


def run_cells(
    cells: Iterable[tuple[int, str]], module: ModuleType, own: Own, limits: Time
) -> list[LeftOut]:
    """Run them in the module's names. What was left out, in order."""
    left_out: list[LeftOut] = []
    absent: dict[str, str] = {}  # of a name, the module that it would have come from
    limit, file = limits.end, module.__file__ or ""
    for line, cell in cells:
        try:
            statements = [*_statements("\n" * (line - 1) + cell, file)]
        except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
            because = _syntax(error, own, file, cell.split("\n"), line)
            left_out.append(LeftOut(own.cell(line), because, True))
            continue
        for statement in statements:
            here = own.words(file, statement.line)
            seconds = round(max(limit - limits.start, 0), 1)
            advice = (f"put what trains or plots under {GUARD}",)
            words = still_running(seconds, *(() if statement.imported else advice))
            try:
                with interrupted_at(limit, own.has, words), their_builtins():
                    exec(statement.code, vars(module))
            except Exception as error:
                because = _missing(statement, error, absent) or describe(error, own)
                left_out.append(LeftOut(here, because))
            except StillRunningError as error:
                left_out.append(LeftOut(here, describe(error, own)))
                if limit == limits.last:
                    return left_out
                limit = limits.last
            except BaseException as error:  # sys.exit and the like: it wants no more
                return [*left_out, LeftOut(f"what follows {here}", describe(error, own))]
    return left_out


def _statements(text: str, file: str) -> Iterator[_Statement]:
    """All is compiled first: a cell with a syntax error is not run in part."""
    tree = ast.parse(text, file)
    flags = compile(text, file, "exec", dont_inherit=True).co_flags & FUTURE
    for node in tree.body:
        code = compile(ast.Module([node], []), file, "exec", flags, dont_inherit=True)
        names = node.names if isinstance(node, ast.Import | ast.ImportFrom) else []
        imported = tuple(alias.asname or alias.name.split(".")[0] for alias in names)
        yield _Statement(node.lineno, code, imported)


def _syntax(error: Exception, own: Own, file: str, lines: Sequence[str], begins: int) -> str:
    """`begins`: the line of the whole text at which `lines` begin."""
    if not isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {printable(str(error))}"
    message = printable(str(error.msg))
    line = error.lineno or begins
    # The compiler, unlike the parser, does not say what stands there.
    text = error.text or next(iter(lines[line - begins : line - begins + 1]), "")
    where = f"{own.words(file, line)}: {printable(text.strip())}"
    return f"{type(error).__name__}: {message}{python_2(message)}, at {where}"


def _missing(statement: _Statement, error: Exception, absent: dict[str, str]) -> str:
    """Of a module that is not here, and of what was imported from it."""
    try:
        name = str(error.name) if isinstance(error, ImportError | NameError) else ""
    except Exception:  # of the learner's own kind
        return ""
    if isinstance(error, ModuleNotFoundError) and name.isprintable():
        module = f"there is no module {name.split('.')[0][:60]} here{python_2(str(error))}"
        absent |= dict.fromkeys(statement.imported, module)
        return module
    if name == "get_ipython":
        return "get_ipython is in notebooks alone"
    return absent.get(name, "")


def remarks(left_out: Iterable[LeftOut]) -> list[str]:
    """`line 3 was left out: why`, the lines of one reason together."""
    reasons: dict[str, dict[str, None]] = {}
    for one in left_out:
        reasons.setdefault(one.because, {})[one.where] = None
    words = []
    for because, places in list(reasons.items())[:SHOWN]:
        where = _together([*places])
        words.append(f"{where} {'was' if len(places) == 1 else 'were'} left out: {because}")
    if len(reasons) > SHOWN:
        words.append(f"{len(reasons) - SHOWN} more statements failed and were left out")
    return words


def _together(places: Sequence[str]) -> str:
    """`line 3`, `lines 3, 5`, `cell 2, lines 1, 4`; of several cells the first, and how many."""
    if len(places) == 1:
        return places[0]
    parts = [place.rpartition("line ") for place in places]
    if len({before for before, _, _ in parts}) > 1:
        return f"{places[0]} and {len(places) - 1} more"
    numbers = [number for _, _, number in parts]
    more = f" and {len(numbers) - 6} more" if len(numbers) > 6 else ""
    return f"{parts[0][0]}lines {', '.join(numbers[:6])}{more}"
