import argparse

import numpy as np

parser = argparse.ArgumentParser(description="Train the two-layer net")
parser.add_argument("--hidden", type=int, default=10)
parser.add_argument("--lr", type=float, default=0.5)
parser.add_argument("--steps", type=int, default=100)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()

rng = np.random.default_rng(args.seed)


def softmax(scores):
    exps = np.exp(scores - scores.max(axis=1, keepdims=True))
    return exps / exps.sum(axis=1, keepdims=True)


def backward(X, y, W1, b1, W2, b2, reg):
    N = X.shape[0]
    hidden = X @ W1 + b1
    np.maximum(hidden, 0, out=hidden)
    scores = hidden @ W2 + b2

    dscores = softmax(scores)
    dscores[range(N), y] -= 1
    dscores *= 1 / N

    dW2 = hidden.T @ dscores
    dW2 += reg * W2
    db2 = dscores.sum(axis=0)
    dhidden = dscores @ W2.T
    dhidden *= hidden > 0
    dW1 = X.T @ dhidden
    dW1 += reg * W1
    db1 = dhidden.sum(axis=0)
    return [dW1, db1, dW2, db2]


def main():
    X = rng.normal(size=(200, 4))
    y = rng.integers(0, 3, size=200)
    params = [0.1 * rng.normal(size=(4, args.hidden)), np.zeros((1, args.hidden)),
              0.1 * rng.normal(size=(args.hidden, 3)), np.zeros((1, 3))]
    for _ in range(args.steps):
        for p, g in zip(params, backward(X, y, *params, 1e-3)):
            p -= args.lr * g


if __name__ == "__main__":
    main()
