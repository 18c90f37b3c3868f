"""python -m compare exercise: a file to start a backward pass of one's own from."""

import shlex

from compare.checker.exercise import exercise
from compare.checker.lines import STEPS
from compare.cli.options import AGREE, Parser
from compare.cli.output import STANDARD_OUTPUT, as_argument, file_name, write


def run(argv: list[str]) -> int:
    """Write a file to start a backward pass of your own from: shapes and steps, no answers."""
    parser = Parser("python -m compare exercise", run.__doc__ or "", "")
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        type=file_name,
        metavar="FILE.py",
        help="the new file; - prints it",
    )
    parser.add_argument("--given", choices=("forward",), help="the forward pass is there already")
    parser.add_argument("--step", choices=STEPS, help="all steps before this one are there")
    options = parser.parse_args(argv)
    if options.given and options.step in STEPS[: STEPS.index("dz2")]:
        raise ValueError(
            f"--step: expected dz2 or a later step beside --given forward, got {options.step}"
        )
    first = options.step or ("dz2" if options.given else STEPS[0])
    printed = options.output == STANDARD_OUTPUT
    if not printed and not options.output.endswith(".py"):
        raise ValueError(f"--output: expected a new file FILE.py, got {options.output}")
    name = "my_backward.py" if printed else as_argument(options.output)
    write(exercise(name, first), options.output, "--output")
    if not printed:
        command = f"python -m compare check {shlex.quote(name)}"
        print(f"Fill in {options.output}, then: {command}")
    return AGREE
