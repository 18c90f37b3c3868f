"""The command line. Exit status 0: agreement; 1: a difference; 2: unusable input or options."""

import argparse
import json
import math
import os
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NoReturn

from compare.check_report import report_data, report_text, summary_text
from compare.checking import check_file
from compare.exercise import exercise
from compare.problem import LARGEST_SEED, Problem, check_whole, random_problem, read_problem
from compare.progress import Progress

AGREE, DIFFER, UNUSABLE, INTERRUPTED = 0, 1, 2, 130
LEARNING_RATE = 0.1
EXIT_STATUS = "Exit status 0: all agree; 1: something differs; 2: unusable input or options."


class Parser(argparse.ArgumentParser):
    """A parser of one verb's options, that raises ValueError for what it can't read."""

    def __init__(self, prog: str, description: str, epilog: str = EXIT_STATUS) -> None:
        super().__init__(prog, description=description, epilog=epilog, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        raise ValueError(message)

    def add_problem_options(self) -> None:
        """The options that `_problem` reads, and --device."""
        self.add_argument("--seed", type=int, default=0, help="of batch and weights (default 0)")
        self.add_argument("--dtype", default="float64", help="float64 (the default) or float32")
        self.add_argument("--reg", type=float, default=1e-3, help="regularisation (default 0.001)")
        self.add_argument("--samples", type=int, metavar="N", help="rows of X (default 200)")
        self.add_argument("--features", type=int, metavar="D", help="columns of X (default 4)")
        self.add_argument("--hidden", type=int, default=10, metavar="H", help="default 10")
        self.add_argument("--classes", type=int, metavar="C", help="default 3")
        self.add_argument("--device", default="cpu", help="cpu (the default), cuda or mps")
        self.add_argument(
            "--data",
            metavar="FILE.csv",
            help="read the batch: a header row, numeric features, the class last "
            "(classes are numbered in order of first appearance)",
        )

    def add_json_option(self) -> None:
        self.add_argument("--json", action="store_true", help="one JSON object instead of text")


def compare_verb(argv: list[str]) -> int:
    """One step, or --steps of them, by hand and by autograd."""
    options = _compare_parser().parse_args(argv)
    if options.learning_rate is not None and options.steps is None:
        raise ValueError("--learning-rate: expected --steps beside it, got none")
    # Imported once the options are known to be good: PyTorch takes a second or two.
    import numpy as np

    from compare import report
    from compare.agreement import ManualPassError, compare
    from compare.bridge import choose_device
    from compare.descent import descend
    from compare.exact import compare_exactly, exact_batch

    device = choose_device(options.device, options.dtype)
    problem = _problem(options)
    descent = None
    try:
        with np.errstate(all="ignore"):  # an overflow shows as the difference that it makes
            comparison = compare(problem, device)
            exact = compare_exactly(exact_batch(options.seed, dtype=options.dtype), device)
            if options.steps is not None:
                rate = LEARNING_RATE if options.learning_rate is None else options.learning_rate
                with Progress("step", options.steps) as progress:
                    descent = descend(problem, options.steps, rate, device, progress)
    except ManualPassError as failure:
        print(json.dumps({"agree": False, "error": str(failure)}) if options.json else failure)
        return DIFFER

    run = report.Run(problem, device, comparison, exact, descent)
    if options.json:
        _print_json(report.run_data(run))
    else:
        print(report.run_text(run))
    return AGREE if run.agree else DIFFER


def _compare_parser() -> argparse.ArgumentParser:
    parser = Parser(
        "python -m compare",
        "The manual backward pass beside PyTorch's autograd: every quantity, with the difference "
        f"that rounding explains. Other commands: {', '.join(VERBS)}; each has its own --help.",
    )
    parser.add_problem_options()
    parser.add_argument("--steps", type=int, metavar="K", help="compare K gradient-descent steps")
    parser.add_argument(
        "--learning-rate", type=float, metavar="R", help=f"with --steps (default {LEARNING_RATE})"
    )
    parser.add_json_option()
    return parser


def graph_verb(argv: list[str]) -> int:
    """Autograd's graph, node by node, beside the manual lines."""
    options = _graph_parser().parse_args(argv)
    import numpy as np

    from compare import graph_report
    from compare.agreement import ManualPassError
    from compare.blocks import compare_blocks
    from compare.bridge import choose_device
    from compare.graph import walk

    device = choose_device(options.device, options.dtype)
    problem = _problem(options)
    try:
        with np.errstate(all="ignore"):
            found = walk(problem, options.spelling, device)
            # The blocks of a pass that is already found wrong would say nothing.
            in_blocks = options.blocks is not None and found.agree
            blocks = compare_blocks(problem, options.blocks, device) if in_blocks else None
    except ManualPassError as failure:
        print(json.dumps({"agree": False, "error": str(failure)}) if options.json else failure)
        return DIFFER

    agree = found.agree and (blocks is None or blocks.first_difference is None)
    if options.json:
        _print_json(graph_report.graph_data(agree, problem, device, found, blocks))
    else:
        print(graph_report.graph_text(problem, device, found, blocks))
    return AGREE if agree else DIFFER


def _graph_parser() -> argparse.ArgumentParser:
    parser = Parser(
        "python -m compare graph",
        "How PyTorch does it: every node of autograd's graph, in the order in which it ran, beside "
        "the manual line that it does.",
    )
    parser.add_problem_options()
    parser.add_argument(
        "--spelling",
        default="linear",
        help="linear: nn.Linear (the default); matmul: X @ W1 + b1; weight-decay: the penalty left "
        "to the optimizer",
    )
    parser.add_argument("--blocks", type=int, metavar="K", help="and the batch in K blocks of rows")
    parser.add_json_option()
    return parser


def _problem(options: argparse.Namespace) -> Problem:
    network = {"hidden": options.hidden, "dtype": options.dtype, "reg": options.reg}
    sizes = {name: getattr(options, name) for name in ("samples", "features", "classes")}
    given = {name: size for name, size in sizes.items() if size is not None}
    if options.data is None:
        return random_problem(options.seed, **network, **given)
    for name in given:
        raise ValueError(f"--{name}: expected no such option with --data: the file decides it")
    return read_problem(options.data, options.seed, **network)


def sharpness_verb(argv: list[str]) -> int:
    """How small an error is flagged, and how rarely a right answer is accused."""
    parser = Parser("python -m compare sharpness", sharpness_verb.__doc__ or "")
    parser.add_argument("--seed", type=int, default=0, help="of the problems (default 0)")
    parser.add_argument(
        "--problems",
        type=int,
        default=500,
        metavar="N",
        help="hard problems per dtype to look for false alarms in (default 500)",
    )
    parser.add_json_option()
    options = parser.parse_args(argv)
    import numpy as np

    from compare.sharpness import measure, sharpness_data, sharpness_text, work

    with np.errstate(all="ignore"), Progress("part", work(options.problems)) as progress:
        found = measure(options.seed, options.problems, progress)
    if options.json:
        _print_json(sharpness_data(found, options.seed))
    else:
        print(sharpness_text(found))
    ours = [s for s in found if s.rule in ("bound", "exact batch")]
    return DIFFER if any(s.false_alarms for s in ours) else AGREE


def speed_verb(argv: list[str]) -> int:
    """How long a step takes: by hand, in PyTorch, with torch.compile and, if installed, in JAX."""
    parser = Parser("python -m compare speed", speed_verb.__doc__ or "")
    parser.add_argument("--seed", type=int, default=0, help="of the batches (default 0)")
    parser.add_argument("--sizes", metavar="N,N", help="rows (default 200,2000,…,1000000)")
    parser.add_argument("--threads", choices=("one", "all", "both"), default="both")
    parser.add_argument(
        "--quick", action="store_true", help="two sizes, no wide net, less patience"
    )
    parser.add_json_option()
    options = parser.parse_args(argv)
    check_whole("seed", options.seed, 0, LARGEST_SEED)

    from compare import speed

    sizes: tuple[int, ...] = speed.QUICK_SIZES if options.quick else speed.SIZES
    if options.sizes is not None:
        sizes = tuple(_rows(text) for text in options.sizes.split(","))
    threads = ("one", "all") if options.threads == "both" else (options.threads,)
    settings = speed.settings(sizes, options.quick or options.sizes is not None)
    found: dict[str, list[speed.Timing]] = {count: [] for count in threads}
    seconds = speed.QUICK_SECONDS if options.quick else speed.SECONDS
    with Progress("setting", len(settings) * len(threads)) as progress:
        for count in threads:
            for setting in settings:
                found[count].append(speed.run_alone(setting, count, options.seed, seconds))
                progress(sum(map(len, found.values())))
    if options.json:
        _print_json({c: [speed.timing_data(t) for t in timings] for c, timings in found.items()})
    else:
        print(speed.report_text(found))
    return AGREE


def _rows(text: str) -> int:
    if not text.strip().isdecimal() or int(text) < 1:
        raise ValueError(f"--sizes: expected numbers of rows such as 200,20000, got {text!r}")
    return int(text)


def exercise_verb(argv: list[str]) -> int:
    """Write a file to start a backward pass of your own from: shapes and steps, no answers."""
    parser = Parser("python -m compare exercise", exercise_verb.__doc__ or "", "")
    parser.add_argument("-o", "--output", required=True, metavar="FILE.py", help="the new file")
    options = parser.parse_args(argv)
    try:
        with open(options.output, "x", encoding="utf-8") as file:
            file.write(exercise(options.output))
    except FileExistsError:
        raise ValueError(
            f"--output: expected a new file, got {options.output}: it exists"
        ) from None
    except OSError as error:
        raise ValueError(f"--output: cannot write {options.output}: {error.strerror}") from None
    print(f"Fill in {options.output}, then: python -m compare check {options.output}")
    return AGREE


def check_verb(argv: list[str]) -> int:
    """Judge backward passes: which line is wrong, and which mistake it is."""
    options = _check_parser().parse_args(argv)
    if not 0 < options.timeout < math.inf:
        raise ValueError(f"--timeout: expected seconds > 0, got {options.timeout:g}")
    check_whole("--jobs", options.jobs, 1)
    for file in options.files:
        if not file.is_file():
            raise ValueError(f"{file}: expected a Python file, got {_what_is_there(file)}")

    judged = partial(check_file, timeout=options.timeout, strict=options.strict)
    reports = []
    with (
        ProcessPoolExecutor(min(options.jobs, len(options.files))) as pool,
        Progress("file", len(options.files)) as progress,
    ):
        for report in pool.map(judged, options.files):
            reports.append(report)
            progress(len(reports))
    if options.json:
        _print_json([report_data(report) for report in reports])
    elif len(reports) == 1:
        print(report_text(reports[0], options.hint))
    else:
        blocks = [report_text(report, options.hint) for report in reports if not report.right]
        print("\n\n".join([*blocks, summary_text(reports, options.hint)]))
    return AGREE if all(report.right for report in reports) else DIFFER


def _check_parser() -> argparse.ArgumentParser:
    epilog = "Exit status 0: all right; 1: something wrong; 2: unusable files or options."
    parser = Parser("python -m compare check", check_verb.__doc__ or "", epilog)
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="each with a backward()"
    )
    parser.add_argument(
        "--hint",
        choices=("where", "what", "formula"),
        default="what",
        help="name the wrong quantity, name the mistake too (the default), or show the right line",
    )
    parser.add_argument("--strict", action="store_true", help="other conventions are mistakes")
    parser.add_argument(
        "--timeout",
        type=float,
        default=10,
        metavar="S",
        help="seconds for a file's run (default 10)",
    )
    parser.add_argument(
        "--jobs",
        type=int,
        default=os.cpu_count() or 1,
        metavar="J",
        help="files side by side (default: the number of cores)",
    )
    parser.add_json_option()
    return parser


def _what_is_there(path: Path) -> str:
    return "a directory" if path.is_dir() else "no such file"


VERBS: dict[str, Callable[[list[str]], int]] = {
    "sharpness": sharpness_verb,
    "graph": graph_verb,
    "speed": speed_verb,
    "exercise": exercise_verb,
    "check": check_verb,
}


def main(argv: list[str]) -> int:
    """Run the verb, and turn what a user can do wrong into one line on standard error."""
    verb, rest = (VERBS[argv[0]], argv[1:]) if argv and argv[0] in VERBS else (compare_verb, argv)
    try:
        return verb(rest)
    except ValueError as error:
        print(f"compare: {error}", file=sys.stderr)
    except MemoryError:
        print("compare: expected a problem that fits in memory, got a larger one", file=sys.stderr)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (head, say) has enough. Python would complain again when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return UNUSABLE


def _print_json(data: object) -> None:
    print(json.dumps(data, allow_nan=False))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
