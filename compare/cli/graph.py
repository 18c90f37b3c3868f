"""python -m compare graph: autograd's graph, node by node, beside the manual lines."""

import json

from compare.cli.options import AGREE, DIFFER, Parser, chosen_problem, print_json


def run(argv: list[str]) -> int:
    """Autograd's graph, node by node, beside the manual lines."""
    options = _parser().parse_args(argv)
    import numpy as np

    from compare.agreement.bridge import choose_device
    from compare.agreement.step import ManualPassError
    from compare.graph import report
    from compare.graph.blocks import compare_blocks
    from compare.graph.walk import walk

    device = choose_device(options.device, options.dtype)
    problem = chosen_problem(options)
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
        print_json(report.graph_data(agree, problem, device, found, blocks))
    else:
        print(report.graph_text(problem, device, found, blocks))
    return AGREE if agree else DIFFER


def _parser() -> Parser:
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
