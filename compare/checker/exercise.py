"""The file that a learner starts from."""

import re
import shlex

from compare.checker.lines import RIGHT, STEPS

EXERCISE = '''\
{quotes}My backward pass. Check it:  python -m compare check {name}

    N samples, D features, H hidden units, C classes

    X (N, D)     y (N,)  class of each sample, 0 to C - 1
    W1 (D, H)    b1 (1, H)
    W2 (H, C)    b2 (1, C)
    reg          a number

    L = -(1/N) sum_i log P[i, y_i] + 1/2 reg (sum W1^2 + sum W2^2)
"""

import numpy as np


def backward(X, y, W1, b1, W2, b2, reg):
    # Forward
    z1 = None  # (N, H)  first layer, before the ReLU
    a1 = None  # (N, H)  after the ReLU
    z2 = None  # (N, C)  scores
    P = None  # (N, C)  softmax of the scores, row by row
    Y_ind = None  # (N, C)  Y_ind[i, k] = 1 if sample i is of class k, else 0
    loss = None  # a number

    # Backward: d... is the gradient of the loss by ...
    dz2 = None  # (N, C)
    dW2 = None  # (H, C)
    db2 = None  # (1, C)
    da1 = None  # (N, H)
    dz1 = None  # (N, H)
    dW1 = None  # (D, H)
    db1 = None  # (1, H)

    # The four gradients are needed. Each other value that you return helps to find the wrong line.
    values = {{
        "z1": z1, "a1": a1, "z2": z2, "P": P, "Y_ind": Y_ind, "loss": loss, "dz2": dz2,
        "dW2": dW2, "db2": db2, "da1": da1, "dz1": dz1, "dW1": dW1, "db1": db1,
    }}
    return {{name: value for name, value in values.items() if value is not None}}
'''


def exercise(name: str, first: str = STEPS[0]) -> str:
    """The text of a file called `name`, with the steps before `first` given."""
    quoted = shlex.quote(name)
    raw = "r" if "\\" in quoted else ""  # in a folder of Windows'
    text = EXERCISE.format(quotes=f'{raw}"""', name=quoted.replace('"""', ""))
    given = STEPS[: STEPS.index(first)]
    for step in given:
        # What P has computed already, the loss takes from there.
        new = (line for line in RIGHT[step].splitlines() if f"    {line}\n" not in text)
        lines = "\n".join(f"    {line}".replace("np.log(np.exp(s)", "np.log(E") for line in new)
        todo = re.search(rf"^    {step} = None.*$", text, flags=re.MULTILINE)
        assert todo is not None
        text = text.replace(todo[0], lines)
    sizes = "    N, C = len(X), W2.shape[1]\n" if given else ""
    return text.replace("    # Forward\n", f"{sizes}    # Forward\n")
