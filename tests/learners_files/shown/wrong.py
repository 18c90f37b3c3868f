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
        C = b2.shape[0]

        Z1 = np.dot(X, W1) + b1
        A1 = np.maximum(0, Z1)
        scores = np.dot(A1, W2) + b2
        if y is None:
            return scores

        labels = np.zeros((N, C))
        labels[np.arange(N), y] = 1

        scores = scores - np.max(scores, axis=1, keepdims=True)
        exp_scores = np.exp(scores)
        probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)

        log_probs = scores - np.log(np.sum(exp_scores, axis=1, keepdims=True))
        cross_entropy = -np.sum(labels * log_probs) / N
        penalty = 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
        loss = cross_entropy + penalty

        grads = {}
        dscores = (labels - probs) / N
        grads['W2'] = np.dot(A1.T, dscores) + reg * W2
        grads['b2'] = np.sum(dscores, axis=0)
        dA1 = np.dot(dscores, W2.T)
        dZ1 = dA1 * (A1 > 0)
        grads['W1'] = np.dot(X.T, dZ1) + reg * W1
        grads['b1'] = np.sum(dZ1, axis=0)

        return loss, grads
