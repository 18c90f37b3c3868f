"""The 1/N, the sign, and which rows are added up."""

from compare.checker.catalogue.mistake import Mistake
from compare.checker.catalogue.pieces import (
    BIASES,
    DATA,
    DATA_LOSS,
    GRADIENT,
    MEAN,
    SUM,
    WEIGHTS,
    at,
    rows,
)

BLOCKS = "np.concatenate([np.full((len(b), 1), 1 / len(b) / {k}) for b in {blocks}])"
UNEVEN = (
    *((f"min({k}, N)", f"np.array_split(np.arange(N), min({k}, N))") for k in (2, 3, 4, 5, 8)),
    *(
        (f"-(-N // {n})", f"np.split(np.arange(N), range({n}, N, {n}))")
        for n in (7, 10, 16, 30, 32, 60, 64, 67, 70, 90, 128)
    ),
)
BLOCK = (32, 10, 16, 50, 64, 100, 128)  # samples
LAST_BLOCK = tuple(f"[(N - 1) // {n} * {n} :]" for n in BLOCK)

ABOUT_MEAN: tuple[Mistake, ...] = (
    Mistake(
        "no-mean",
        "the 1/N is missing",
        "gradients N times too large; needs a tiny learning rate",
        "hidden by a batch of one sample",
        {
            "dz2": ((MEAN, "P - Y_ind"),),
            **at(*WEIGHTS, edits=((DATA, f"N * ({DATA})"),)),
            **at(*BIASES, edits=((SUM, f"N * {SUM}"),)),
            "loss": ((DATA_LOSS, "-(Y_ind * log_P).sum()"),),
        },
    ),
    Mistake(
        "mean-twice",
        "divided by N twice",
        "gradients N times too small; it hardly learns",
        "hidden by a batch of one sample",
        {
            "dz2": ((MEAN, f"{MEAN} / N"),),
            "da1": (("dz2 @ W2.T", "dz2 @ W2.T / N"),),
            **at(*WEIGHTS, edits=((DATA, f"{DATA} / N"),)),
            "loss": ((DATA_LOSS, f"{DATA_LOSS} / N"),),
        },
    ),
    Mistake(
        "mean-for-sum",
        "a mean where the sum over the samples belongs (the 1/N is there already)",
        "the bias hardly moves",
        "hidden by a batch of one sample",
        at(*BIASES, edits=((SUM, "{d}.mean(axis=0, keepdims=True)"),)),
    ),
    Mistake(
        "mean-over-elements",
        "divided by N·C, the number of elements, instead of N, the number of samples",
        "np.mean over the whole matrix",
        "every batch shows it",
        {
            "dz2": ((MEAN, "(P - Y_ind) / (N * C)"),),
            "loss": ((DATA_LOSS, "-(Y_ind * log_P).sum() / (N * C)"),),
        },
    ),
    Mistake(
        "two-over-n",
        "2/N where 1/N belongs (the 2 is the squared error's)",
        "twice too large",
        "every batch shows it",
        {"dz2": ((MEAN, "2 * (P - Y_ind) / N"),)},
    ),
    Mistake(
        "n-minus-one",
        "divided by N - 1, as a sample variance is",
        "nearly right",
        "shown by few samples",
        {"dz2": ((MEAN, "(P - Y_ind) / (N - 1)"),)},
    ),
    Mistake(
        "fixed-n",
        "divided by 200, whatever the number of samples is",
        "right on the batch of the notes, wrong on the last, shorter one",
        "hidden by a batch of 200",
        {"dz2": ((MEAN, "(P - Y_ind) / 200"),)},
    ),
    Mistake(
        "mean-of-block-means",
        "a mean of the means of blocks of different lengths",
        "gradient accumulation that is not the full batch's gradient",
        "hidden where all blocks are of one length",
        {
            "dz2": tuple(
                (MEAN, f"(P - Y_ind) * {BLOCKS.format(k=k, blocks=blocks)}") for k, blocks in UNEVEN
            )
        },
    ),
    Mistake(
        "sign",
        "the sign is swapped, as in Y_ind - P",
        "the loss rises",
        "every batch shows it",
        {
            "dz2": (("P - Y_ind", "Y_ind - P"),),
            "loss": ((DATA_LOSS, "(Y_ind * log_P).sum() / N"),),
        },
    ),
    Mistake(
        "indicator-added",
        "P + Y_ind, where the 1 is to be taken off at the true class",
        "P[range(N), y] += 1",
        "rows of dz2 no longer sum to 0",
        {"dz2": (("P - Y_ind", "P + Y_ind"),)},
    ),
    Mistake(
        "ascent",
        "the sign of the whole gradient is swapped, which climbs",
        "the loss rises",
        "every batch shows it",
        {
            **at(*WEIGHTS, edits=((GRADIENT, f"-({GRADIENT})"),)),
            **at(*BIASES, edits=((SUM, f"-{SUM}"),)),
        },
    ),
    Mistake(
        "indicator-missing",
        "Y_ind is not subtracted (at the true class, 1 is taken off P)",
        "dz2 = P / N",
        "rows of dz2 no longer sum to 0",
        {"dz2": ((MEAN, "P / N"),)},
    ),
    Mistake(
        "brackets-forgotten",
        "P − Y_ind/N, without brackets around P − Y_ind",
        "/ binds tighter than −",
        "hidden by a batch of one sample",
        {"dz2": ((MEAN, "P - Y_ind / N"),)},
    ),
    Mistake(
        "subtracted-after-the-mean",
        "P/N − Y_ind, which subtracts Y_ind after the division by N, not before",
        "P /= N; P[range(N), y] -= 1",
        "hidden by a batch of one sample",
        {"dz2": ((MEAN, "P / N - Y_ind"),)},
    ),
    Mistake(
        "indicator-assigned",
        "set to −1 at the true class, where 1 should be subtracted from P",
        "P[range(N), y] = -1, where -= belongs",
        "rows of dz2 no longer sum to 0",
        {
            "dz2": (
                ("P - Y_ind", "np.where(Y_ind == 1, -1, P)"),
                (MEAN, "np.where(Y_ind == 1, -1, P / N)"),
            )
        },
    ),
    Mistake(
        "scores-for-probabilities",
        "Y_ind is subtracted from the scores, not from P",
        "scores[range(N), y] -= 1",
        "every batch shows it",
        {
            "dz2": (
                ("P", "z2"),
                ("P", "(z2 - z2.max(axis=1, keepdims=True))"),
                (MEAN, "z2 - Y_ind"),
                (MEAN, "z2 - z2.max(axis=1, keepdims=True) - Y_ind"),
            )
        },
    ),
    Mistake(
        "sample-left-out",
        "a sample is left out, the first or the last",
        "range(N - 1), or range(1, N)",
        "every batch shows it",
        {
            "dz2": tuple(
                (MEAN, f"{MEAN} * (np.arange(N) {kept})[:, None]") for kept in ("< N - 1", "> 0")
            ),
            "loss": tuple(
                ("Y_ind * log_P", f"Y_ind * log_P * (np.arange(N) {kept})[:, None]")
                for kept in ("< N - 1", "> 0")
            ),
            **at(*WEIGHTS, edits=tuple((DATA, rows(some)) for some in ("[:-1]", "[1:]"))),
            **at(
                *BIASES,
                edits=(
                    (SUM, "{d}[:-1].sum(axis=0, keepdims=True)"),
                    (SUM, "{d}[1:].sum(axis=0, keepdims=True)"),
                ),
            ),
        },
        kinds={
            **dict.fromkeys(("N - 1)", "[:-1]"), "the last sample is left out"),
            **dict.fromkeys((" > 0)", "[1:]"), "the first sample is left out"),
        },
    ),
    Mistake(
        "sum-overwritten",
        "the last sample's alone, where the sum over all of them belongs",
        "= where += belongs",
        "hidden by a batch of one sample",
        {
            "loss": (
                (DATA_LOSS, "-(Y_ind * log_P)[-1].sum() / N"),
                (DATA_LOSS, "-(Y_ind * log_P)[-1].sum()"),
            ),
            **at(*WEIGHTS, edits=((DATA, rows("[-1:]")), (GRADIENT, rows("[-1:]")))),
            **at(*BIASES, edits=((SUM, "{d}[-1:]"),)),
            "da1": (("dz2 @ W2.T", "dz2[:, -1:] @ W2[:, -1:].T"),),
        },
    ),
    Mistake(
        "last-block-left-out",
        "the last block of samples is left out",
        "range(N // 32), range(0, N - 32, 32)",
        "hidden where the blocks are all of one length, or shown there alone",
        {
            "dz2": tuple(
                (MEAN, f"{MEAN} * (np.arange(N) < {kept})[:, None]")
                for n in BLOCK
                for kept in (f"N // {n} * {n}", f"(N - 1) // {n} * {n}")
            )
        },
    ),
    Mistake(
        "block-overwritten",
        "the last block's alone, since in the loop it is overwritten, not added up",
        "sums = grads, where sums + grads belongs",
        "hidden where one block has all samples",
        {
            "dz2": tuple(
                (MEAN, f"{MEAN} * (np.arange(N) >= (N - 1) // {n} * {n})[:, None]") for n in BLOCK
            ),
            **at(*WEIGHTS, edits=tuple((DATA, rows(last)) for last in LAST_BLOCK)),
            **at(
                *BIASES,
                edits=tuple(
                    (SUM, f"{{d}}{last}.sum(axis=0, keepdims=True)") for last in LAST_BLOCK
                ),
            ),
        },
    ),
    Mistake(
        "first-rows-only",
        "only the first rows of the batch are used",
        "a number of samples that is built in",
        "shown by long batches",
        {
            "dz2": tuple(
                (MEAN, f"{MEAN} * (np.arange(N) < {rows})[:, None]")
                for rows in (100, 128, 200, 256, 500, 512, 1000, 1024)
            )
        },
    ),
)
