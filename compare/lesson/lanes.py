"""A drawing of autograd's graph: one row for each node, in the order in which the engine ran them,
and lanes side by side in which the gradients travel down.

The graph is cut into chains: each node is followed by the one with the longest way still to go.
A chain keeps its lane. The longest chain takes the middle; a single node that ends there (a bias's
AccumulateGrad) goes to the left of it; the others to the right, the shortest innermost, so that
what is joined late stays outside and few edges cross.
"""

from collections.abc import Sequence
from typing import NamedTuple

from compare.graph.recognise import Step


class Place(NamedTuple):
    order: int
    lane: int


class Way(NamedTuple):
    """An edge from one row to another. It changes to the lane that it travels in right below the
    node it comes from, and leaves it right above the node it goes to.
    """

    start: Place
    end: Place
    lane: int
    key: str  # of the gradient that travels on it
    name: str


class Drawing(NamedTuple):
    places: tuple[Place, ...]
    ways: tuple[Way, ...]
    lanes: int


def draw(steps: Sequence[Step]) -> Drawing:
    """Lanes are counted from 0, at the left."""
    chains = _chains(steps)
    lanes = _lanes(chains, steps)
    places = {s.order: Place(s.order, lanes[_index(chains, s.order)]) for s in steps}
    ways = [
        Way(
            places[step.order],
            places[leaving.to],
            _own_lane(places[step.order], places[leaving.to], chains),
            leaving.quantity.key,
            leaving.quantity.name,
        )
        for step in steps
        for leaving in step.leaves
        if leaving.to is not None and leaving.quantity is not None
    ]
    return Drawing(tuple(places.values()), tuple(ways), 1 + max(p.lane for p in places.values()))


def _own_lane(start: Place, end: Place, chains: list[list[int]]) -> int:
    """An edge to a chain's first node travels in the lane of that chain, any other in its own."""
    return end.lane if any(chain[0] == end.order for chain in chains) else start.lane


def _chains(steps: Sequence[Step]) -> list[list[int]]:
    targets = {s.order: [way.to for way in s.leaves if way.to is not None] for s in steps}
    height: dict[int, int] = {}
    for order in sorted(targets, reverse=True):  # a gradient only goes to nodes that run later
        height[order] = 1 + max((height[to] for to in targets[order]), default=0)
    taken: set[int] = set()
    chains = []
    for order in sorted(targets):
        chain, here = [], order
        while here not in taken:
            taken.add(here)
            chain.append(here)
            free = [to for to in targets[here] if to not in taken]
            here = max(free, key=lambda to: height[to], default=here)
        if chain:
            chains.append(chain)
    return chains


def _lanes(chains: list[list[int]], steps: Sequence[Step]) -> list[int]:
    """The lane of each chain."""
    spans = [_span(chain, steps) for chain in chains]
    main = max(range(len(chains)), key=lambda k: len(chains[k]))
    dead_end = {s.order for s in steps if all(way.to is None for way in s.leaves)}
    left = {k for k, chain in enumerate(chains) if len(chain) == 1 and chain[0] in dead_end}
    middle = 1 if left else 0
    lanes = {main: middle, **dict.fromkeys(left, 0)}
    right = sorted(set(range(len(chains))) - set(lanes), key=lambda k: spans[k][1] - spans[k][0])
    for k in right:
        lane = middle + 1
        while any(lanes[other] == lane and _overlap(spans[other], spans[k]) for other in lanes):
            lane += 1
        lanes[k] = lane
    return [lanes[k] for k in range(len(chains))]


def _span(chain: list[int], steps: Sequence[Step]) -> tuple[int, int]:
    """From the row of whoever sends to the chain to the row of whoever it sends to."""
    senders = [s.order for s in steps for way in s.leaves if way.to == chain[0]]
    last = next(s for s in steps if s.order == chain[-1])
    receivers = [way.to for way in last.leaves if way.to is not None]
    return min([chain[0], *senders]), max([chain[-1], *receivers])


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _index(chains: list[list[int]], order: int) -> int:
    return next(k for k, chain in enumerate(chains) if order in chain)
