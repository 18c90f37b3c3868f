"""DistributedDataParallel, watched: when each gradient is ready, and which bucket leaves when."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.algorithms.ddp_comm_hooks.default_hooks import allreduce_hook
from torch.nn.parallel import DistributedDataParallel

from compare.agreement.bridge import load
from compare.distributed.batch import Part
from compare.distributed.group import Group
from manual import Params
from torch_ref import TwoLayerNet

# PyTorch's parameter for each gradient.
PARAMETERS = {"dW1": "fc1.weight", "db1": "fc1.bias", "dW2": "fc2.weight", "db2": "fc2.bias"}


class Event(NamedTuple):
    """A hook that fired: a gradient is ready or, with `bytes`, a bucket of them leaves."""

    gradients: tuple[str, ...]  # as the notes call them
    bytes: int = 0

    @property
    def leaves(self) -> bool:
        return self.bytes > 0


@dataclass(eq=False)
class Watched:
    """A DDP around TwoLayerNet, and what its hooks saw in the last backward that communicated."""

    model: DistributedDataParallel
    events: list[Event] = field(default_factory=list)

    @property
    def net(self) -> TwoLayerNet:
        net = self.model.module
        assert isinstance(net, TwoLayerNet)
        return net

    def start(self, params: Params) -> None:
        """From these weights, with no events."""
        load(self.net, params)
        self.events.clear()


def wrap(
    group: Group, params: Params, ranks: dist.ProcessGroup | None = None
) -> DistributedDataParallel:
    """A network of these sizes in DDP over all ranks, or over these."""
    (D, H), C = params.W1.shape, params.W2.shape[1]
    net = TwoLayerNet(D, H, C, torch.from_numpy(params.W1).dtype, group.device)
    load(net, params)
    devices = None if group.device == "cpu" else [group.device]
    return DistributedDataParallel(net, device_ids=devices, process_group=ranks)


def watch(group: Group, params: Params) -> Watched:
    """The same, over all ranks, with hooks that change nothing."""
    watched = Watched(wrap(group, params))
    names: dict[Tensor, str] = {
        watched.net.get_parameter(name): gradient for gradient, name in PARAMETERS.items()
    }

    def ready(parameter: Tensor) -> None:
        if watched.model.require_backward_grad_sync:
            watched.events.append(Event((names[parameter],)))

    def leaves(
        _: object,
        bucket: dist.GradBucket,  # type: ignore[name-defined]  # torch exports it, mypy does not see it
    ) -> torch.futures.Future[Tensor]:
        inside = tuple(names[parameter] for parameter in bucket.parameters())
        watched.events.append(Event(inside, bucket.buffer().nbytes))
        group.begin(f"DDP's all_reduce of {', '.join(inside)}")
        return allreduce_hook(watched.model.process_group, bucket)  # what DDP does without a hook

    for parameter in names:
        parameter.register_post_accumulate_grad_hook(ready)  # type: ignore[no-untyped-call]
    watched.model.register_comm_hook(None, leaves)
    return watched


def tensors(parts: Iterable[Part], device: str) -> Iterator[tuple[Tensor, Tensor]]:
    """The parts as DDP takes them."""
    for part in parts:
        X = torch.from_numpy(part.X).to(device)
        yield X, torch.from_numpy(part.y).to(device, torch.int64)
