"""Edge: dhidden is set to 0 only where the input is below 0, so at exactly 0 it passes."""
import numpy as np


class TwoLayerNet(object):
    def __init__(self, input_size, hidden_size, output_size, std=1e-4):
        self.params = {}
        self.params['W1'] = std * np.random.randn(input_size, hidden_size)
        self.params['b1'] = np.zeros(hidden_size)
        self.params['W2'] = std * np.random.randn(hidden_size, output_size)
        self.params['b2'] = np.zeros(output_size)

    def loss(self, X, y=None, reg=0.0):
        W1, b1 = self.params['W1'], self.params['b1']
        W2, b2 = self.params['W2'], self.params['b2']
        N, D = X.shape

        fc1 = np.dot(X, W1) + b1
        relu = np.maximum(fc1, 0)
        fc2 = np.dot(relu, W2) + b2
        if y is None:
            return fc2

        fc2 -= np.max(fc2, axis=1, keepdims=True)
        log_sum = np.log(np.sum(np.exp(fc2), axis=1, keepdims=True))
        loss = -np.mean((fc2 - log_sum)[np.arange(N), y])
        loss += 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))

        dfc2 = np.exp(fc2 - log_sum)
        dfc2[np.arange(N), y] -= 1
        dfc2 = dfc2 / N
        dW2 = np.dot(relu.T, dfc2) + reg * W2
        db2 = np.sum(dfc2, axis=0)
        drelu = np.dot(dfc2, W2.T)
        drelu[fc1 < 0] = 0
        dW1 = np.dot(X.T, drelu) + reg * W1
        db1 = np.sum(drelu, axis=0)

        grads = {'W1': dW1, 'b1': db1, 'W2': dW2, 'b2': db2}
        return loss, grads
