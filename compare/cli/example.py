"""python -m compare example: a small pass with all its numbers."""

import json

from compare.cli.options import AGREE, DIFFER, Parser, print_json


def run(argv: list[str]) -> int:
    """A pass of 2 samples with all its numbers, to follow with a pencil, beside autograd's."""
    parser = Parser("python -m compare example", run.__doc__ or "")
    parser.add_json_option()
    options = parser.parse_args(argv)
    # Imported once the options are known to be good: PyTorch takes a second or two.
    import numpy as np

    from compare.agreement.example import example, example_data, example_text
    from compare.agreement.step import ManualPassError

    try:
        with np.errstate(all="ignore"):
            found = example()
    except ManualPassError as failure:
        print(json.dumps({"agree": False, "error": str(failure)}) if options.json else failure)
        return DIFFER
    if options.json:
        print_json(example_data(found))
    else:
        print(example_text(found))
    return AGREE if found.comparison.agree else DIFFER
