"""python -m compare exercise: a file to start a backward pass of one's own from."""

import shlex

from compare.checker.exercise import exercise
from compare.checker.lines import STEPS
from compare.cli.options import AGREE, Parser


def run(argv: list[str]) -> int:
    """Write a file to start a backward pass of your own from: shapes and steps, no answers."""
    parser = Parser("python -m compare exercise", run.__doc__ or "", "")
    parser.add_argument(
        "-o", "--output", required=True, metavar="FILE.py", help="the new file; - prints it"
    )
    parser.add_argument("--given", choices=("forward",), help="the forward pass is there already")
    parser.add_argument("--step", choices=STEPS, help="all steps before this one are there")
    options = parser.parse_args(argv)
    if options.given and options.step in STEPS[: STEPS.index("dz2")]:
        raise ValueError(
            f"--step: expected dz2 or a later step beside --given forward, got {options.step}"
        )
    first = options.step or ("dz2" if options.given else STEPS[0])
    if options.output != "-" and not options.output.endswith(".py"):
        raise ValueError(f"--output: expected a new file FILE.py, got {options.output}")
    if options.output == "-":
        print(exercise("my_backward.py", first), end="")
        return AGREE
    try:
        with open(options.output, "x", encoding="utf-8") as file:
            file.write(exercise(options.output, first))
    except FileExistsError:
        raise ValueError(
            f"--output: expected a new file, got {options.output}: it exists"
        ) from None
    except OSError as error:
        raise ValueError(f"--output: cannot write {options.output}: {error.strerror}") from None
    name = shlex.quote(options.output)
    print(f"Fill in {options.output}, then: python -m compare check {name}")
    return AGREE
