import numpy as np


class TwoLayerNet(object):
    def __init__(self, input_size, hidden_size, output_size, std=1e-4):
        self.params = {}
        self.params['W1'] = std * np.random.randn(input_size, hidden_size)
        self.params['b1'] = np.zeros(hidden_size)
        self.params['W2'] = std * np.random.randn(hidden_size, output_size)
        self.params['b2'] = np.zeros(output_size)

    def loss(self, X, y=None, reg=0.0):
        p = self.params
        num = len(X)

        s1 = X @ p['W1'] + p['b1']
        relu_mask = np.zeros_like(s1)
        relu_mask[s1 > 0] = 1.0
        h = s1 * relu_mask
        s2 = h @ p['W2'] + p['b2']
        if y is None:
            return s2

        s2 = s2 - s2.max(axis=1, keepdims=True)
        e2 = np.exp(s2)
        norm = e2.sum(axis=1, keepdims=True)
        q = e2 / norm
        loss = np.mean(np.log(norm[:, 0]) - s2[np.arange(num), y])
        loss += 0.5 * reg * (np.sum(p['W1'] ** 2) + np.sum(p['W2'] ** 2))

        y_mask = np.zeros_like(q)
        y_mask[np.arange(num), y] = 1.0
        ds2 = q / num - y_mask / num
        dh = ds2 @ p['W2'].T
        ds1 = dh * relu_mask

        grads = {}
        grads['W1'] = X.T @ ds1 + reg * p['W1']
        grads['b1'] = ds1.sum(axis=0)
        grads['W2'] = h.T @ ds2 + reg * p['W2']
        grads['b2'] = ds2.sum(axis=0)
        return loss, grads
