"""The penalty: reg · W in the gradients, ½ reg W² in the loss."""

from compare.checker.catalogue.mistake import Mistake
from compare.checker.catalogue.pieces import (
    BIASES,
    DATA,
    DATA_LOSS,
    GRADIENT,
    PENALTY,
    PENALTY_LOSS,
    SQUARES,
    SUM,
    WEIGHTS,
    at,
)

ABOUT_PENALTY: tuple[Mistake, ...] = (
    Mistake(
        "reg-missing",
        "the gradient of the penalty, reg·W, is missing",
        "weights grow as if there were no regularisation",
        "hidden by reg = 0",
        at(*WEIGHTS, edits=((GRADIENT, DATA),)),
    ),
    Mistake(
        "reg-sign",
        "the penalty is subtracted, which makes the weights grow",
        "weights explode",
        "hidden by reg = 0",
        at(*WEIGHTS, edits=((GRADIENT, f"{DATA} - {PENALTY}"),)),
    ),
    Mistake(
        "reg-over-n",
        "reg·W is divided by N too, and the penalty in the loss is not",
        "regularisation seems to do nothing",
        "hidden by reg = 0, and by a batch of one sample",
        at(*WEIGHTS, edits=((PENALTY, "reg / N * {p}"),)),
    ),
    Mistake(
        "reg-times-n",
        "the penalty is N times too large (the 1/N is the data's alone)",
        "weights shrink to nothing",
        "hidden by reg = 0, and by a batch of one sample",
        at(*WEIGHTS, edits=((PENALTY, "reg * N * {p}"),)),
    ),
    Mistake(
        "reg-doubled",
        "2·reg·W, the gradient of reg·W² and not of ½·reg·W²",
        "another convention of the loss",
        "hidden by reg = 0",
        at(*WEIGHTS, edits=((PENALTY, "2 * reg * {p}"),)),
    ),
    Mistake(
        "reg-halved",
        "½·reg·W (the ½ belongs to the loss, and its gradient has none)",
        "the ½ differentiated away once too little",
        "hidden by reg = 0",
        at(*WEIGHTS, edits=((PENALTY, "0.5 * reg * {p}"),)),
    ),
    Mistake(
        "reg-of-the-square",
        "reg·W², the penalty's value where its slope belongs",
        "regularisation that forgets the sign of W",
        "hidden by reg = 0",
        at(
            *WEIGHTS,
            edits=((PENALTY, "reg * {p}**2"), (PENALTY, "0.5 * reg * ({p} * {p}).sum()")),
        ),
    ),
    Mistake(
        "bias-regularised",
        "the bias is regularised, and the loss has no such term",
        "reg·b too much",
        "hidden by b = 0, the usual start",
        at(*BIASES, edits=((SUM, f"{SUM} + {PENALTY}"),)),
    ),
    Mistake(
        "penalty-without-half",
        "the penalty in the loss lacks its ½",
        "reg·W² for ½·reg·W²",
        "hidden by reg = 0",
        {"loss": (("0.5 * reg", "reg"),)},
    ),
    Mistake(
        "loss-without-penalty",
        "the loss without its penalty, which is another convention",
        "the data loss alone",
        "hidden by reg = 0",
        {"loss": ((f"{DATA_LOSS} + {PENALTY_LOSS}", DATA_LOSS),)},
        remark=True,
    ),
    *(
        Mistake(
            f"penalty-without-{missing.lower()}",
            f"the penalty of {missing} is missing in the loss",
            f"{kept}'s square alone",
            "hidden by reg = 0",
            {"loss": ((SQUARES, f"({kept}**2).sum()"),)},
        )
        for missing, kept in (("W1", "W2"), ("W2", "W1"))
    ),
    Mistake(
        "penalty-of-the-biases",
        "the loss has a penalty of the biases, and the gradients have none",
        "½·reg·b² too much",
        "hidden by reg = 0, and by b = 0",
        {"loss": ((SQUARES, f"{SQUARES} + (b1**2).sum() + (b2**2).sum()"),)},
    ),
    Mistake(
        "penalty-over-n",
        "the penalty in the loss is divided by N, too (the 1/N is the data's alone)",
        "λ/2m, which is another convention, for reg/2",
        "hidden by reg = 0, and by a batch of one sample",
        {"loss": (("0.5 * reg", "0.5 * reg / N"), ("0.5 * reg", "reg / N"))},
    ),
    Mistake(
        "penalty-without-reg",
        "the penalty in the loss is not multiplied by reg",
        "½·W² for ½·reg·W²",
        "every batch shows it",
        {"loss": (("0.5 * reg", "0.5"), ("0.5 * reg", "1.0"))},
    ),
    Mistake(
        "penalty-subtracted",
        "the penalty in the loss is subtracted, not added",
        "large weights make the loss small",
        "hidden by reg = 0",
        {"loss": (("0.5 * reg", "-0.5 * reg"),)},
    ),
    Mistake(
        "norm-for-its-square",
        "the penalty in the loss has the norm of W, not its square",
        "np.linalg.norm(W) for np.sum(W**2)",
        "hidden by reg = 0",
        {
            "loss": tuple(
                (PENALTY_LOSS, f"{factor}reg * (np.sqrt((W1**2).sum()) + np.sqrt((W2**2).sum()))")
                for factor in ("0.5 * ", "")
            )
        },
    ),
    Mistake(
        "absolute-value-for-the-square",
        "the penalty in the loss has |W|, not W²",
        "L1 for L2",
        "hidden by reg = 0",
        {
            "loss": tuple(
                (PENALTY_LOSS, f"{factor}reg * (abs(W1).sum() + abs(W2).sum())")
                for factor in ("", "0.5 * ")
            )
        },
    ),
    Mistake(
        "reg-forgotten-in-the-penalty",
        "the penalty's slope without reg, W for reg·W",
        "+ W where + reg * W belongs",
        "every batch shows it",
        at(*WEIGHTS, edits=((PENALTY, "{p}"),)),
    ),
    Mistake(
        "l1-penalty",
        "sign(W) is the slope of |W|; the penalty here is ½·W²",
        "L1 for L2",
        "hidden by reg = 0",
        at(*WEIGHTS, edits=((PENALTY, "reg * np.sign({p})"),)),
    ),
    Mistake(
        "data-part-missing",
        "the penalty's slope alone (the data's gradient is overwritten)",
        "= where += belongs",
        "every batch shows it",
        at(*WEIGHTS, edits=((GRADIENT, PENALTY),)),
    ),
    Mistake(
        "reg-times-all",
        "reg multiplies the data's gradient, too (brackets in the wrong place)",
        "reg * (X.T @ d + W)",
        "hidden by reg = 1",
        at(
            *WEIGHTS,
            edits=(
                (GRADIENT, f"reg * ({DATA} + {{p}})"),
                (GRADIENT, f"reg * ({DATA}) + {{p}}"),
            ),
        ),
    ),
)
