"""The mistakes that people really make, as data.

A mistake is an edit of the right line: at each of its places a piece of that line and what people
write instead, both whole expressions, so that no bracket can be lost. The edited line is run to
see whether it gives the learner's numbers. Adding a mistake is adding one entry.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from compare.checker.lines import RIGHT
from compare.checker.trees import replaced

Edit = tuple[str, str]  # an expression of the right lines, and what stands there instead
RATE = "RATE"  # in a wrong line: a number that only the learner's values tell


@dataclass(frozen=True)
class Mistake:
    """`places` has for each quantity the edits that make the mistake there, any one of them."""

    id: str
    title: str
    called: str  # what people call it, or say when they find it
    shown_by: str  # the batches that show it, or what hides it
    places: Mapping[str, tuple[Edit, ...]]
    remark: bool = False  # another convention, which is no mistake
    edge_in: tuple[str, ...] = ()  # quantities where it shows on extreme values alone

    def __post_init__(self) -> None:
        for quantity, edits in self.places.items():
            for old, new in edits:
                if replaced(RIGHT[quantity], old, new) is None:
                    right = RIGHT[quantity]
                    raise ValueError(f"{self.id}: expected {old!r} in {quantity}, got {right!r}")

    def wrong_lines(self, quantity: str, right: str | None = None) -> list[str]:
        """The lines of `quantity` with the mistake in them: one text for each of its edits.

        `right` are lines that may hold another mistake already; an edit that no longer fits in
        gives none.
        """
        line = RIGHT[quantity] if right is None else right
        made = (replaced(line, old, new) for old, new in self.places[quantity])
        return [text for text in made if text is not None]


# The names that the lines of the four gradients use, so that one edit serves both layers.
NAMES = {
    "dW2": {"x": "a1", "d": "dz2", "p": "W2"},
    "dW1": {"x": "X", "d": "dz1", "p": "W1"},
    "db2": {"d": "dz2", "p": "b2"},
    "db1": {"d": "dz1", "p": "b1"},
}
WEIGHTS, BIASES = ("dW2", "dW1"), ("db2", "db1")


def _rows(rows: str) -> str:
    return f"{{x}}{rows}.T @ {{d}}{rows}"


def _at(*quantities: str, edits: tuple[Edit, ...]) -> dict[str, tuple[Edit, ...]]:
    """The edits at each of these gradients, {x}, {d} and {p} standing for its own names."""
    return {
        q: tuple((old.format(**NAMES[q]), new.format(**NAMES[q])) for old, new in edits)
        for q in quantities
    }


_MEAN = "(P - Y_ind) / N"
_DATA = "{x}.T @ {d}"
_PENALTY = "reg * {p}"
_GRADIENT = f"{_DATA} + {_PENALTY}"
_SUM = "{d}.sum(axis=0, keepdims=True)"
_RELU = "np.maximum(z1, 0)"
_SHIFT = "z2 - z2.max(axis=1, keepdims=True)"
_NORMALISE = "E / E.sum(axis=1, keepdims=True)"
_ONE_HOT = "(y[:, None] == np.arange(C)) * 1.0"
_DATA_LOSS = "-(Y_ind * log_P).sum() / N"
_LOG_P = "s - np.log(np.exp(s).sum(axis=1, keepdims=True))"
_PENALTY_LOSS = "0.5 * reg * ((W1**2).sum() + (W2**2).sum())"
_MASK = "da1 * (a1 > 0)"
_PICK = "(P * Y_ind).sum(axis=1, keepdims=True)"
_SOFTMAX_SLOPE = "P * (G - (G * P).sum(axis=1, keepdims=True))"
_SMALL = ("1e-15", "1e-12", "1e-10", "1e-9", "1e-8", "1e-7", "1e-6", "1e-5", "1e-4", "1e-3")
_BLOCKS = "np.concatenate([np.full((len(b), 1), 1 / len(b) / {k}) for b in {blocks}])"
_UNEVEN = (
    *((f"min({k}, N)", f"np.array_split(np.arange(N), min({k}, N))") for k in (2, 3, 4, 5, 8)),
    *(
        (f"-(-N // {n})", f"np.split(np.arange(N), range({n}, N, {n}))")
        for n in (7, 10, 16, 30, 32, 60, 64, 67, 70, 90, 128)
    ),
)

CATALOGUE: tuple[Mistake, ...] = (
    Mistake(
        "no-mean",
        "the 1/N is missing",
        "gradients N times too large; needs a tiny learning rate",
        "hidden by a batch of one sample",
        {
            "dz2": ((_MEAN, "P - Y_ind"),),
            **_at(*WEIGHTS, edits=((_DATA, f"N * ({_DATA})"),)),
            **_at(*BIASES, edits=((_SUM, f"N * {_SUM}"),)),
            "loss": ((_DATA_LOSS, "-(Y_ind * log_P).sum()"),),
        },
    ),
    Mistake(
        "mean-twice",
        "divided by N twice",
        "gradients N times too small; it hardly learns",
        "hidden by a batch of one sample",
        {
            "dz2": ((_MEAN, f"{_MEAN} / N"),),
            "da1": (("dz2 @ W2.T", "dz2 @ W2.T / N"),),
            **_at(*WEIGHTS, edits=((_DATA, f"{_DATA} / N"),)),
            "loss": ((_DATA_LOSS, f"{_DATA_LOSS} / N"),),
        },
    ),
    Mistake(
        "mean-for-sum",
        "a mean where the sum over the samples belongs: dz2 has the 1/N already",
        "the bias hardly moves",
        "hidden by a batch of one sample",
        _at(*BIASES, edits=((_SUM, "{d}.mean(axis=0, keepdims=True)"),)),
    ),
    Mistake(
        "mean-over-elements",
        "divided by N·C, the number of elements, instead of N, the number of samples",
        "np.mean over the whole matrix",
        "every batch shows it",
        {
            "dz2": ((_MEAN, "(P - Y_ind) / (N * C)"),),
            "loss": ((_DATA_LOSS, "-(Y_ind * log_P).sum() / (N * C)"),),
        },
    ),
    Mistake(
        "two-over-n",
        "2/N where 1/N belongs: the 2 is the squared error's",
        "twice too large",
        "every batch shows it",
        {"dz2": ((_MEAN, "2 * (P - Y_ind) / N"),)},
    ),
    Mistake(
        "n-minus-one",
        "divided by N - 1: that is the sample variance's",
        "nearly right",
        "shown by few samples",
        {"dz2": ((_MEAN, "(P - Y_ind) / (N - 1)"),)},
    ),
    Mistake(
        "fixed-n",
        "divided by 200, whatever the number of samples is",
        "right on the batch of the notes, wrong on the last, shorter one",
        "hidden by a batch of 200",
        {"dz2": ((_MEAN, "(P - Y_ind) / 200"),)},
    ),
    Mistake(
        "mean-of-block-means",
        "a mean of the means of blocks of different lengths",
        "gradient accumulation that is not the full batch's gradient",
        "hidden where all blocks are of one length",
        {
            "dz2": tuple(
                (_MEAN, f"(P - Y_ind) * {_BLOCKS.format(k=k, blocks=blocks)}")
                for k, blocks in _UNEVEN
            )
        },
    ),
    Mistake(
        "sign",
        "the sign is swapped: Y_ind - P",
        "the loss rises",
        "every batch shows it",
        {
            "dz2": (("P - Y_ind", "Y_ind - P"),),
            "loss": ((_DATA_LOSS, "(Y_ind * log_P).sum() / N"),),
        },
    ),
    Mistake(
        "indicator-added",
        "P + Y_ind: the 1 is taken off at the true class, not added",
        "P[range(N), y] += 1",
        "rows of dz2 no longer sum to 0",
        {"dz2": (("P - Y_ind", "P + Y_ind"),)},
    ),
    Mistake(
        "ascent",
        "the sign of the whole gradient is swapped: this climbs",
        "the loss rises",
        "every batch shows it",
        {
            **_at(*WEIGHTS, edits=((_GRADIENT, f"-({_GRADIENT})"),)),
            **_at(*BIASES, edits=((_SUM, f"-{_SUM}"),)),
        },
    ),
    Mistake(
        "reg-missing",
        "the gradient of the penalty, reg·W, is missing",
        "weights grow as if there were no regularisation",
        "hidden by reg = 0",
        _at(*WEIGHTS, edits=((_GRADIENT, _DATA),)),
    ),
    Mistake(
        "reg-sign",
        "the penalty is subtracted: it makes the weights grow",
        "weights explode",
        "hidden by reg = 0",
        _at(*WEIGHTS, edits=((_GRADIENT, f"{_DATA} - {_PENALTY}"),)),
    ),
    Mistake(
        "reg-over-n",
        "reg·W is divided by N too, and the penalty in the loss is not",
        "regularisation seems to do nothing",
        "hidden by reg = 0, and by a batch of one sample",
        _at(*WEIGHTS, edits=((_PENALTY, "reg / N * {p}"),)),
    ),
    Mistake(
        "reg-times-n",
        "the penalty N times too large: its 1/N is the data's alone, and it has none",
        "weights shrink to nothing",
        "hidden by reg = 0, and by a batch of one sample",
        _at(*WEIGHTS, edits=((_PENALTY, "reg * N * {p}"),)),
    ),
    Mistake(
        "reg-doubled",
        "2·reg·W: the gradient of reg·W², not of ½·reg·W²",
        "another convention of the loss",
        "hidden by reg = 0",
        _at(*WEIGHTS, edits=((_PENALTY, "2 * reg * {p}"),)),
    ),
    Mistake(
        "reg-halved",
        "½·reg·W: the ½ belongs to the loss, and its gradient has none",
        "the ½ differentiated away once too little",
        "hidden by reg = 0",
        _at(*WEIGHTS, edits=((_PENALTY, "0.5 * reg * {p}"),)),
    ),
    Mistake(
        "reg-of-the-square",
        "reg·W²: the penalty's value where its slope belongs",
        "regularisation that forgets the sign of W",
        "hidden by reg = 0",
        _at(
            *WEIGHTS,
            edits=((_PENALTY, "reg * {p}**2"), (_PENALTY, "0.5 * reg * ({p} * {p}).sum()")),
        ),
    ),
    Mistake(
        "bias-regularised",
        "the bias is regularised, and the loss has no such term",
        "reg·b too much",
        "hidden by b = 0, the usual start",
        _at(*BIASES, edits=((_SUM, f"{_SUM} + {_PENALTY}"),)),
    ),
    Mistake(
        "mask-missing",
        "the ReLU's mask is missing",
        "the layer is differentiated as if it were linear",
        "hidden where every unit is active",
        {"dz1": ((_MASK, "da1"),)},
    ),
    Mistake(
        "mask-always-true",
        "a1 >= 0 is always true, so nothing is masked: a1 > 0",
        "the layer is differentiated as if it were linear",
        "hidden where every unit is active",
        {"dz1": (("a1 > 0", "a1 >= 0"),)},
    ),
    Mistake(
        "slope-at-zero",
        "z1 >= 0 lets the gradient through where z1 is exactly 0: z1 > 0",
        "differs from the framework on dead inputs only",
        "shown by a z1 of exactly 0",
        {"dz1": (("a1 > 0", "z1 >= 0"),)},
        edge_in=("dz1",),
    ),
    Mistake(
        "mask-inverted",
        "the mask is the wrong way round: it keeps what it should drop",
        "only dead units learn",
        "every batch shows it",
        {"dz1": (("a1 > 0", "a1 <= 0"), ("a1 > 0", "z1 < 0"))},
    ),
    Mistake(
        "mask-of-the-gradient",
        "masked where da1 is negative, and not where a1 is 0",
        "the ReLU applied to the gradient",
        "every batch shows it",
        {"dz1": (("a1 > 0", "da1 > 0"),)},
    ),
    Mistake(
        "leaky-slope",
        "a leaky unit's slope: this ReLU is flat below 0",
        "da1 * np.where(a1 > 0, 1, 0.01)",
        "hidden where every unit is active",
        {
            "dz1": tuple(
                (_MASK, f"da1 * np.where(z1 > 0, 1, {slope})") for slope in ("0.01", "0.1", "0.2")
            )
        },
    ),
    Mistake(
        "times-a1",
        "multiplied by a1 itself, where its slope, 0 or 1, belongs",
        "the value for the derivative",
        "every batch shows it",
        {"dz1": ((_MASK, "da1 * a1"),)},
    ),
    Mistake(
        "sigmoid-slope",
        "a1·(1 − a1) is the slope of a sigmoid; this unit is a ReLU",
        "copied from a sigmoid network",
        "every batch shows it",
        {"dz1": ((_MASK, "da1 * a1 * (1 - a1)"),)},
    ),
    Mistake(
        "before-the-mask",
        "taken from da1, before the ReLU's mask, where dz1 belongs",
        "right in the notes only because da1 was masked in place",
        "hidden where every unit is active",
        {"db1": (("dz1", "da1"),), "dW1": (("dz1", "da1"),)},
    ),
    Mistake(
        "z1-for-a1",
        "z1 where a1 belongs: the second layer's input comes after the ReLU",
        "before for after",
        "hidden where every unit is active",
        {"dW2": (("a1", "z1"),), "z2": (("a1", "z1"),)},
    ),
    Mistake(
        "transposed",
        "transposed: a gradient has the shape of its parameter",
        "X @ d.T for X.T @ d",
        "hidden by square shapes",
        {
            **_at(*WEIGHTS, edits=((_GRADIENT, f"({_GRADIENT}).T"),)),
            **_at(*BIASES, edits=((_SUM, f"{_SUM}.T"),)),
            "dz2": ((_MEAN, f"({_MEAN}).T"),),
            "da1": (("dz2 @ W2.T", "W2 @ dz2.T"),),
        },
    ),
    Mistake(
        "wrong-axis",
        "summed over the wrong axis: the samples are rows, axis 0",
        "sum(axis=1) for sum(axis=0)",
        "hidden where N = H, but for the numbers",
        _at(*BIASES, edits=((_SUM, "{d}.sum(axis=1, keepdims=True)"), (_SUM, "{d}.sum(axis=1)"))),
    ),
    Mistake(
        "summed-to-one-number",
        "summed over both axes, to one number",
        "sum() without an axis; for b2 it is 0, since each row of P - Y_ind sums to 0",
        "every batch shows it",
        _at(
            *BIASES,
            edits=((_SUM, "{d}.sum()"), (_SUM, "np.zeros({p}.shape) + {d}.sum()")),
        ),
    ),
    Mistake(
        "no-keepdims",
        "the sum over the classes lost its axis: keepdims=True",
        "operands could not be broadcast together",
        "raises an error unless N = C",
        {"P": ((_NORMALISE, "E / E.sum(axis=1)"),)},
    ),
    Mistake(
        "softmax-over-the-batch",
        "the softmax runs over the samples: classes are columns, axis 1",
        "axis=0 for axis=1",
        "rows of P no longer sum to 1",
        {
            "P": (
                (_NORMALISE, "E / E.sum(axis=0, keepdims=True)"),
                (
                    RIGHT["P"],
                    "P = np.exp(z2 - z2.max(axis=0)) / np.exp(z2 - z2.max(axis=0)).sum(axis=0)",
                ),
                (RIGHT["P"], "P = np.exp(z2) / np.exp(z2).sum(axis=0)"),
            )
        },
    ),
    Mistake(
        "softmax-over-everything",
        "the softmax runs over the whole matrix: one sum for all samples",
        "sum() without an axis",
        "rows of P no longer sum to 1",
        {
            "P": (
                (_NORMALISE, "E / E.sum()"),
                (RIGHT["P"], "P = np.exp(z2 - z2.max()) / np.exp(z2 - z2.max()).sum()"),
                (RIGHT["P"], "P = np.exp(z2) / np.exp(z2).sum()"),
            )
        },
    ),
    Mistake(
        "sum-assigned",
        "P is replaced by its sum: P /= P.sum(...), not P = P.sum(...)",
        "an assignment where a division was meant",
        "rows of P no longer sum to 1",
        {
            "P": (
                (_NORMALISE, "E.sum(axis=1, keepdims=True)"),
                (RIGHT["P"], "P = np.exp(z2).sum(axis=1, keepdims=True)"),
            )
        },
    ),
    Mistake(
        "never-normalised",
        "exp(scores) was never divided by its sum",
        "probabilities above 1",
        "hidden by saturated scores",
        {"P": ((_NORMALISE, "E"), (RIGHT["P"], "P = np.exp(z2)"))},
    ),
    Mistake(
        "no-shift",
        "the row's maximum is not taken off before exp, which overflows",
        "nan after some steps; RuntimeWarning: overflow",
        "shown by scores around 1000",
        {"P": ((_SHIFT, "z2"),)},
        edge_in=("P",),
    ),
    Mistake(
        "global-shift",
        "one maximum for the whole matrix: rows far below it underflow to 0/0",
        "nan in some rows",
        "shown by scores around 1000",
        {"P": ((_SHIFT, "z2 - z2.max()"),)},
        edge_in=("P",),
    ),
    Mistake(
        "softmax-twice",
        "the softmax is applied twice",
        "it learns, slowly; the loss stays near log C",
        "hidden by W2 = 0",
        {
            "P": (
                (
                    _NORMALISE,
                    "np.exp(Q) / np.exp(Q).sum(axis=1, keepdims=True)".replace(
                        "Q", f"({_NORMALISE})"
                    ),
                ),
            ),
            "loss": (
                (
                    _LOG_P,
                    "P - np.log(np.exp(P).sum(axis=1, keepdims=True))",
                ),
            ),
        },
    ),
    Mistake(
        "elementwise-softmax-slope",
        "p·(1 − p) is the diagonal of the softmax's slope: every score moves every probability",
        "the sigmoid's slope for the softmax's",
        "rows of dz2 no longer sum to 0",
        {
            "dz2": (
                (_MEAN, "(P - Y_ind) * P * (1 - P) / N"),
                (_MEAN, "-Y_ind * (1 - P) / N"),
                (_MEAN, "-Y_ind / P / N * P * (1 - P)"),
                (_MEAN, "P * (1 - P) / N"),
            )
        },
    ),
    Mistake(
        "squared-error",
        "the gradient of the squared error: the loss is the cross-entropy",
        "it learns more slowly, the more so the surer it is",
        "every batch shows it",
        {
            "dz2": tuple(
                (_MEAN, _SOFTMAX_SLOPE.replace("G", "(P - Y_ind)") + scale)
                for scale in (" / N", " * 2 / N", " * 2 / (N * C)", " / (N * C)")
            ),
            "loss": tuple(
                (_DATA_LOSS, f"{factor}((P - Y_ind) ** 2).sum() / N") for factor in ("", "0.5 * ")
            ),
        },
    ),
    Mistake(
        "p-for-log-p",
        "-P[y] where -log P[y] belongs",
        "the loss is negative",
        "every batch shows it",
        {
            "loss": ((_DATA_LOSS, "-(Y_ind * P).sum() / N"),),
            "dz2": ((_MEAN, f"{_PICK} * (P - Y_ind) / N"),),
        },
    ),
    Mistake(
        "labels-off-by-one",
        "the classes are counted from 1 where they start at 0, or the reverse",
        "the accuracy is worse than chance",
        "every batch shows it",
        {
            "Y_ind": (
                ("y[:, None]", "(y[:, None] - 1) % C"),
                ("y[:, None]", "(y[:, None] + 1) % C"),
                ("y[:, None]", "y[:, None] - 1"),
                ("y[:, None]", "y[:, None] + 1"),
            )
        },
    ),
    Mistake(
        "no-one-hot",
        "the class number is subtracted from every probability: the one-hot step is missing",
        "P - y[:, None]",
        "rows of dz2 no longer sum to 0",
        {"dz2": (("Y_ind", "y[:, None]"),)},
    ),
    Mistake(
        "weights-updated-first",
        "W2 was updated before da1 = dz2 @ W2.T used it",
        "the update written between the two lines",
        "hidden by a tiny learning rate",
        {"da1": (("W2.T", f"(W2 - {RATE} * dW2).T"),)},
    ),
    Mistake(
        "no-bias",
        "the bias of the layer is missing",
        "a layer without its bias",
        "hidden by b = 0, the usual start",
        {"z1": (("X @ W1 + b1", "X @ W1"),), "z2": (("a1 @ W2 + b2", "a1 @ W2"),)},
    ),
    Mistake(
        "log-of-p-plus-epsilon",
        "log(P + ε): its slope is P/(P + ε) times the right one",
        "a loss that cannot be infinite, and a gradient that is not its own",
        "shown by small probabilities",
        {
            "loss": tuple((_LOG_P, f"np.log(P + {e})") for e in _SMALL),
            "dz2": tuple((_MEAN, f"{_PICK} / ({_PICK} + {e}) * (P - Y_ind) / N") for e in _SMALL),
        },
        edge_in=("loss",),
    ),
    Mistake(
        "p-clipped",
        "P is clipped away from 0 and 1",
        "np.clip(P, 1e-7, 1 - 1e-7)",
        "shown by probabilities near 0 or 1",
        {
            "P": tuple(
                (_NORMALISE, f"np.clip({_NORMALISE}, {e}, {top})")
                for e in _SMALL
                for top in (f"1 - {e}", "1")
            ),
            "loss": tuple(
                (_LOG_P, f"np.log(np.clip(P, {e}, {top}))")
                for e in _SMALL
                for top in (f"1 - {e}", "1")
            ),
            "dz2": tuple(
                (_MEAN, f"(np.clip(P, {e}, {top}) - Y_ind) / N")
                for e in _SMALL
                for top in (f"1 - {e}", "1")
            ),
        },
        edge_in=("loss",),
    ),
    Mistake(
        "overwritten",
        "P was written over: dz2 = P is a second name for it, not a copy",
        "P no longer sums to 1 afterwards",
        "hidden where only the gradients are looked at",
        {
            "P": tuple(
                (_NORMALISE, f"({_NORMALISE} - (y[:, None] == np.arange(C))){scale}")
                for scale in (" / N", "")
            ),
            "z2": tuple(
                ("a1 @ W2 + b2", text.replace("Z", "(a1 @ W2 + b2)"))
                for text in (
                    "Z - Z.max(axis=1, keepdims=True)",
                    "np.exp(Z - Z.max(axis=1, keepdims=True))",
                )
            ),
        },
        remark=True,
    ),
    Mistake(
        "integers",
        "integer arrays: every number is cut off at the point",
        "np.zeros(shape, int); y.astype(int) gone too far",
        "hidden by numbers above 1",
        {
            "P": ((_NORMALISE, f"np.trunc({_NORMALISE})"),),
            "dz2": ((_MEAN, f"np.trunc({_MEAN})"),),
            **_at(*WEIGHTS, edits=((_GRADIENT, f"np.trunc({_GRADIENT})"),)),
            **_at(*BIASES, edits=((_SUM, f"np.trunc({_SUM})"),)),
        },
    ),
    Mistake(
        "penalty-without-half",
        "the penalty in the loss lacks its ½, and the gradients have it",
        "reg·W² for ½·reg·W²",
        "hidden by reg = 0",
        {"loss": (("0.5 * reg", "reg"),)},
    ),
    Mistake(
        "loss-without-penalty",
        "the loss without its penalty, which is another convention",
        "the data loss alone",
        "hidden by reg = 0",
        {"loss": ((f"{_DATA_LOSS} + {_PENALTY_LOSS}", _DATA_LOSS),)},
        remark=True,
    ),
    Mistake(
        "log-of-underflow",
        "log(P) is infinite where P underflows to 0: log P = s - log(sum of exp(s))",
        "a loss of inf",
        "shown by scores around 1000",
        {"loss": ((_LOG_P, "np.log(P)"),)},
        edge_in=("loss",),
    ),
    Mistake(
        "masked-in-place",
        "da1 was masked in place, so it is dz1 now: a second name, not a copy",
        "dz1 = da1; dz1[a1 == 0] = 0",
        "hidden where every unit is active",
        {"da1": (("dz2 @ W2.T", "dz2 @ W2.T * (a1 > 0)"),)},
        remark=True,
    ),
    Mistake(
        "relu-forgotten",
        "the ReLU is missing: a1 is z1",
        "two linear layers are one linear layer",
        "hidden where every unit is active",
        {"a1": ((_RELU, "z1"),)},
    ),
    Mistake(
        "other-activation",
        "another activation where the ReLU belongs",
        "tanh, a sigmoid or a leaky unit for max(z1, 0)",
        "every batch shows it; a leaky one is hidden where every unit is active",
        {
            "a1": tuple(
                (_RELU, new)
                for new in (
                    "np.tanh(z1)",
                    "1 / (1 + np.exp(-z1))",
                    "np.log(1 + np.exp(z1))",
                    "abs(z1)",
                    "np.minimum(z1, 0)",
                    "(z1 > 0) * 1.0",
                    "np.where(z1 > 0, z1, np.exp(z1) - 1)",
                    *(f"np.maximum(z1, {slope} * z1)" for slope in ("0.01", "0.1", "0.2")),
                )
            )
        },
    ),
    Mistake(
        "clipped",
        "a1 is cut off above: a ReLU has no upper end",
        "np.clip(z1, 0, 6), which is ReLU6",
        "shown by large z1",
        {"a1": tuple((_RELU, f"np.clip(z1, 0, {top})") for top in ("1", "6", "10", "100", "1000"))},
    ),
    Mistake(
        "bias-after-the-relu",
        "the bias is added after the ReLU: it belongs into z1",
        "np.maximum(X @ W1, 0) + b1",
        "hidden by b = 0, the usual start",
        {"a1": ((_RELU, "np.maximum(z1 - b1, 0) + b1"),)},
    ),
    Mistake(
        "tanh-slope",
        "1 − a1² is the slope of tanh; this unit is a ReLU",
        "copied from a tanh network",
        "every batch shows it",
        {"dz1": ((_MASK, "da1 * (1 - a1**2)"),)},
    ),
    Mistake(
        "mask-alone",
        "the mask alone: the gradient from above, da1, is not multiplied in",
        "np.where(z1 > 0, 1, 0)",
        "every batch shows it",
        {"dz1": ((_MASK, "(a1 > 0) * 1.0"),)},
    ),
    Mistake(
        "slope-by-p-alone",
        "only the gradient by P, −Y/P/N: the softmax's own slope is missing",
        "the chain rule one step short",
        "every batch shows it",
        {"dz2": ((_MEAN, "-Y_ind / P / N"),)},
    ),
    Mistake(
        "indicator-missing",
        "Y_ind is not subtracted: at the true class, 1 is taken off P",
        "dz2 = P / N",
        "rows of dz2 no longer sum to 0",
        {"dz2": ((_MEAN, "P / N"),)},
    ),
    Mistake(
        "brackets-forgotten",
        "P − Y/N: brackets around P − Y_ind are missing",
        "/ binds tighter than −",
        "hidden by a batch of one sample",
        {"dz2": ((_MEAN, "P - Y_ind / N"), (_MEAN, "P / N - Y_ind"))},
    ),
    Mistake(
        "whole-columns",
        "a 1 in every row for each class of the batch: Y[:, y] = 1 takes whole columns",
        "Y[:, y] for Y[np.arange(N), y]",
        "hidden by a batch of one sample",
        {
            "Y_ind": ((_ONE_HOT, "np.isin(np.arange(C), y) * np.ones((N, 1))"),),
            "dz2": ((_MEAN, "(P - np.isin(np.arange(C), y)) / N"),),
        },
    ),
    Mistake(
        "sample-left-out",
        "the first or the last sample is left out",
        "range(N - 1), or range(1, N)",
        "every batch shows it",
        {
            "dz2": tuple(
                (_MEAN, f"{_MEAN} * (np.arange(N) {kept})[:, None]") for kept in ("< N - 1", "> 0")
            ),
            "loss": tuple(
                ("Y_ind * log_P", f"Y_ind * log_P * (np.arange(N) {kept})[:, None]")
                for kept in ("< N - 1", "> 0")
            ),
            **_at(*WEIGHTS, edits=tuple((_DATA, _rows(rows)) for rows in ("[:-1]", "[1:]"))),
            **_at(
                *BIASES,
                edits=(
                    (_SUM, "{d}[:-1].sum(axis=0, keepdims=True)"),
                    (_SUM, "{d}[1:].sum(axis=0, keepdims=True)"),
                ),
            ),
        },
    ),
    Mistake(
        "sum-overwritten",
        "the last sample's alone: in the loop it is overwritten, not added up",
        "= where += belongs",
        "hidden by a batch of one sample",
        {
            "loss": (
                (_DATA_LOSS, "-(Y_ind * log_P)[-1].sum() / N"),
                (_DATA_LOSS, "-(Y_ind * log_P)[-1].sum()"),
            ),
            **_at(*WEIGHTS, edits=((_DATA, _rows("[-1:]")), (_GRADIENT, _rows("[-1:]")))),
            **_at(*BIASES, edits=((_SUM, "{d}[-1:]"),)),
            "da1": (("dz2 @ W2.T", "dz2[:, -1:] @ W2[:, -1:].T"),),
        },
    ),
    Mistake(
        "first-rows-only",
        "only the first rows of the batch are used",
        "a number of samples that is built in",
        "shown by long batches",
        {
            "dz2": tuple(
                (_MEAN, f"{_MEAN} * (np.arange(N) < {rows})[:, None]")
                for rows in (100, 128, 200, 256, 500, 512, 1000, 1024)
            )
        },
    ),
    Mistake(
        "log10",
        "log10 where the natural logarithm belongs",
        "the base of the logarithm",
        "every batch shows it",
        {
            "loss": (
                (_LOG_P, "s / np.log(10) - np.log10(np.exp(s).sum(axis=1, keepdims=True))"),
                (_LOG_P, "s - np.log10(np.exp(s).sum(axis=1, keepdims=True))"),
            )
        },
    ),
    Mistake(
        "reg-forgotten-in-the-penalty",
        "the penalty's slope without reg: W for reg·W",
        "+ W where + reg * W belongs",
        "every batch shows it",
        _at(*WEIGHTS, edits=((_PENALTY, "{p}"),)),
    ),
    Mistake(
        "l1-penalty",
        "sign(W) is the slope of |W|; the penalty here is ½·W²",
        "L1 for L2",
        "hidden by reg = 0",
        _at(*WEIGHTS, edits=((_PENALTY, "reg * np.sign({p})"),)),
    ),
    Mistake(
        "data-part-missing",
        "the penalty's slope alone: the data's gradient is overwritten",
        "= where += belongs",
        "every batch shows it",
        _at(*WEIGHTS, edits=((_GRADIENT, _PENALTY),)),
    ),
    Mistake(
        "reg-times-all",
        "reg multiplies the data's gradient too: brackets",
        "reg * (X.T @ d + W)",
        "hidden by reg = 1",
        _at(
            *WEIGHTS,
            edits=(
                (_GRADIENT, f"reg * ({_DATA} + {{p}})"),
                (_GRADIENT, f"reg * ({_DATA}) + {{p}}"),
            ),
        ),
    ),
    Mistake(
        "exp-base-2",
        "2 to the power of the scores, where e belongs",
        "np.exp2",
        "every batch shows it",
        {"P": (("np.exp(s)", "np.exp2(s)"),)},
    ),
    Mistake(
        "exp-sign",
        "the sign of the scores in exp is swapped",
        "exp(-scores)",
        "every batch shows it",
        {
            "P": (
                ("np.exp(s)", "np.exp(-s)"),
                (RIGHT["P"], "P = np.exp(-z2) / np.exp(-z2).sum(axis=1, keepdims=True)"),
            )
        },
    ),
    Mistake(
        "p-for-dz2",
        "P where dz2 belongs",
        "the probabilities for their gradient",
        "every batch shows it",
        {
            "db2": (("dz2", "P"),),
            "dW2": (("dz2", "P"),),
            "da1": (("dz2", "P"),),
        },
    ),
    Mistake(
        "dw2-for-w2",
        "dW2 where W2 belongs",
        "one letter too many",
        "every batch shows it",
        {"da1": (("W2", "dW2"),)},
    ),
)
