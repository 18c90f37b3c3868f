"""The ReLU, forward and backward."""

from compare.checker.catalogue.mistake import Mistake

RELU = "np.maximum(z1, 0)"
MASK = "da1 * (a1 > 0)"

ABOUT_RELU: tuple[Mistake, ...] = (
    Mistake(
        "mask-missing",
        "the ReLU's mask is missing",
        "the layer is differentiated as if it were linear",
        "hidden where every unit is active",
        {"dz1": ((MASK, "da1"),)},
    ),
    Mistake(
        "mask-always-true",
        "a1 >= 0 is always true, so nothing is masked (a1 > 0 is the mask)",
        "the layer is differentiated as if it were linear",
        "hidden where every unit is active",
        {"dz1": (("a1 > 0", "a1 >= 0"),)},
    ),
    Mistake(
        "slope-at-zero",
        "z1 >= 0 lets the gradient through where z1 is exactly 0 (z1 > 0 does not)",
        "differs from the framework on dead inputs only",
        "shown by a z1 of exactly 0",
        {"dz1": (("a1 > 0", "z1 >= 0"),)},
        edge_in=("dz1",),
    ),
    Mistake(
        "mask-inverted",
        "the mask is the wrong way round and keeps what it should drop",
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
        "a leaky unit's slope, where this ReLU is flat below 0",
        "da1 * np.where(a1 > 0, 1, 0.01)",
        "hidden where every unit is active",
        {
            "dz1": tuple(
                (MASK, f"da1 * np.where(z1 > 0, 1, {slope})") for slope in ("0.01", "0.1", "0.2")
            )
        },
    ),
    Mistake(
        "mask-before-the-bias",
        "the mask is made from X @ W1, which lacks b1, not from z1",
        "(X @ W1 > 0)",
        "hidden by b = 0, the usual start",
        {"dz1": (("a1 > 0", "X @ W1 > 0"), ("a1 > 0", "z1 - b1 > 0"))},
    ),
    Mistake(
        "sign-for-slope",
        "the sign of z1 where the slope of the ReLU belongs (below 0 it is −1, not 0)",
        "np.sign(z1)",
        "hidden where every unit is active",
        {"dz1": (("a1 > 0", "np.sign(z1)"),)},
    ),
    Mistake(
        "times-a1",
        "multiplied by a1 itself, where its slope, 0 or 1, belongs",
        "the value for the derivative",
        "every batch shows it",
        {"dz1": ((MASK, "da1 * a1"),)},
    ),
    Mistake(
        "sigmoid-slope",
        "a1·(1 − a1) is the slope of a sigmoid; this unit is a ReLU",
        "copied from a sigmoid network",
        "every batch shows it",
        {
            "dz1": (
                (MASK, "da1 * a1 * (1 - a1)"),
                (MASK, "da1 * np.exp(-z1) / (1 + np.exp(-z1)) ** 2"),
            )
        },
    ),
    Mistake(
        "softplus-slope",
        "1/(1 + exp(−z1)) is the slope of a softplus; this unit is a ReLU",
        "a sigmoid for the mask",
        "every batch shows it",
        {"dz1": ((MASK, "da1 / (1 + np.exp(-z1))"),)},
    ),
    Mistake(
        "before-the-mask",
        "taken from da1, before the ReLU's mask, where dz1 belongs",
        "right in the notes only because da1 was masked in place",
        "hidden where every unit is active",
        {"db1": (("dz1", "da1"),), "dW1": (("dz1", "da1"),)},
    ),
    Mistake(
        "masked-in-place",
        "da1 was masked in place, so it is dz1 now (a second name, not a copy)",
        "dz1 = da1; dz1[a1 == 0] = 0",
        "hidden where every unit is active",
        {"da1": (("dz2 @ W2.T", "dz2 @ W2.T * (a1 > 0)"),)},
        remark=True,
    ),
    Mistake(
        "relu-forgotten",
        "the ReLU is missing, so a1 is z1",
        "two linear layers are one linear layer",
        "hidden where every unit is active",
        {"a1": ((RELU, "z1"),)},
    ),
    Mistake(
        "other-activation",
        "another activation where the ReLU belongs",
        "tanh, a sigmoid or a leaky unit for max(z1, 0)",
        "every batch shows it; a leaky one is hidden where every unit is active",
        {
            "a1": tuple(
                (RELU, new)
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
        "a1 is cut off above, where a ReLU has no upper end",
        "np.clip(z1, 0, 6), which is ReLU6",
        "shown by large z1",
        {"a1": tuple((RELU, f"np.clip(z1, 0, {top})") for top in ("1", "6", "10", "100", "1000"))},
    ),
    Mistake(
        "bias-after-the-relu",
        "the bias is added after the ReLU (it belongs into z1)",
        "np.maximum(X @ W1, 0) + b1",
        "hidden by b = 0, the usual start",
        {"a1": ((RELU, "np.maximum(z1 - b1, 0) + b1"),)},
    ),
    Mistake(
        "tanh-slope",
        "1 − a1² is the slope of tanh; this unit is a ReLU",
        "copied from a tanh network",
        "every batch shows it",
        {"dz1": ((MASK, "da1 * (1 - a1**2)"), (MASK, "da1 * (1 - np.tanh(z1) ** 2)"))},
    ),
    Mistake(
        "mask-alone",
        "the mask alone, without da1, the gradient from above",
        "np.where(z1 > 0, 1, 0)",
        "every batch shows it",
        {"dz1": ((MASK, "(a1 > 0) * 1.0"),)},
    ),
)
