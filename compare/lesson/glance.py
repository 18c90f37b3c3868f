"""The network at a glance, as a drawing: the forward pass from left to right, the backward pass
from right to left below it, each matrix in its shape.
"""

from typing import NamedTuple

CHAIN = ("X", "z1", "a1", "z2", "P", "loss")
UNDER = {"dz1": "z1", "da1": "a1", "dz2": "z2"}
OPERATIONS = ("· W1 + b1", "ReLU", "· W2 + b2", "softmax", "−log, mean")
# For each parameter: which of the chain it leads to, and whether something is above it.
PARAMETERS = {"W1": ("z1", "b1"), "W2": ("z2", "b2")}


class Style(NamedTuple):
    """Lengths in the drawing's own units."""

    width: int
    unit: float  # a row or a column of a matrix, but for the samples
    most: float  # the longest that such a side may get
    samples: float  # the side of N samples, forwards
    samples_back: float
    circle: float  # the loss
    top: float
    margin: float
    bias_label: str


WIDE = Style(1080, 7, 84, 168, 120, 33, 46, 16, "beside")
NARROW = Style(360, 3, 32, 118, 84, 17, 30, 9, "none")


class Box(NamedTuple):
    key: str
    x: float
    y: float
    width: float
    height: float
    shape: str
    label: str = "above"  # or "beside", at the right; "below"; "none"

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height


class Arrow(NamedTuple):
    path: str
    label: str
    x: float
    y: float


class Glance(NamedTuple):
    style: Style
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    height: float


def glance(sizes: tuple[int, int, int, int], style: Style) -> Glance:
    N, D, H, C = sizes
    columns = {"X": D, "z1": H, "a1": H, "z2": C, "P": C}
    widths = {key: _side(count, style) for key, count in columns.items()} | {
        "loss": 2 * style.circle
    }
    gap = (style.width - 2 * style.margin - sum(widths.values())) / (len(CHAIN) - 1)
    boxes: dict[str, Box] = {}
    x, middle = style.margin, style.top + style.samples / 2
    for key in CHAIN:
        height = 2 * style.circle if key == "loss" else style.samples
        shape = "" if key == "loss" else f"{N} × {columns[key]}"
        boxes[key] = Box(key, x, middle - height / 2, widths[key], height, shape)
        x += widths[key] + gap
    back = style.top + style.samples + style.top + 22
    for key, above in UNDER.items():
        over = boxes[above]
        boxes[key] = Box(key, over.x, back, over.width, style.samples_back, over.shape)
    line = back + 0.3 * style.samples_back
    for name, (to, bias) in PARAMETERS.items():
        rows, cols = (D, H) if name == "W1" else (H, C)
        width, height = _side(cols, style), _side(rows, style)
        left = boxes[to].x - gap / 2 - width / 2
        thin = _side(1, style)
        top = middle - 8 - height - 3 - thin
        boxes[name] = Box(name, left, top, width, height, f"{rows} × {cols}")
        below = top + height + 3
        boxes[bias] = Box(bias, left, below, width, thin, f"1 × {cols}", style.bias_label)
        top = line + 16
        boxes[f"d{name}"] = Box(f"d{name}", left, top, width, height, f"{rows} × {cols}", "none")
        below = top + height + 3
        boxes[f"d{bias}"] = Box(f"d{bias}", left, below, width, thin, f"1 × {cols}", "below")
    bottom = max(box.bottom for box in boxes.values()) + 30
    arrows = (*_forward(boxes, middle, gap), *_backward(boxes, line, gap))
    return Glance(style, tuple(boxes.values()), arrows, bottom)


def _side(count: int, style: Style) -> float:
    return min(style.most, max(style.unit, style.unit * count))


def _forward(boxes: dict[str, Box], middle: float, gap: float) -> list[Arrow]:
    found = []
    for start, end, label in zip(CHAIN, CHAIN[1:], OPERATIONS, strict=False):
        x = boxes[start].right
        found.append(
            Arrow(f"M{x + 4:.1f} {middle:.1f}H{x + gap - 5:.1f}", label, x + gap / 2, middle + 14)
        )
        assert abs(boxes[end].x - x - gap) < 1e-6
    return found


def _backward(boxes: dict[str, Box], line: float, gap: float) -> list[Arrow]:
    loss, dz2, da1, dz1 = (boxes[key] for key in ("loss", "dz2", "da1", "dz1"))
    from_loss = f"M{loss.middle:.1f} {loss.bottom + 4:.1f}V{line:.1f}H{dz2.right + 5:.1f}"
    return [
        Arrow(from_loss, "(P − Y_ind) / N", boxes["P"].right + 6, line - 7),
        Arrow(
            f"M{dz2.x - 4:.1f} {line:.1f}H{da1.right + 5:.1f}", "· W2ᵀ", dz2.x - gap / 2, line - 7
        ),
        Arrow(
            f"M{da1.x - 4:.1f} {line:.1f}H{dz1.right + 5:.1f}", "mask", da1.x - gap / 2, line - 7
        ),
        *(_to_parameter(boxes[d], boxes[W]) for d, W in (("dz2", "dW2"), ("dz1", "dW1"))),
    ]


def _to_parameter(source: Box, weight: Box) -> Arrow:
    """From low at a dz's left side into the gradient beside it."""
    y = weight.y + weight.height / 2
    return Arrow(f"M{source.x - 4:.1f} {y:.1f}H{weight.right + 5:.1f}", "", 0, 0)
