"""python -m compare page: the lesson page, one HTML file."""

from pathlib import Path

from compare.cli.options import AGREE, DIFFER, Parser, chosen_problem
from compare.cli.output import STANDARD_OUTPUT, file_name
from compare.cli.progress import Progress
from compare.cli.step import LEARNING_RATE


def run(argv: list[str]) -> int:
    """Write a page that shows every number of one step, and where each comes from."""
    options = _parser().parse_args(argv)
    if options.learning_rate is not None and options.steps is None:
        raise ValueError("--learning-rate: expected --steps beside it, got none")
    path, printed = Path(options.output), options.output == STANDARD_OUTPUT
    if printed and options.open:
        raise ValueError("--open: expected a file beside it, got --output -")
    if not printed and path.exists() and not options.force:
        raise ValueError(f"--output: expected a new file, or --force, got {path}: it exists")
    # Imported once the options are known to be good: PyTorch takes a second or two.
    from compare.agreement.bridge import choose_device
    from compare.agreement.step import ManualPassError
    from compare.lesson.page import render
    from compare.lesson.record import gather

    device = choose_device(options.device, options.dtype)
    problem = chosen_problem(options)
    rate = LEARNING_RATE if options.learning_rate is None else options.learning_rate
    try:
        with Progress("step", options.steps or 0) as progress:
            lesson = gather(problem, device, options.steps, rate, progress)
        page = render(lesson)
    except ManualPassError as failure:
        print(failure)
        return DIFFER
    if printed:
        print(page.html, end="")
        return AGREE if page.agree else DIFFER
    page.write(path, options.force)
    print(f"{path}: {len(page.html.encode()) / 1000:.0f} kB\n\n{page.verdict}")
    if options.open:
        page.show(path)
    return AGREE if page.agree else DIFFER


def _parser() -> Parser:
    parser = Parser(
        "python -m compare page",
        "One self-contained HTML file that shows every number of one step, by hand and by "
        "autograd, and what each is made of.",
    )
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        type=file_name,
        metavar="FILE.html",
        help="the new file; - prints it",
    )
    parser.add_argument("--force", action="store_true", help="write over a file that exists")
    parser.add_argument("--open", action="store_true", help="and open it in the browser")
    parser.add_problem_options()
    parser.add_argument("--steps", type=int, metavar="K", help="and K steps of gradient descent")
    parser.add_argument(
        "--learning-rate", type=float, metavar="R", help=f"with --steps (default {LEARNING_RATE})"
    )
    return parser
