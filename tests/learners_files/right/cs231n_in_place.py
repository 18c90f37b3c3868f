import numpy as np


class TwoLayerNet(object):

    def __init__(self, input_size, hidden_size, output_size, std=1e-4):
        self.params = {}
        self.params['W1'] = std * np.random.randn(input_size, hidden_size)
        self.params['b1'] = np.zeros(hidden_size)
        self.params['W2'] = std * np.random.randn(hidden_size, output_size)
        self.params['b2'] = np.zeros(output_size)

    def loss(self, X, y=None, reg=0.0):
        W1, b1, W2, b2 = (self.params[k] for k in ('W1', 'b1', 'W2', 'b2'))
        N = X.shape[0]
        grads = {}

        # one buffer for everything of shape (N, H)
        out = X.dot(W1)
        out += b1
        np.maximum(out, 0, out=out)
        active = out > 0
        scores = out.dot(W2)
        scores += b2
        if y is None:
            return scores

        # and one for everything of shape (N, C)
        scores -= scores.max(axis=1, keepdims=True)
        correct = scores[np.arange(N), y]
        np.exp(scores, out=scores)
        total = scores.sum(axis=1)
        loss = (np.log(total) - correct).sum() / N
        loss += 0.5 * reg * (W1.ravel().dot(W1.ravel()) + W2.ravel().dot(W2.ravel()))

        scores /= total[:, None]
        scores[np.arange(N), y] -= 1
        scores /= N
        grads['W2'] = out.T.dot(scores)
        grads['W2'] += reg * W2
        grads['b2'] = scores.sum(axis=0)
        np.dot(scores, W2.T, out=out)
        out *= active
        grads['W1'] = X.T.dot(out)
        grads['W1'] += reg * W1
        grads['b1'] = out.sum(axis=0)
        return loss, grads
