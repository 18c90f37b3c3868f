"""python -m tests.attack SECONDS: attack the bound, and keep the hardest cases in cases.json.

Half of the time goes to the largest shares, half to mutants of the bound that no kept case catches.
"""

import sys

import torch

from tests.attack import catalogue
from tests.attack.mutants import mutants
from tests.attack.project import CLAIM
from tests.attack.report import shares_text
from tests.attack.search import Best, Budget, hunt, largest_shares
from tests.attack.shares import Case, alarms, allowed, sides

DTYPES = ("float64", "float32")


def main(seconds: float, seed: int) -> None:
    torch.set_num_threads(1)
    kept: dict[str, Case] = {}
    for dtype in DTYPES:
        found = largest_shares(dtype, seed, Budget(seconds=seconds / 4))
        print(shares_text(dtype, found))
    suspects = {mutant.name: mutant.claim() for mutant in mutants()}
    for dtype in DTYPES:
        caught, nearest = hunt(dtype, seed, Budget(seconds=seconds / 4), suspects)
        kept |= {f"{dtype}: {name}": best.case for name, best in caught.items()}
        for name, best in nearest.items():
            print(f"{dtype}: not caught: {name} ({best.share:.3g})")
    catalogue.write(kept)


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
