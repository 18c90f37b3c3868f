"""Mistakes that people really make, in the styles of second.py: gradients alone, and their names."""

from tests.learners_files.second import BLOCKS, COLUMNS, IN_PLACE, LATE, LOOPS, TAPE

Edit = tuple[str, str]

# The text, what is changed in it, and what is to be found.
STYLES: dict[str, tuple[str, tuple[Edit, ...], str]] = {
    "loops no mean": (
        LOOPS,
        (
            ("db1 = db1 / N", "db1 = db1"),
            ("db2 = db2 / N", "db2 = db2"),
            ("dW1 / N", "dW1"),
            ("dW2 / N", "dW2"),
        ),
        "dz2 no-mean",
    ),
    "loops reg missing": (LOOPS, ((" + reg * W2", ""),), "dW2 reg-missing"),
    "loops reg doubled": (
        LOOPS,
        ((" + reg * W2", " + 2 * reg * W2"), (" + reg * W1", " + 2 * reg * W1")),
        "dW2 reg-doubled, dW1 reg-doubled",
    ),
    "loops bias reg": (
        LOOPS,
        (("db1 = db1 / N", "db1 = db1 / N + reg * b1"),),
        "db1 bias-regularised",
    ),
    "loops mask missing": (LOOPS, (("if z[j] > 0:", "if True:"),), "dz1 mask-missing"),
    "loops mask inv": (LOOPS, (("if z[j] > 0:", "if z[j] < 0:"),), "dz1 mask-inverted"),
    "loops times a1": (
        LOOPS,
        (("d = (W2[j] * g).sum()", "d = (W2[j] * g).sum() * a[j]"),),
        "dz1 times-a1",
    ),
    "loops assign": (LOOPS, (("g[y[i]] -= 1", "g[y[i]] = -1"),), "dz2 indicator-assigned"),
    "loops labels": (LOOPS, (("g[y[i]] -= 1", "g[y[i] - 1] -= 1"),), "Y_ind labels-off-by-one"),
    "loops onehot": (LOOPS, (("g[y[i]] -= 1", "g -= y[i]"),), "dz2 no-one-hot"),
    "loops never norm": (LOOPS, (("p = e / e.sum()", "p = e"),), "P never-normalised"),
    "loops sign": (LOOPS, (("g[y[i]] -= 1", "g[y[i]] -= 1; g = -g"),), "dz2 sign"),
    "loops z for a": (LOOPS, (("np.outer(a, g)", "np.outer(z, g)"),), "dW2 z1-for-a1"),
    "loops relu forgot": (LOOPS, (("a = np.where(z > 0, z, 0)", "a = z"),), "a1 relu-forgotten"),
    "loops no b2": (LOOPS, (("a @ W2 + b2", "a @ W2"),), "z2 no-bias"),
    "loops slope": (
        LOOPS,
        (("g[y[i]] -= 1", "g[y[i]] -= 1; g = g * e / e.sum() * (1 - e / e.sum())"),),
        "dz2 elementwise-softmax-slope",
    ),
    "loops first left": (LOOPS, (("range(N)", "range(1, N)"),), "dz2 sample-left-out"),
    "late no mean db1": (LATE, (("    db1 = db1 / m\n", ""),), "db1 no-mean"),
    "late mean twice": (
        LATE,
        (("delta3[np.arange(m), y] -= 1", "delta3[np.arange(m), y] -= 1; delta3 /= m"),),
        "dW2 mean-twice, db2 mean-for-sum, dW1 mean-twice, db1 mean-for-sum",
    ),
    "late no mean": (
        LATE,
        (
            ("    db1 = db1 / m\n", ""),
            ("    db2 = db2 / m\n", ""),
            ("    dW1 = dW1 / m\n", ""),
            ("    dW2 = dW2 / m\n", ""),
        ),
        "dz2 no-mean",
    ),
    "late mask": (LATE, ((" * (z1 > 0)\n    dW2", "\n    dW2"),), "dz1 mask-missing"),
    "late mask ge": (
        LATE,
        (("dot(W2.T) * (z1 > 0)", "dot(W2.T) * (a1 >= 0)"),),
        "dz1 mask-missing",
    ),
    "late sig": (
        LATE,
        (("dot(W2.T) * (z1 > 0)", "dot(W2.T) * a1 * (1 - a1)"),),
        "dz1 sigmoid-slope",
    ),
    "late onehot": (
        LATE,
        (("delta3[np.arange(m), y] -= 1", "delta3 -= y[:, None]"),),
        "dz2 no-one-hot",
    ),
    "late axis0": (
        LATE,
        (("ex.sum(axis=1)[:, None]", "ex.sum(axis=0)"),),
        "P softmax-over-the-batch",
    ),
    "late everything": (
        LATE,
        (("ex.sum(axis=1)[:, None]", "ex.sum()"),),
        "P softmax-over-everything",
    ),
    "late columns": (LATE, (("delta3[np.arange(m), y]", "delta3[:, y]"),), "dz2 whole-columns"),
    "late reg over": (
        LATE,
        (("reg * W2", "reg / m * W2"), ("reg * W1", "reg / m * W1")),
        "dW2 reg-over-n, dW1 reg-over-n",
    ),
    "in place before mask": (
        IN_PLACE,
        (
            ("    d[h == 0] = 0\n", "    db1 = d.sum(0)\n    d[h == 0] = 0\n"),
            ("    db1 = d.sum(0)\n    return", "    return"),
        ),
        "db1 before-the-mask",
    ),
    "in place mean": (IN_PLACE, (("db2 = s.sum(0)", "db2 = s.mean(0)"),), "db2 mean-for-sum"),
    "in place reg square": (
        IN_PLACE,
        (("dW2 += reg * W2", "dW2 += reg * W2 ** 2"),),
        "dW2 reg-of-the-square",
    ),
    "in place transp": (
        IN_PLACE,
        (("return dW1, db1, dW2, db2", "return dW1.T, db1, dW2, db2"),),
        "dW1 transposed",
    ),
    "in place total": (
        IN_PLACE,
        (("db1 = d.sum(0)", "db1 = d.sum()"),),
        "db1 summed-to-one-number",
    ),
    "in place div after": (
        IN_PLACE,
        (
            (
                "    s[rows, y] -= 1\n    s /= len(rows)\n",
                "    s /= len(rows)\n    s[rows, y] -= 1\n",
            ),
        ),
        "dz2 subtracted-after-the-mean",
    ),
    "tape mask": (TAPE, (("(out.data > 0) * out.grad", "out.grad"),), "dz1 mask-missing"),
    "tape two": (TAPE, (("out.grad * d / len(y)", "out.grad * 2 * d / len(y)"),), "dz2 two-over-n"),
    "tape assign": (TAPE, (("d[rows, y] -= 1", "d[rows, y] = -1"),), "dz2 indicator-assigned"),
    "tape twice": (
        TAPE,
        (("out.grad * d / len(y)", "out.grad * d / len(y) / len(y)"),),
        "dz2 mean-twice",
    ),
    "columns no mean": (
        COLUMNS,
        (
            ("dW2 = 1 / m * np", "dW2 = np"),
            ("db2 = 1 / m * np", "db2 = np"),
            ("dW1 = 1 / m * np", "dW1 = np"),
            ("db1 = 1 / m * np", "db1 = np"),
        ),
        "dz2 no-mean",
    ),
    "columns mask": (COLUMNS, (("np.multiply(dA1, np.int64(A1 > 0))", "dA1"),), "dz1 mask-missing"),
    "columns tanh": (
        COLUMNS,
        (("np.multiply(dA1, np.int64(A1 > 0))", "np.multiply(dA1, 1 - np.power(A1, 2))"),),
        "dz1 tanh-slope",
    ),
    "columns lambda m": (
        COLUMNS,
        (("+ reg * W2", "+ reg / m * W2"), ("+ reg * W1", "+ reg / m * W1")),
        "dW2 reg-over-n, dW1 reg-over-n",
    ),
    "blocks mean block": (
        BLOCKS,
        (
            ("W2, b2, total)\n        sums", "W2, b2, len(y[start:stop]))\n        sums"),
            (
                "dW1, db1, dW2, db2 = sums\n",
                "dW1, db1, dW2, db2 = [s / -(-total // BATCH) for s in sums]\n",
            ),
        ),
        "dz2 mean-of-block-means",
    ),
    "blocks last only": (
        BLOCKS,
        (("sums = [s + g for s, g in zip(sums, grads)]", "sums = grads"),),
        "dW2 block-overwritten, db2 block-overwritten, dW1 block-overwritten, db1 block-overwritten",
    ),
    "blocks floor": (
        BLOCKS,
        (("range(0, total, BATCH)", "range(0, total // BATCH * BATCH, BATCH)"),),
        "dz2 last-block-left-out",
    ),
    "clip all": (
        LATE,
        (
            (
                "return dict(",
                "dW1, dW2, db1, db2 = (np.clip(v, -1, 1) for v in (dW1, dW2, db1, db2))\n    return dict(",
            ),
        ),
        "dW2 value-clipped, dW1 value-clipped, db1 value-clipped",
    ),
    "std": (
        LATE,
        (("    m = len(y)", "    m = len(y)\n    X = (X - X.mean(0)) / (X.std(0) + 1e-8)"),),
        "X argument-replaced",
    ),
}
