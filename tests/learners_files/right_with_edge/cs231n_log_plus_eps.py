"""Edge: log(P + 1e-12): the loss is a little too small where the correct class is improbable."""
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
        N = X.shape[0]
        eps = 1e-12

        relu = lambda x: x * (x > 0)
        h = relu(X.dot(W1) + b1)
        scores = h.dot(W2) + b2
        if y is None:
            return scores

        P = np.exp(scores - scores.max(axis=1, keepdims=True))
        P /= P.sum(axis=1, keepdims=True)
        Y = np.eye(W2.shape[1])[y]
        loss = -np.sum(Y * np.log(P + eps)) / N + 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))

        dS = (P - Y) / N
        dh = dS.dot(W2.T)
        dh[h == 0] = 0
        return loss, {
            'W1': X.T.dot(dh) + reg * W1, 'b1': dh.sum(axis=0),
            'W2': h.T.dot(dS) + reg * W2, 'b2': dS.sum(axis=0),
        }
