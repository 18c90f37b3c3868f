"""The matrix products, the biases, and the shapes of both."""

from compare.checker.catalogue.mistake import RATE, Mistake
from compare.checker.catalogue.pieces import BIASES, GRADIENT, MEAN, NORMALISE, SUM, WEIGHTS, at

ABOUT_LAYERS: tuple[Mistake, ...] = (
    Mistake(
        "z1-for-a1",
        "z1 where a1 belongs (the second layer's input comes after the ReLU)",
        "before for after",
        "hidden where every unit is active",
        {"dW2": (("a1", "z1"),), "z2": (("a1", "z1"),)},
    ),
    Mistake(
        "transposed",
        "transposed (a gradient has the shape of its parameter)",
        "X @ d.T for X.T @ d",
        "hidden by square shapes",
        {
            **at(*WEIGHTS, edits=((GRADIENT, f"({GRADIENT}).T"),)),
            **at(*BIASES, edits=((SUM, f"{SUM}.T"),)),
            "dz2": ((MEAN, f"({MEAN}).T"),),
            "da1": (("dz2 @ W2.T", "W2 @ dz2.T"),),
        },
    ),
    Mistake(
        "wrong-axis",
        "summed over the wrong axis (the samples are rows, axis 0)",
        "sum(axis=1) for sum(axis=0)",
        "hidden where N = H, but for the numbers",
        at(*BIASES, edits=((SUM, "{d}.sum(axis=1, keepdims=True)"), (SUM, "{d}.sum(axis=1)"))),
    ),
    Mistake(
        "summed-to-one-number",
        "summed over both axes, to one number",
        "sum() without an axis; for b2 it is 0, since each row of P - Y_ind sums to 0",
        "every batch shows it",
        at(
            *BIASES,
            edits=((SUM, "{d}.sum()"), (SUM, "np.zeros({p}.shape) + {d}.sum()")),
        ),
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
        "overwritten",
        "P was written over (dz2 = P is a second name for it, not a copy)",
        "P no longer sums to 1 afterwards",
        "hidden where only the gradients are looked at",
        {
            "P": tuple(
                (NORMALISE, f"({NORMALISE} - (y[:, None] == np.arange(C))){scale}")
                for scale in (" / N", "")
            ),
            "z2": (("a1 @ W2 + b2", "a1 @ W2 + b2 - (a1 @ W2 + b2).max(axis=1, keepdims=True)"),),
        },
        remark=True,
        kinds={"z2 = ": "z2 was written over, with its rows' maximum taken off"},
    ),
    Mistake(
        "exp-for-scores",
        "exp of the scores stands where z2, the scores, belongs",
        "exp taken twice, or written over z2",
        "every batch shows it",
        {
            "z2": (
                ("a1 @ W2 + b2", "np.exp(a1 @ W2 + b2)"),
                (
                    "a1 @ W2 + b2",
                    "np.exp(a1 @ W2 + b2 - (a1 @ W2 + b2).max(axis=1, keepdims=True))",
                ),
            )
        },
    ),
    Mistake(
        "integers",
        "integer arrays, which cut off every number at the point",
        "np.zeros(shape, int); y.astype(int) gone too far",
        "hidden by numbers above 1",
        {
            "P": ((NORMALISE, f"np.trunc({NORMALISE})"),),
            "dz2": ((MEAN, f"np.trunc({MEAN})"),),
            **at(*WEIGHTS, edits=((GRADIENT, f"np.trunc({GRADIENT})"),)),
            **at(*BIASES, edits=((SUM, f"np.trunc({SUM})"),)),
        },
    ),
    Mistake(
        "p-for-dz2",
        "P where dz2 belongs",
        "the probabilities for their gradient",
        "every batch shows it",
        {q: (("dz2", "P"), ("dz2", "P / N")) for q in ("db2", "dW2", "da1")},
    ),
    Mistake(
        "labels-for-dz2",
        "Y_ind where dz2 belongs",
        "the labels for the gradient",
        "every batch shows it",
        {q: (("dz2", "Y_ind"), ("dz2", "Y_ind / N")) for q in ("db2", "dW2", "da1")},
    ),
    Mistake(
        "sign-back",
        "the sign is swapped on the way back through the second layer",
        "da1 = -dz2 @ W2.T",
        "the loss rises, by the first layer",
        {"da1": (("dz2 @ W2.T", "-(dz2 @ W2.T)"),)},
    ),
    Mistake(
        "dw2-for-w2",
        "dW2 where W2 belongs",
        "one letter too many",
        "every batch shows it",
        {"da1": (("W2", "dW2"),)},
    ),
)
