"""python -m compare check: learners' files, judged."""

import csv
import math
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from compare.checker.check import SEARCH, check_file
from compare.checker.example import example_text
from compare.checker.glossary import glossary_text
from compare.checker.html import PAGE, report_page
from compare.checker.lines import STEPS
from compare.checker.probes import LARGEST_SEED, fresh_seed
from compare.checker.records import Hint
from compare.checker.report import Report, report_data, report_text, score, summary_text
from compare.cli.options import AGREE, DIFFER, Parser, print_json
from compare.cli.progress import Progress
from compare.cli.side_by_side import side_by_side
from compare.problems.problem import check_whole

GRADES = ("file", *STEPS, "first mistake", "score", "seed")


def run(argv: list[str]) -> int:
    """Judge backward passes: which line is wrong, and which mistake it is."""
    options = _parser().parse_args(argv)
    if not 0 < options.timeout < math.inf:
        raise ValueError(f"--timeout: expected seconds > 0, got {options.timeout:g}")
    if not 0 <= options.search < math.inf:
        raise ValueError(f"--search: expected seconds >= 0, got {options.search:g}")
    check_whole("--jobs", options.jobs, 1)
    seed = fresh_seed() if options.seed is None else options.seed
    check_whole("--seed", seed, 0, LARGEST_SEED)
    if options.list:
        print(glossary_text())
        return AGREE
    if not options.files:
        raise ValueError("FILE: expected, got none")
    if len(options.files) == 1 and (why := _unusable(options.files[0])):
        raise ValueError(f"{options.files[0]}: {why}")
    if options.html and len(options.files) > 1 and options.feedback is None:
        raise ValueError("--html: expected one file, or --feedback beside it, got several files")
    _check_places(options.csv, options.html, options.feedback)

    reports = _judged(
        options.files,
        options.jobs,
        partial(
            _checked,
            timeout=options.timeout,
            strict=options.strict,
            seed=seed,
            search=options.search,
            hint=options.hint,
        ),
    )
    if options.json:
        print_json([report_data(report) for report in reports])
    else:
        print(_text(reports, options.hint, options.verbose))
    if options.example:
        for example in filter(None, map(example_text, reports)):
            print(f"\n{example}")
    if options.csv is not None:
        _written(options.csv, "--csv", partial(_write_grades, reports))
    if options.feedback is not None:
        _write_feedback(options.feedback, reports, options.hint, options.html is not None)
    elif options.html is not None:
        page = report_page(reports[0])
        _written(options.html, "--html", lambda path: path.write_text(page, encoding="utf-8"))
    return AGREE if all(report.right for report in reports) else DIFFER


def _checked(
    path: Path, timeout: float, strict: bool, seed: int, search: float, hint: Hint
) -> Report:
    if why := _unusable(path):
        return Report(str(path), (), (), why)
    return check_file(path, timeout, strict, seed, search, hint)


def _judged(files: Sequence[Path], jobs: int, judge: "partial[Report]") -> list[Report]:
    reports = []
    with Progress("file", len(files)) as progress:
        for report in side_by_side(judge, files, jobs, _not_judged):
            reports.append(report)
            progress(len(reports))
    return reports


def _not_judged(file: Path, ending: str) -> Report:
    return Report(str(file), (), (), ending)


def _text(reports: Sequence[Report], hint: Hint, verbose: bool) -> str:
    if len(reports) == 1:
        return report_text(reports[0], hint)
    blocks = [report_text(report, hint) for report in reports if verbose]
    return "\n\n".join([*blocks, summary_text(reports, hint)])


def _write_grades(reports: Sequence[Report], path: Path) -> None:
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(GRADES)
        for report in reports:
            verdicts = {q.name: q.verdict for q in report.quantities}
            first = report.mistakes[0].id if report.mistakes else report.error
            words = (verdicts.get(step, "") for step in STEPS)
            row = [report.name, *words, first, score(report), report.seed]
            writer.writerow([_safe(str(cell)) for cell in row])


