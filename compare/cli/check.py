"""python -m compare check: learners' files, judged."""

import math
import os
from functools import partial
from pathlib import Path

from compare.checker.check import check_file
from compare.checker.report import Report, report_data, report_text, summary_text
from compare.cli.options import AGREE, DIFFER, Parser, print_json
from compare.cli.progress import Progress
from compare.cli.side_by_side import side_by_side
from compare.problems.problem import check_whole


def run(argv: list[str]) -> int:
    """Judge backward passes: which line is wrong, and which mistake it is."""
    options = _parser().parse_args(argv)
    if not 0 < options.timeout < math.inf:
        raise ValueError(f"--timeout: expected seconds > 0, got {options.timeout:g}")
    check_whole("--jobs", options.jobs, 1)
    for file in options.files:
        if not file.is_file():
            raise ValueError(f"{file}: expected a Python file, got {_what_is_there(file)}")

    judged = partial(check_file, timeout=options.timeout, strict=options.strict)
    reports = []
    with Progress("file", len(options.files)) as progress:
        for report in side_by_side(judged, options.files, options.jobs, _not_judged):
            reports.append(report)
            progress(len(reports))
    if options.json:
        print_json([report_data(report) for report in reports])
    elif len(reports) == 1:
        print(report_text(reports[0], options.hint))
    else:
        blocks = [report_text(report, options.hint) for report in reports if not report.right]
        print("\n\n".join([*blocks, summary_text(reports, options.hint)]))
    return AGREE if all(report.right for report in reports) else DIFFER


def _not_judged(file: Path, ending: str) -> Report:
    return Report(str(file), (), (), ending)


def _parser() -> Parser:
    epilog = "Exit status 0: all right; 1: something wrong; 2: unusable files or options."
    parser = Parser("python -m compare check", run.__doc__ or "", epilog)
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
