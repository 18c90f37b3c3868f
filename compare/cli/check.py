"""python -m compare check: learners' files, judged."""

import argparse
import csv
import io
import os
import sys
import traceback
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from compare.checker.check import SEARCH, TIMEOUT, check_file, unusable
from compare.checker.glossary import glossary_data, glossary_text
from compare.checker.grades import (
    in_short,
    overall,
    report_data,
    score,
    summary_text,
    verdicts,
)
from compare.checker.html import PAGE, report_page
from compare.checker.lines import STEPS
from compare.checker.probes import LARGEST_SEED, fresh_seed
from compare.checker.records import Hint
from compare.checker.report import Report
from compare.checker.said import example_text, report_text
from compare.cli.options import AGREE, DIFFER, UNUSABLE, Parser, print_json
from compare.cli.output import STANDARD_OUTPUT, file_name, file_path, write
from compare.cli.progress import Progress
from compare.cli.side_by_side import side_by_side
from compare.problems.problem import check_seconds, check_whole
from compare.text import printable

GRADES = ("file", *STEPS, "verdict", "first mistake", "score", "of", "seed", "error")
DEFAULT_PAGE = "report.html"  # of --html without a name


def run(argv: list[str]) -> int:
    """Judge backward passes: which line is wrong, and which mistake it is."""
    options = _parser().parse_args(argv)
    seed = fresh_seed() if options.seed is None else options.seed
    _check_numbers(options, seed)
    if options.list:
        _check_alone(options)
        print_json(glossary_data()) if options.json else print(glossary_text())
        return AGREE
    _check_places(options)
    if not options.files:
        raise ValueError("FILE: expected a learner's file, got none")
    as_data = options.json or options.csv is not None
    if len(options.files) == 1 and not as_data and (why := unusable(options.files[0])):
        raise ValueError(f"{options.files[0]}: {why}")

    work = partial(
        _checked,
        timeout=options.timeout,
        strict=options.strict,
        seed=seed,
        search=options.search,
        hint=options.hint,
        example=options.example,
    )
    reports = _judged(options.files, options.jobs, work)
    if options.json:
        print_json([report_data(report) for report in reports])
    elif STANDARD_OUTPUT not in (options.csv, options.html):
        print(_text(reports, options.hint, options.verbose, options.example))
    _write_all(options, reports)
    if not any(report.quantities for report in reports):
        return UNUSABLE
    return AGREE if all(report.right for report in reports) else DIFFER


def _check_numbers(options: argparse.Namespace, seed: int) -> None:
    check_seconds("--timeout", options.timeout)
    check_seconds("--search", options.search, at_least_0=True)
    check_whole("--jobs", options.jobs, 1)
    check_whole("--seed", seed, 0, LARGEST_SEED)


def _checked(
    path: Path, timeout: float, strict: bool, seed: int, search: float, hint: Hint, example: bool
) -> Report:
    """A fault of the checker's own is told as one, and takes no other file's report with it."""
    if why := unusable(path):
        return Report(str(path), (), (), why)
    try:
        return check_file(path, timeout, strict, seed, search, hint, example)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(last.filename).name}, line {last.lineno}"
        what = f"{type(error).__name__}: {error} ({where})"
        return Report(str(path), (), (), f"a fault of the checker, not of this file: {what}")


def _judged(files: Sequence[Path], jobs: int, judge: "partial[Report]") -> list[Report]:
    reports = []
    with Progress("file", len(files)) as progress:
        for report in side_by_side(judge, files, jobs, _not_judged):
            reports.append(report)
            progress(len(reports))
    return reports


def _not_judged(file: Path, ending: str) -> Report:
    return Report(str(file), (), (), ending)


def _text(reports: Sequence[Report], hint: Hint, verbose: bool, example: bool) -> str:
    if len(reports) == 1:
        return report_text(reports[0], hint)
    blocks = [report_text(report, hint) for report in reports if verbose]
    if example and not verbose:
        told = [report for report in reports if report.mistakes or report.edges]
        blocks = [f"{report.name}\n{example_text(report)}" for report in told]
    return "\n\n".join([*blocks, summary_text(reports, hint)])


def _write_all(options: argparse.Namespace, reports: Sequence[Report]) -> None:
    """The files that were asked for, and on standard error that they were written."""
    written = []
    if options.csv is not None:
        write(_grades(reports, options.hint), options.csv, "--csv", over=True)
        written.append(options.csv)
    if options.feedback is not None:
        _write_feedback(options.feedback, reports, options.hint, options.html is not None)
        written.append(options.feedback)
    elif options.html is not None:
        write(report_page(reports[0]), options.html, "--html", over=True)
        written.append(options.html)
    written = [place for place in written if place != STANDARD_OUTPUT]
    if written:
        print(f"Written: {', '.join(map(str, written))}", file=sys.stderr)


def _grades(reports: Sequence[Report], hint: Hint) -> str:
    """A table of comma-separated values, which gives away as much as the hint does."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(GRADES)
    for report in reports:
        words = verdicts(report)
        first = next((in_short(mistake, hint) for mistake in report.mistakes), "")
        good, of = score(report)
        seed = "" if report.seed is None else report.seed
        row: list[object] = [report.name, *(words.get(step, "") for step in STEPS)]
        row += [overall(report), first, good, of, seed, report.error]
        writer.writerow([_safe(str(cell)) for cell in row])
    return text.getvalue()


def _safe(cell: str) -> str:
    """A spreadsheet takes what begins like this for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@") else cell


