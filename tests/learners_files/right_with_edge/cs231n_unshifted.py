"""Edge: exp without a shift overflows once a score exceeds 709."""
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

        z1 = X.dot(W1) + b1
        a1 = np.maximum(0, z1)
        scores = a1.dot(W2) + b2
        if y is None:
            return scores

        exp_scores = np.exp(scores)
        row_sum = exp_scores.sum(axis=1).reshape(N, 1)
        norm_prob = exp_scores / row_sum
        loss = np.sum(-scores[np.arange(N), y] + np.log(row_sum[:, 0])) / N
        loss += 0.5 * reg * (np.sum(W1 ** 2) + np.sum(W2 ** 2))

        grads = {}
        norm_prob[np.arange(N), y] -= 1
        norm_prob = norm_prob / N
        grads['W2'] = a1.T.dot(norm_prob) + reg * W2
        grads['b2'] = norm_prob.sum(axis=0)
        dz1 = norm_prob.dot(W2.T) * (z1 > 0)
        grads['W1'] = X.T.dot(dz1) + reg * W1
        grads['b1'] = dz1.sum(axis=0)
        return loss, grads
