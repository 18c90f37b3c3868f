"""Each right line with one edit that changes its value, in a pass that returns all quantities."""

import random
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest

import compare
from compare.checker.lines import RIGHT, STEPS, follow, inputs, run_line
from compare.checker.probes import EDGES, TRACED, probes
from compare.checker.report import Report
from compare.checker.search import near
from tests.learners import HEAD

SEED = 3
SAMPLE, LARGE = 8, 300  # neighbours in the suite; with --problems 2000
SAME = 1e-9  # of the largest value, on a batch that the checker has not seen
FRESH = probes(SEED + 1)["many classes and units"]


class Neighbour(NamedTuple):
    quantity: str
    line: str


def neighbours(quantities: Sequence[str]) -> Iterator[Neighbour]:
    """All that run on every ordinary batch, each value once."""
    batches = {n: p for n, p in probes(SEED).items() if n not in EDGES and p.dtype == "float64"}
    environments = {n: {**inputs(p), **follow(p)} for n, p in batches.items()}
    here = environments[TRACED]
    for quantity in quantities:
        right, told = here[quantity], [np.asarray(here[quantity], float)]
        for value, text in near(RIGHT[quantity], quantity, here, 1, time.process_time() + 60):
            value = np.asarray(value, float)
            if not np.isfinite(value).all() or any(same(value, other) for other in told):
                continue
            told.append(value)
            line = text()
            if np.shape(value) == np.shape(right) and all(
                finite(line, quantity, e) for e in environments.values()
            ):
                yield Neighbour(quantity, line)


def finite(line: str, quantity: str, environment: dict[str, Any]) -> bool:
    try:
        value = run_line(line, quantity, environment)
    except Exception:
        return False
    return bool(np.isfinite(np.asarray(value, float)).all()) and np.shape(value) == np.shape(
        environment[quantity]
    )


def same(one: Any, other: Any) -> bool:
    one, other = np.asarray(one, float), np.asarray(other, float)
    if one.shape != other.shape:
        return False
    return bool((abs(one - other) <= SAME * abs(other).max(initial=0)).all())


def source(neighbour: Neighbour) -> str:
    lines = ["(N, D), (H, C) = X.shape, W2.shape"]
    for quantity in STEPS:
        line = neighbour.line if quantity == neighbour.quantity else RIGHT[quantity]
        lines += line.splitlines()
    returned = ", ".join(f"{q}={q}" for q in STEPS)
    return HEAD + "".join(f"    {line}\n" for line in [*lines, f"return dict({returned})"])


class Outcome(NamedTuple):
    neighbour: Neighbour
    report: Report

    @property
    def placed(self) -> bool:
        """In its line, and no other line is accused."""
        accused = {f.quantity for f in self.report.mistakes}
        seen = {f.quantity for f in self.report.findings}
        return self.neighbour.quantity in seen and accused <= {self.neighbour.quantity}

    @property
    def explained(self) -> bool:
        return self.placed and any(f.wrong_line and self.equal(f) for f in self.report.findings)

    @property
    def misnamed(self) -> bool:
        """A line is told as the learner's that does not give the learner's numbers."""
        return any(f.wrong_line and not self.equal(f) for f in self.report.findings)

    def equal(self, finding: Any) -> bool:
        quantity, line = self.neighbour
        if finding.quantity != quantity:
            return False
        environment = {**inputs(FRESH), **follow(FRESH)}
        return same(
            run_line(finding.wrong_line, quantity, environment),
            run_line(line, quantity, environment),
        )

    def __str__(self) -> str:
        said = [(f.kind, f.quantity, f.id, f.wrong_line) for f in self.report.findings]
        return f"{self.neighbour.line!r}: {said}"


def outcome(neighbour: Neighbour, search: float = 2.0) -> Outcome:
    namespace: dict[str, Any] = {}
    exec(source(neighbour), namespace)
    return Outcome(neighbour, compare.check(namespace["backward"], seed=SEED, search=search))


def test_no_neighbour_of_a_right_line_is_misnamed(request: pytest.FixtureRequest):
    """How many are placed and explained, too, is printed with -rP."""
    full = request.config.getoption("--problems") >= 2000
    everything = list(neighbours(STEPS if full else ("a1", "dz2", "da1", "dz1", "db1")))
    size = min(LARGE if full else SAMPLE, len(everything))
    outcomes = [outcome(n) for n in random.Random(SEED).sample(everything, size)]
    print(f"of {len(everything)} neighbours {size} were tried:")
    for word in ("placed", "explained", "misnamed"):
        print(f"  {word}: {sum(getattr(o, word) for o in outcomes)}")
    for o in outcomes:
        if not o.explained:
            print(f"  not explained{'' if o.placed else ', nor placed'}: {o}")
    assert [str(o) for o in outcomes if o.misnamed] == []