def _write_feedback(folder: Path, reports: Sequence[Report], hint: Hint, page: bool) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files = _feedback_files(folder, [r.name for r in reports], page)
        for file, report in zip(files, reports, strict=True):
            text = report_page(report) if page else report_text(report, hint) + "\n"
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ValueError(f"--feedback: cannot write {folder}: {error.strerror}") from None


def _feedback_files(folder: Path, files: Sequence[str], page: bool) -> list[Path]:
    end = f".report.{'html' if page else 'txt'}"
    return [folder / f"{name}{end}" for name in _names(files)]


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


def _check_places(options: argparse.Namespace) -> None:
    """Before anything is judged: raise ValueError for a place that cannot be written to, or that
    holds what is not ours to write over.
    """
    _check_standard_output(options)
    _check_pages(options)
    for option, place, begins in (
        ("--csv", options.csv, ",".join(GRADES)),
        ("--html", options.html, PAGE),
    ):
        if place not in (None, STANDARD_OUTPUT):
            _check_place(option, Path(place), begins)
    if options.feedback is not None:
        _check_feedback(options.feedback, options.files, options.html is not None)


def _check_alone(options: argparse.Namespace) -> None:
    """--list judges nothing: what belongs to a judgement is no option beside it."""
    beside = {f"--{name}": getattr(options, name) for name in ("csv", "feedback", "html")}
    given = [option for option, place in beside.items() if place is not None]
    if options.files or given:
        got = ", ".join([*map(str, options.files), *given])
        raise ValueError(f"--list: expected no file and nothing to write beside it, got {got}")


def _check_standard_output(options: argparse.Namespace) -> None:
    """One thing alone is printed instead of the text."""
    taken = "--json" if options.json else ""
    for option, place in (("--csv", options.csv), ("--html", options.html)):
        if place == STANDARD_OUTPUT and taken:
            raise ValueError(f"{option}: expected a file beside {taken}, got -, standard output")
        taken = f"{option} -" if place == STANDARD_OUTPUT else taken


def _check_pages(options: argparse.Namespace) -> None:
    """One page is a file of --html's, and several are files of --feedback's."""
    if options.html is None:
        return
    if options.feedback is None and len(options.files) > 1:
        raise ValueError("--html: expected one file, or --feedback beside it, got several files")
    typed = options.html is not DEFAULT_PAGE  # the user may have typed this very name
    if options.feedback is not None and typed:
        raise ValueError(
            f"--html: expected no name beside --feedback, which names the pages, got {options.html}"
        )


def _check_place(option: str, path: Path, begins: str) -> None:
    if path.suffix in (".py", ".ipynb"):
        raise ValueError(f"{option}: expected a file of its own, got {path}, a learner's")
    if path.is_dir():
        raise ValueError(f"{option}: expected a file, got {path}, a folder")
    if not path.parent.is_dir():
        raise ValueError(f"{option}: expected a file in a folder that exists, got {path}")
    if path.exists() and not _first_line(path).startswith(begins):
        raise ValueError(f"{option}: expected a new file, or a report of before, got {path}")


def _check_feedback(folder: Path, files: Sequence[Path], page: bool) -> None:
    """A report begins with its file's name, or as our pages do."""
    if str(folder) == STANDARD_OUTPUT:
        raise ValueError("--feedback: expected a folder, got -, standard output")
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"--feedback: expected a folder, got {folder}, a file")
    places = _feedback_files(folder, [str(file) for file in files], page) if files else []
    for file, place in zip(files, places, strict=True):
        if place.exists():
            line = _first_line(place)
            if not (line.startswith(PAGE) if page else line.endswith(printable(file.name))):
                raise ValueError(f"--feedback: expected reports of before, got {place}")


def _first_line(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.readline(2**12).decode("utf-8", errors="replace").rstrip()
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror}") from None


def _parser() -> Parser:
    epilog = (
        "Exit status 0: all right, edges and remarks included; 1: something is wrong, to do, or "
        "not to be judged; 2: nothing could be judged, or unusable options."
    )
    parser = Parser("python -m compare check", run.__doc__ or "", epilog)
    parser.add_argument(
        "files",
        nargs="*",
        type=file_path,
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
        "--list", action="store_true", help="what each verdict, finding and batch is"
    )
    parser.add_argument("--verbose", action="store_true", help="every report, of several files")
    parser.add_argument(
        "--example", action="store_true", help="the first mistake on a batch of three samples, too"
    )
    parser.add_argument(
        "--csv", type=file_name, metavar="FILE.csv", help="a row for each file; - prints it"
    )
    parser.add_argument(
        "--feedback",
        type=file_path,
        metavar="DIR",
        help="a report for each file, as HTML with --html",
    )
    parser.add_argument(
        "--html",
        type=file_name,
        nargs="?",
        const=DEFAULT_PAGE,
        metavar="FILE.html",
        help=f"the learner's source, coloured by verdict (default {DEFAULT_PAGE}); - prints it",
    )
    for option, seconds, words in (
        ("--timeout", TIMEOUT, "seconds for a file's run (default 10)"),
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
    parser.add_json_option("a JSON array, of an object for each file, instead of text")
    return parser
