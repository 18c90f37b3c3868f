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

    layer1 = X.dot(W1) + b1
    relu1 = np.maximum(layer1, 0)
    scores = relu1.dot(W2) + b2
    if y is None:
      return scores

    stable = scores - scores.max(axis=1)[:, np.newaxis]
    total = np.exp(stable).sum(axis=1)
    loss = np.sum(np.log(total)) - np.sum(stable[np.arange(N), y])
    loss = loss / N
    loss += 0.5 * reg * np.sum(W1 * W1)
    loss += 0.5 * reg * np.sum(W2 * W2)

    # gradients of the sum over the batch
    dS = np.exp(stable) / total[:, np.newaxis]
    dS[np.arange(N), y] -= 1
    dW2 = relu1.T.dot(dS)
    db2 = dS.sum(axis=0)
    dR = dS.dot(W2.T)
    dR[layer1 <= 0] = 0
    dW1 = X.T.dot(dR)
    db1 = dR.sum(axis=0)

    # average over the batch
    dW2 /= N
    db2 /= N
    dW1 /= N
    db1 /= N

    # regularization
    dW2 += reg * W2
    dW1 += reg * W1

    grads = {'W1': dW1, 'b1': db1, 'W2': dW2, 'b2': db2}
    return loss, grads
