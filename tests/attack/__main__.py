"""python -m tests.attack SECONDS [SEED]: attack the bound, and keep the hardest cases.

Half of the time goes to the largest shares, which are printed, the rest to mutants of the bound: a
case for each that was not yet caught is added to cases.json, and cases that catch no mutant which
another does not are dropped from it.
"""

import sys
from collections.abc import Mapping

import torch

from tests.attack import catalogue
from tests.attack.mutants import mutants
from tests.attack.project import CLAIM, Claim
from tests.attack.report import largest, shares_text
from tests.attack.search import Budget, hunt, largest_shares
from tests.attack.shares import Case, alarms, allowed, sides

DTYPES = ("float64", "float32")


def main(seconds: float, seed: int) -> None:
    torch.set_num_threads(1)
    for dtype in DTYPES:
        found = largest_shares(dtype, seed, Budget(seconds=seconds / 4))
        print(shares_text(dtype, found), flush=True)
        for key, best in found.best.items():
            if best.share > 1:
                print(f"ABOVE 1: {key} {best.share:.6g} {catalogue.to_data(best.case)}")
        print(f"largest of all: {max(largest(found).values()):.3g}")
    cases = list(catalogue.read().values()) if catalogue.FILE.exists() else []
    suspects = usable({mutant.name: mutant.claim() for mutant in mutants()})
    caught = catches(cases, suspects)
    for dtype in DTYPES:
        missing = {n: c for n, c in suspects.items() if not any(n in names for names in caught)}
        new, nearest = hunt(dtype, seed, Budget(seconds=seconds / 4), missing)
        for best in new.values():
            if best.case not in cases:
                cases.append(best.case)
                caught += catches([best.case], suspects)
    for name, best in nearest.items():
        if not any(name in names for names in caught):
            print(f"not caught: {name} ({best.share:.3g})")
    print(f"{len(set().union(*caught))} of {len(suspects)} mutants caught")
    catalogue.write(fewest(cases, caught))


def usable(claims: Mapping[str, Claim]) -> dict[str, Claim]:
    """Those that can be evaluated at all: the others are caught by any problem."""
    found = sides(catalogue.PLAIN)
    assert found is not None

    def runs(claim: Claim) -> bool:
        try:
            alarms(found, allowed(CLAIM, found.problem))(allowed(claim, found.problem))
        except (TypeError, ValueError):
            return False
        return True

    return {name: claim for name, claim in claims.items() if runs(claim)}


def catches(cases: list[Case], suspects: Mapping[str, Claim]) -> list[set[str]]:
    """The mutants that each case catches."""
    caught: list[set[str]] = []
    for case in cases:
        found = sides(case)
        caught.append(set())
        if found is not None:
            alarm = alarms(found, allowed(CLAIM, found.problem))
            caught[-1] |= {
                name for name, claim in suspects.items() if alarm(allowed(claim, found.problem)) > 1
            }
    return caught


def fewest(cases: list[Case], caught: list[set[str]]) -> dict[str, Case]:
    """A few of the cases that together catch all that all of them do, each named after what it
    adds.
    """
    chosen: dict[str, Case] = {}
    covered: set[str] = set()
    while True:
        number = max(range(len(cases)), key=lambda k: len(caught[k] - covered), default=None)
        if number is None or not caught[number] - covered:
            return chosen
        case = cases[number]
        r = case.recipe
        name = f"{len(chosen) + 1}: {r.dtype}, {r.N} × {r.D} → {r.H} → {r.C}"
        chosen[name] = case
        covered |= caught[number]


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
