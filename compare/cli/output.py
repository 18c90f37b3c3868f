"""Where a verb writes what it makes: to a file, or to standard output, whose name is `-`."""

import argparse
from pathlib import Path

STANDARD_OUTPUT = "-"  # a file of that name is ./-


def file_name(text: str) -> str:
    """The type of an option or an argument that names a file: Path("") would be a folder."""
    if not text:
        raise argparse.ArgumentTypeError("expected the name of a file, got ''")
    return text


def file_path(text: str) -> Path:
    return Path(file_name(text))


def write(text: str, place: str, option: str, over: bool = False) -> None:
    """To a file that is new, unless one may be written `over`. Raises ValueError, with the option's
    name, where that cannot be.
    """
    if place == STANDARD_OUTPUT:
        print(text, end="")
        return
    try:
        with open(place, "w" if over else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ValueError(f"{option}: expected a new file, got {place}: it exists") from None
    except OSError as error:
        raise ValueError(f"{option}: cannot write {place}: {error.strerror}") from None


def as_argument(file: str) -> str:
    """As it may stand in a command: what begins with - would be an option there."""
    return f"./{file}" if file.startswith("-") else file
