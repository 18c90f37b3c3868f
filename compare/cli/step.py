"""python -m compare: one step, or several, by hand and by autograd."""

import json

from compare.cli.options import AGREE, DIFFER, Parser, chosen_problem, print_json
from compare.cli.progress import Progress

LEARNING_RATE = 0.1
OTHERS = ("example", "graph", "page", "sharpness", "speed", "distributed", "exercise", "check")


def run(argv: list[str]) -> int:
    """One step, or --steps of them, by hand and by autograd."""
    options = _parser().parse_args(argv)
    if options.learning_rate is not None and options.steps is None:
        raise ValueError("--learning-rate: expected --steps beside it, got none")
    # Imported once the options are known to be good: PyTorch takes a second or two.
    import numpy as np

    from compare.agreement import report
    from compare.agreement.bridge import choose_device
    from compare.agreement.comparison import against_autograd, on_varied_problems
    from compare.agreement.descent import descend
    from compare.agreement.exactly import compare_exactly
    from compare.agreement.step import ManualPassError
    from compare.bounds.exact import exact_batch

    device = choose_device(options.device, options.dtype)
    problem = chosen_problem(options)
    descent = None
    try:
        with np.errstate(all="ignore"):  # an overflow shows as the difference that it makes
            comparison = against_autograd(problem, device)
            varied = on_varied_problems(options.seed, options.dtype, device)
            exact = compare_exactly(exact_batch(options.seed, dtype=options.dtype), device)
            if options.steps is not None:
                rate = LEARNING_RATE if options.learning_rate is None else options.learning_rate
                with Progress("step", options.steps) as progress:
                    descent = descend(problem, options.steps, rate, device, progress)
    except ManualPassError as failure:
        print(json.dumps({"agree": False, "error": str(failure)}) if options.json else failure)
        return DIFFER

    found = report.Run(problem, device, comparison, varied, exact, descent)
    if options.json:
        print_json(report.run_data(found))
    else:
        print(report.run_text(found))
    return AGREE if found.agree else DIFFER


def _parser() -> Parser:
    parser = Parser(
        "python -m compare",
        "The manual backward pass beside PyTorch's autograd: every quantity, with the difference "
        f"that rounding explains. Other commands: {', '.join(OTHERS)}; each has its own --help.",
    )
    parser.add_problem_options()
    parser.add_argument("--steps", type=int, metavar="K", help="compare K gradient-descent steps")
    parser.add_argument(
        "--learning-rate", type=float, metavar="R", help=f"with --steps (default {LEARNING_RATE})"
    )
    parser.add_json_option()
    return parser
