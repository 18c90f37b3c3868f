"""The softmax, the one-hot matrix, and the loss."""

from compare.checker.catalogue.mistake import Mistake
from compare.checker.catalogue.pieces import DATA_LOSS, MEAN, NORMALISE
from compare.checker.lines import RIGHT

SHIFT = "z2 - z2.max(axis=1, keepdims=True)"
ONE_HOT = "(y[:, None] == np.arange(C)) * 1.0"
LOG_P = "s - np.log(np.exp(s).sum(axis=1, keepdims=True))"
PICK = "(P * Y_ind).sum(axis=1, keepdims=True)"
SOFTMAX_SLOPE = "P * (G - (G * P).sum(axis=1, keepdims=True))"
MARGIN = "(z2 - (z2 * Y_ind).sum(axis=1, keepdims=True) + 1)"
OVER = f"(({MARGIN} > 0) * (1 - Y_ind))"
SMALL = ("1e-15", "1e-12", "1e-10", "1e-9", "1e-8", "1e-7", "1e-6", "1e-5", "1e-4", "1e-3")

ABOUT_SOFTMAX: tuple[Mistake, ...] = (
    Mistake(
        "no-keepdims",
        "the sum over the classes lost its axis (keepdims=True keeps it)",
        "operands could not be broadcast together",
        "raises an error unless N = C",
        {"P": ((NORMALISE, "E / E.sum(axis=1)"),)},
    ),
    Mistake(
        "softmax-over-the-batch",
        "the softmax runs over the samples, not over the classes of each",
        "axis=0 for axis=1",
        "rows of P no longer sum to 1",
        {
            "P": (
                (NORMALISE, "E / E.sum(axis=0, keepdims=True)"),
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
        "the softmax runs over the whole matrix, with one sum for all samples",
        "sum() without an axis",
        "rows of P no longer sum to 1",
        {
            "P": (
                (NORMALISE, "E / E.sum()"),
                (RIGHT["P"], "P = np.exp(z2 - z2.max()) / np.exp(z2 - z2.max()).sum()"),
                (RIGHT["P"], "P = np.exp(z2) / np.exp(z2).sum()"),
            )
        },
    ),
    Mistake(
        "sum-assigned",
        "P is replaced by its sum (P = P.sum(...) for P /= P.sum(...))",
        "an assignment where a division was meant",
        "rows of P no longer sum to 1",
        {
            "P": (
                (NORMALISE, "E.sum(axis=1, keepdims=True)"),
                (RIGHT["P"], "P = np.exp(z2).sum(axis=1, keepdims=True)"),
            )
        },
    ),
    Mistake(
        "never-normalised",
        "exp(scores) was never divided by its sum",
        "probabilities above 1",
        "hidden by saturated scores",
        {"P": ((NORMALISE, "E"), (RIGHT["P"], "P = np.exp(z2)"))},
    ),
    Mistake(
        "one-more-in-the-sum",
        "1 is added to the sum that exp(scores) is divided by",
        "E / (1 + E.sum(...)), which is a sigmoid's",
        "rows of P no longer sum to 1",
        {"P": ((NORMALISE, "E / (1 + E.sum(axis=1, keepdims=True))"),)},
    ),
    Mistake(
        "epsilon-in-the-sum",
        "ε is added to the sum that exp(scores) is divided by (which is 1 or more once each row's "
        "maximum is taken off)",
        "E / (E.sum(...) + 1e-8)",
        "rows of P sum to a little less than 1",
        {
            "P": tuple(
                (NORMALISE, f"E / (E.sum(axis=1, keepdims=True) + {e})") for e in SMALL[:0:-1]
            )
        },
    ),
    Mistake(
        "no-shift",
        "the row's maximum is not taken off before exp, which overflows",
        "nan after some steps; RuntimeWarning: overflow",
        "shown by scores around 1000",
        {"P": ((SHIFT, "z2"),)},
        edge_in=("P",),
    ),
    Mistake(
        "global-shift",
        "one maximum for the whole matrix, so rows far below it underflow to 0/0",
        "nan in some rows",
        "shown by scores around 1000",
        {"P": ((SHIFT, "z2 - z2.max()"),)},
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
                    NORMALISE,
                    "np.exp(Q) / np.exp(Q).sum(axis=1, keepdims=True)".replace(
                        "Q", f"({NORMALISE})"
                    ),
                ),
            ),
            "loss": (
                (
                    LOG_P,
                    "P - np.log(np.exp(P).sum(axis=1, keepdims=True))",
                ),
            ),
        },
    ),
    Mistake(
        "elementwise-softmax-slope",
        "p·(1 − p), the softmax's slope without what other scores do to a probability",
        "the sigmoid's slope for the softmax's",
        "rows of dz2 no longer sum to 0",
        {
            "dz2": (
                (MEAN, "(P - Y_ind) * P * (1 - P) / N"),
                (MEAN, "-Y_ind * (1 - P) / N"),
                (MEAN, "-Y_ind / P / N * P * (1 - P)"),
                (MEAN, "P * (1 - P) / N"),
            )
        },
    ),
    Mistake(
        "squared-error",
        "the gradient of the squared error, where the loss is the cross-entropy",
        "it learns more slowly, the more so the surer it is",
        "every batch shows it",
        {
            "dz2": tuple(
                (MEAN, SOFTMAX_SLOPE.replace("G", "(P - Y_ind)") + scale)
                for scale in (" / N", " * 2 / N", " * 2 / (N * C)", " / (N * C)")
            )
        },
    ),
    Mistake(
        "squared-error-loss",
        "the squared error of P, where the loss is the cross-entropy",
        "((P - Y_ind) ** 2).sum()",
        "every batch shows it",
        {
            "loss": tuple(
                (DATA_LOSS, f"{factor}((P - Y_ind) ** 2).sum() / {count}")
                for factor in ("", "0.5 * ")
                for count in ("N", "(N * C)")
            )
        },
    ),
    Mistake(
        "hinge",
        "a hinge loss, as in an SVM, where the loss is the cross-entropy of a softmax",
        "max(0, s_j - s_y + 1)",
        "every batch shows it",
        {
            "loss": ((DATA_LOSS, f"(np.maximum(0, {MARGIN}) * (1 - Y_ind)).sum() / N"),),
            "dz2": ((MEAN, "(G - Y_ind * G.sum(axis=1, keepdims=True)) / N".replace("G", OVER)),),
        },
    ),
    Mistake(
        "p-for-log-p",
        "-P[y] where -log P[y] belongs",
        "the loss is negative",
        "every batch shows it",
        {
            "loss": ((DATA_LOSS, "-(Y_ind * P).sum() / N"),),
            "dz2": ((MEAN, f"{PICK} * (P - Y_ind) / N"),),
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
        "the class number is subtracted from every probability (no one-hot step)",
        "P - y[:, None]",
        "rows of dz2 no longer sum to 0",
        {"dz2": (("Y_ind", "y[:, None]"),)},
    ),
    Mistake(
        "log-of-p-plus-epsilon",
        "log(P + ε), whose slope is P/(P + ε) times the right one",
        "a loss that cannot be infinite, and a gradient that is not its own",
        "shown by small probabilities",
        {
            "loss": tuple((LOG_P, f"np.log(P + {e})") for e in SMALL),
            "dz2": tuple((MEAN, f"{PICK} / ({PICK} + {e}) * (P - Y_ind) / N") for e in SMALL),
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
                (NORMALISE, f"np.clip({NORMALISE}, {e}, {top})")
                for e in SMALL
                for top in (f"1 - {e}", "1")
            ),
            "loss": tuple(
                (LOG_P, f"np.log(np.clip(P, {e}, {top}))")
                for e in SMALL
                for top in (f"1 - {e}", "1")
            ),
            "dz2": tuple(
                (MEAN, f"(np.clip(P, {e}, {top}) - Y_ind) / N")
                for e in SMALL
                for top in (f"1 - {e}", "1")
            ),
        },
        edge_in=("loss",),
    ),
    Mistake(
        "log-of-underflow",
        "log(P) is infinite where P underflows to 0",
        "a loss of inf",
        "shown by scores around 1000",
        {"loss": ((LOG_P, "np.log(P)"),)},
        edge_in=("loss",),
    ),
    Mistake(
        "slope-by-p-alone",
        "only the gradient by P, −Y/P/N (the softmax's own slope is missing)",
        "the chain rule one step short",
        "every batch shows it",
        {"dz2": ((MEAN, "-Y_ind / P / N"),)},
    ),
    Mistake(
        "whole-columns",
        "a 1 in every row for each class of the batch (Y[:, y] = 1 takes whole columns)",
        "Y[:, y] for Y[np.arange(N), y]",
        "hidden by a batch of one sample",
        {
            "Y_ind": ((ONE_HOT, "np.isin(np.arange(C), y) * np.ones((N, 1))"),),
            "dz2": ((MEAN, "(P - np.isin(np.arange(C), y)) / N"),),
        },
    ),
    Mistake(
        "log10",
        "log10 where the natural logarithm belongs",
        "the base of the logarithm",
        "every batch shows it",
        {
            "loss": (
                (LOG_P, "s / np.log(10) - np.log10(np.exp(s).sum(axis=1, keepdims=True))"),
                (LOG_P, "s - np.log10(np.exp(s).sum(axis=1, keepdims=True))"),
            )
        },
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
)
