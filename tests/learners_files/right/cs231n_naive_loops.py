import numpy as np


class TwoLayerNet(object):
    """The naive version, with explicit loops. TODO: vectorize."""

    def __init__(self, input_size, hidden_size, output_size, std=1e-4):
        self.params = {}
        self.params['W1'] = std * np.random.randn(input_size, hidden_size)
        self.params['b1'] = np.zeros(hidden_size)
        self.params['W2'] = std * np.random.randn(hidden_size, output_size)
        self.params['b2'] = np.zeros(output_size)

    def loss(self, X, y=None, reg=0.0):
        W1, b1 = self.params['W1'], self.params['b1']
        W2, b2 = self.params['W2'], self.params['b2']
        num_train = X.shape[0]
        num_classes = W2.shape[1]

        pre = X.dot(W1) + b1
        hidden = pre.copy()
        hidden[hidden < 0] = 0
        scores = hidden.dot(W2) + b2
        if y is None:
            return scores

        loss = 0.0
        dW1 = np.zeros_like(W1)
        db1 = np.zeros_like(b1)
        dW2 = np.zeros_like(W2)
        db2 = np.zeros_like(b2)

        for i in range(num_train):
            f = scores[i] - np.max(scores[i])
            sum_j = np.sum(np.exp(f))
            loss += -f[y[i]] + np.log(sum_j)
            dh = np.zeros_like(hidden[i])
            for k in range(num_classes):
                p_k = np.exp(f[k]) / sum_j
                d_k = (p_k - (k == y[i])) / num_train
                dW2[:, k] += d_k * hidden[i]
                db2[k] += d_k
                dh += d_k * W2[:, k]
            dh *= pre[i] > 0
            dW1 += np.outer(X[i], dh)
            db1 += dh

        loss /= num_train
        loss += 0.5 * reg * np.sum(W1 * W1) + 0.5 * reg * np.sum(W2 * W2)
        dW1 += reg * W1
        dW2 += reg * W2

        grads = {'W1': dW1, 'b1': db1, 'W2': dW2, 'b2': db2}
        return loss, grads
