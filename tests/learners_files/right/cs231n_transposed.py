import numpy as np


class TwoLayerNet(object):
    def __init__(self, input_size, hidden_size, output_size, std=1e-4):
        self.params = {}
        self.params['W1'] = std * np.random.randn(input_size, hidden_size)
        self.params['b1'] = np.zeros(hidden_size)
        self.params['W2'] = std * np.random.randn(hidden_size, output_size)
        self.params['b2'] = np.zeros(output_size)

    def loss(self, X, y=None, reg=0.0):
        W1, W2 = self.params['W1'], self.params['W2']
        # column vectors
        b1 = self.params['b1'].reshape(-1, 1)
        b2 = self.params['b2'].reshape(-1, 1)
        N = X.shape[0]

        z = W1.T.dot(X.T) + b1                    # H x N
        a = np.maximum(z, 0)
        f = W2.T.dot(a) + b2                      # C x N
        if y is None:
            return f.T

        f = f - f.max(axis=0)
        lse = np.log(np.exp(f).sum(axis=0))       # N
        logp = f - lse
        data = -logp[y, np.arange(N)].sum() / N
        loss = data + 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))

        df = np.exp(logp)
        df[y, np.arange(N)] -= 1.0
        df /= N
        da = W2.dot(df)                           # H x N
        dz = da * (z > 0)

        grads = {}
        grads['W2'] = a.dot(df.T) + reg * W2
        grads['b2'] = df.sum(axis=1)
        grads['W1'] = dz.dot(X).T + reg * W1
        grads['b1'] = dz.sum(axis=1)
        return loss, grads
