"""What the verbs share: exit statuses, the parser, the options of a problem, JSON."""

import argparse
import json
import re
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from compare.cli.output import as_argument
from compare.problems.csv_file import read_problem
from compare.problems.problem import Problem
from compare.problems.seeded import random_problem

AGREE, DIFFER, UNUSABLE, INTERRUPTED = 0, 1, 2, 130
NO_COLOUR = "--no-color"
EXIT_STATUS = "Exit status 0: all agree; 1: something differs; 2: unusable input or options."


class Parser(argparse.ArgumentParser):
    """A parser of one verb's options, that raises ValueError for what it can't read."""

    def __init__(self, prog: str, description: str, epilog: str = EXIT_STATUS) -> None:
        super().__init__(prog, description=description, epilog=epilog, allow_abbrev=False)
        # Read by compare/__main__.py, before the verb's own options are.
        self.add_argument(NO_COLOUR, action="store_true", help="no colour in a terminal")

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Options and files in any order; after `--`, files alone."""
        given = list(sys.argv[1:] if args is None else args)
        at = given.index("--") if "--" in given else len(given)
        files = map(as_argument, given[at + 1 :])
        return self.parse_intermixed_args([*given[:at], *files], namespace)

    def error(self, message: str) -> NoReturn:
        raise ValueError(_as_ours(message))

    def _print_message(self, message: str, file: Any = None) -> None:
        (file or sys.stderr).write(message)  # argparse's own would swallow that the disk is full

    def add_problem_options(self, csv: bool = True) -> None:
        """The options that `chosen_problem` reads, and --device; without `csv`, no --data."""
        self.add_argument("--seed", type=int, default=0, help="of batch and weights (default 0)")
        self.add_argument("--dtype", default="float64", help="float64 (the default) or float32")
        self.add_argument("--reg", type=float, default=1e-3, help="regularisation (default 0.001)")
        self.add_argument("--samples", type=int, metavar="N", help="rows of X (default 200)")
        self.add_argument("--features", type=int, metavar="D", help="columns of X (default 4)")
        self.add_argument("--hidden", type=int, default=10, metavar="H", help="default 10")
        self.add_argument("--classes", type=int, metavar="C", help="default 3")
        self.add_argument("--device", default="cpu", help="cpu (the default), cuda or mps")
        if csv:
            self.add_argument(
                "--data",
                metavar="FILE.csv",
                help="read the batch: a header row, numeric features, the class last "
                "(classes are numbered in order of first appearance)",
            )

    def add_json_option(self, what: str = "one JSON object instead of text") -> None:
        self.add_argument("--json", action="store_true", help=what)


# What argparse says of an option, and what our own errors would say.
WORDS = (
    (r"argument ([^:]*): invalid int value: (.*)", r"\1: expected a whole number, got \2"),
    (r"argument ([^:]*): invalid float value: (.*)", r"\1: expected a number, got \2"),
    (r"argument ([^:]*): invalid choice: (.*) \(choose from (.*)\)", r"\1: expected \3, got \2"),
    (r"argument ([^:]*): expected one argument", r"\1: expected a value, got none"),
    (r"argument ([^:]*): ignored explicit argument (.*)", r"\1: expected no value, got \2"),
    (r"argument ([^:]*): (.*)", r"\1: \2"),
    (r"the following arguments are required: (.*)", r"\1: expected a value, got none"),
    (r"unrecognized arguments: (.*)", r"expected only what --help names, got \1"),
)


def _as_ours(message: str) -> str:
    for theirs, ours in WORDS:
        if re.fullmatch(theirs, message):
            return re.sub(theirs, ours, message)
    return message


def as_typed(message: str, argv: Sequence[str]) -> str:
    """`seed: expected …` with the option's name as the user typed it, if they did."""
    option = f"--{message.partition(':')[0].replace('_', '-')}"
    typed = any(word == option or word.startswith(f"{option}=") for word in argv)
    return f"--{message}" if typed else message


def chosen_problem(options: argparse.Namespace) -> Problem:
    """The problem that the options describe. Raises ValueError for those that describe none."""
    network = {"hidden": options.hidden, "dtype": options.dtype, "reg": options.reg}
    sizes = {name: getattr(options, name) for name in ("samples", "features", "classes")}
    given = {name: size for name, size in sizes.items() if size is not None}
    if options.data is None:
        return random_problem(options.seed, **network, **given)
    for name in given:
        raise ValueError(f"--{name}: expected no such option with --data: the file decides it")
    return read_problem(options.data, options.seed, **network)


def print_json(data: object) -> None:
    print(json.dumps(data, allow_nan=False))
