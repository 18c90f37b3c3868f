"""python -m compare sharpness: how small an error is flagged."""

import os

from compare.cli.options import AGREE, DIFFER, Parser, print_json
from compare.cli.progress import Progress

DESCRIPTION = (
    "How small an error is flagged, and how rarely a right answer is accused. Takes about half a "
    "minute on two cores; with --problems 5000 two to three minutes."
)

MANY = 200  # problems; for fewer, starting processes takes longer than the work


def run(argv: list[str]) -> int:
    """How small an error is flagged, and how rarely a right answer is accused."""
    parser = Parser("python -m compare sharpness", DESCRIPTION)
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
    import torch

    from compare.measure.sharpness import BOUND, EXACT, measure, work
    from compare.measure.sharpness_report import sharpness_data, sharpness_text

    torch.set_num_threads(1)  # small problems: waking a second thread takes longer than the work
    with np.errstate(all="ignore"), Progress("part", work(options.problems)) as progress:
        processes = (os.cpu_count() or 1) if options.problems >= MANY else 1
        found = measure(options.seed, options.problems, progress, processes)
    if options.json:
        print_json(sharpness_data(found, options.seed))
    else:
        print(sharpness_text(found))
    ours = [s for s in found if s.rule in (BOUND, EXACT)]
    return DIFFER if any(s.false_alarms for s in ours) else AGREE
