import numpy as np


class TwoLayerNet:
    def __init__(self, input_size, hidden_size, output_size, std=1e-4):
        rng = np.random.default_rng()
        self.params = dict(
            W1=std * rng.standard_normal((input_size, hidden_size)),
            b1=np.zeros(hidden_size),
            W2=std * rng.standard_normal((hidden_size, output_size)),
            b2=np.zeros(output_size),
        )

    def scores(self, X):
        hidden = (X @ self.params["W1"] + self.params["b1"]).clip(0)
        return hidden, hidden @ self.params["W2"] + self.params["b2"]

    def regularization(self, reg):
        return 0.5 * reg * sum((self.params[w] ** 2).sum() for w in ("W1", "W2"))

    def loss(self, X, y=None, reg=0.0):
        hidden, scores = self.scores(X)
        if y is None:
            return scores

        index = y.reshape(-1, 1)
        scores = scores - scores.max(axis=1, keepdims=True)
        log_z = np.log(np.exp(scores).sum(axis=1, keepdims=True))
        loss = (log_z - np.take_along_axis(scores, index, 1)).mean()

        dscores = np.exp(scores - log_z)
        np.add.at(dscores, (np.arange(len(y)), y), -1.0)
        dscores /= len(y)

        dhidden = dscores @ self.params["W2"].T
        np.putmask(dhidden, hidden == 0, 0.0)

        grads = {
            "W2": hidden.T @ dscores,
            "b2": dscores.sum(0),
            "W1": X.T @ dhidden,
            "b1": dhidden.sum(0),
        }
        for w in ("W1", "W2"):
            grads[w] += reg * self.params[w]
        return loss + self.regularization(reg), grads
