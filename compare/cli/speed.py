"""python -m compare speed: how long a step takes."""

import itertools

from compare.cli.options import AGREE, Parser, print_json
from compare.cli.progress import Progress
from compare.problems.problem import LARGEST_SEED, check_whole

DESCRIPTION = (
    "How long a step takes: by hand, in PyTorch, with torch.compile and, if installed, in JAX, "
    "each in a process of its own. Takes about ten minutes, with --quick about two."
)


def run(argv: list[str]) -> int:
    """How long a step takes: by hand, in PyTorch, with torch.compile and, if installed, in JAX."""
    parser = Parser("python -m compare speed", DESCRIPTION)
    parser.add_argument("--seed", type=int, default=0, help="of the batches (default 0)")
    parser.add_argument("--sizes", metavar="N,N", help="rows (default 200,2000,…,1000000)")
    parser.add_argument("--threads", choices=("one", "all", "both"), default="both")
    parser.add_argument(
        "--quick", action="store_true", help="two sizes, no wide net, less patience"
    )
    parser.add_json_option()
    options = parser.parse_args(argv)
    check_whole("seed", options.seed, 0, LARGEST_SEED)

    from compare.measure import timing
    from compare.measure.contenders import MAKERS
    from compare.measure.speed_report import report_text

    sizes: tuple[int, ...] = timing.QUICK_SIZES if options.quick else timing.SIZES
    if options.sizes is not None:
        sizes = tuple(_rows(text) for text in options.sizes.split(","))
    threads = ("one", "all") if options.threads == "both" else (options.threads,)
    settings = timing.settings(sizes, options.quick or options.sizes is not None)
    found: dict[str, list[timing.Timing]] = {count: [] for count in threads}
    seconds = timing.QUICK_SECONDS if options.quick else timing.SECONDS
    with Progress("process", len(settings) * len(threads) * len(MAKERS)) as progress:
        steps = itertools.count(1)
        for count in threads:
            for setting in settings:
                found[count].append(
                    timing.measure(
                        setting, count, options.seed, seconds, lambda: progress(next(steps))
                    )
                )
    if options.json:
        print_json({c: [timing.timing_data(t) for t in timings] for c, timings in found.items()})
    else:
        print(report_text(found))
    return AGREE


def _rows(text: str) -> int:
    if not text.strip().isdecimal() or int(text) < 1:
        raise ValueError(f"--sizes: expected numbers of rows such as 200,20000, got {text!r}")
    return int(text)