def _safe(cell: str) -> str:
    """A spreadsheet takes what begins like this for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@") else cell


def _write_feedback(folder: Path, reports: Sequence[Report], hint: Hint, page: bool) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, report in zip(_names([r.name for r in reports]), reports, strict=True):
            text = report_page(report) if page else report_text(report, hint) + "\n"
            file = folder / f"{name}.report.{'html' if page else 'txt'}"
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ValueError(f"--feedback: cannot write {folder}: {error.strerror}") from None


def _names(files: Sequence[str]) -> list[str]:
    """A name for each file's report: the file's own, with as many of its folders before it as tell
    all of them apart; a file that is named twice has one report.
    """
    parts = [Path(file).with_suffix("").parts for file in files]
    for many in range(1, max(map(len, parts)) + 1):
        names = ["_".join(part.strip("/\\:.") for part in own[-many:]) for own in parts]
        if len(set(names)) == len(set(files)):
            return names
    return [f"{name}_{number}" for number, name in enumerate(names, 1)]


def _check_places(csv_file: Path | None, html: Path | None, feedback: Path | None) -> None:
    """Before anything is judged: raise ValueError for a place that cannot be written to, or that
    holds what is not ours to write over.
    """
    for option, path, begins in (("--csv", csv_file, ",".join(GRADES)), ("--html", html, PAGE)):
        if path is None:
            continue
        if path.suffix in (".py", ".ipynb"):
            raise ValueError(f"{option}: expected a file of its own, got {path}, a learner's")
        if path.is_dir() or not path.parent.is_dir():
            raise ValueError(f"{option}: expected a file in a folder that exists, got {path}")
        if path.exists() and not _begins(path, begins):
            raise ValueError(f"{option}: expected a new file, or a report of before, got {path}")
    if feedback is not None and feedback.exists() and not feedback.is_dir():
        raise ValueError(f"--feedback: expected a folder, got {feedback}, a file")


def _begins(path: Path, text: str) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(text)) == text.encode()
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror}") from None


def _written(path: Path, option: str, write: Callable[[Path], object]) -> None:
    try:
        write(path)
    except OSError as error:
        raise ValueError(f"{option}: cannot write {path}: {error.strerror}") from None


def _parser() -> Parser:
    epilog = "Exit status 0: all right; 1: something wrong; 2: unusable files or options."
    parser = Parser("python -m compare check", run.__doc__ or "", epilog)
    parser.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="each with a backward(), or a class TwoLayerNet",
    )
    parser.add_argument(
        "--hint",
        choices=("where", "what", "formula"),
        default="what",
        help="name the wrong quantity, name the mistake too (the default), or show the right line",
    )
    parser.add_argument(
        "--strict", action="store_true", help="other conventions and edges are mistakes"
    )
    parser.add_argument(
        "--list", action="store_true", help="what each verdict and each finding's name means"
    )
    parser.add_argument("--verbose", action="store_true", help="every report, of several files")
    parser.add_argument(
        "--example", action="store_true", help="the first mistake on a batch of three samples"
    )
    for option, meta, words in (
        ("--csv", "FILE.csv", "a row for each file"),
        ("--feedback", "DIR", "a report for each file, as HTML with --html"),
    ):
        parser.add_argument(option, type=Path, metavar=meta, help=words)
    parser.add_argument(
        "--html",
        type=Path,
        nargs="?",
        const=Path("report.html"),
        metavar="FILE.html",
        help="the learner's source, coloured by verdict (default report.html)",
    )
    for option, seconds, words in (
        ("--timeout", 10.0, "seconds for a file's run (default 10)"),
        ("--search", SEARCH, "seconds of search for a mistake's formula (default 5; 0: none)"),
    ):
        parser.add_argument(option, type=float, default=seconds, metavar="S", help=words)
    parser.add_argument(
        "--seed", type=int, help="of the batches: has the run of a report again (default: fresh)"
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


def _unusable(path: Path) -> str:
    """Why this is no learner's file; nothing if it may be one."""
    if path.is_dir():
        return "expected a Python file, got a directory"
    if not path.is_file():
        there = "something that is no file" if path.exists() else "no such file"
        return f"expected a Python file, got {there}"
    if path.suffix not in (".py", ".ipynb"):
        return "expected a .py or .ipynb file, got another"
    return ""
