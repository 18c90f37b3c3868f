from __future__ import print_function

import numpy as np


class TwoLayerNet(object):
  """
  Fully-connected net with an input dimension of D, a hidden layer of H units
  and C classes, trained with a softmax loss and L2 regularization.
  """

  def __init__(self, input_size, hidden_size, output_size, std=1e-4):
    self.params = {}
    self.params['W1'] = std * np.random.randn(input_size, hidden_size)
    self.params['b1'] = np.zeros(hidden_size)
    self.params['W2'] = std * np.random.randn(hidden_size, output_size)
    self.params['b2'] = np.zeros(output_size)

  def loss(self, X, y=None, reg=0.0):
    """
    Returns the scores if y is None, otherwise a tuple of the loss and the gradients.
    """
    W1, b1 = self.params['W1'], self.params['b1']
    W2, b2 = self.params['W2'], self.params['b2']
    num_train, dim = X.shape

    scores = None
    #############################################################################
    # TODO: Perform the forward pass, computing the class scores for the input. #
    #############################################################################
    z1 = X.dot(W1) + b1
    h1 = np.where(z1 > 0, z1, 0)
    scores = h1.dot(W2) + b2
    #############################################################################
    #                              END OF YOUR CODE                             #
    #############################################################################

    if y is None:
      return scores

    loss = None
    #############################################################################
    # TODO: Finish the forward pass, and compute the loss.                      #
    #############################################################################
    scores_max = np.max(scores, axis=1).reshape(-1, 1)
    scores_norm = scores - scores_max
    correct = scores_norm[np.arange(num_train), y]
    denom = np.sum(np.exp(scores_norm), axis=1)
    loss = np.sum(np.log(denom) - correct)
    loss /= num_train
    loss += 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
    #############################################################################
    #                              END OF YOUR CODE                             #
    #############################################################################

    grads = {}
    #############################################################################
    # TODO: Compute the backward pass.                                          #
    #############################################################################
    softmax = np.exp(scores_norm) / denom.reshape(-1, 1)
    dscores = softmax.copy()
    dscores[np.arange(num_train), y] += -1
    dscores /= num_train

    dW2 = h1.T.dot(dscores) + reg * W2
    db2 = dscores.sum(axis=0)
    dh1 = dscores.dot(W2.T)
    dz1 = dh1 * (z1 > 0)
    dW1 = X.T.dot(dz1) + reg * W1
    db1 = dz1.sum(axis=0)

    grads['W1'] = dW1
    grads['b1'] = db1
    grads['W2'] = dW2
    grads['b2'] = db2
    #############################################################################
    #                              END OF YOUR CODE                             #
    #############################################################################

    return loss, grads

  def train(self, X, y, X_val, y_val,
            learning_rate=1e-3, learning_rate_decay=0.95,
            reg=5e-6, num_iters=100,
            batch_size=200, verbose=False):
    num_train = X.shape[0]
    iterations_per_epoch = max(num_train // batch_size, 1)
    loss_history = []
    val_acc_history = []

    for it in range(num_iters):
      idx = np.random.choice(num_train, batch_size, replace=True)
      X_batch = X[idx]
      y_batch = y[idx]

      loss, grads = self.loss(X_batch, y=y_batch, reg=reg)
      loss_history.append(loss)

      for name in self.params:
        self.params[name] -= learning_rate * grads[name]

      if verbose and it % 100 == 0:
        print('iteration %d / %d: loss %f' % (it, num_iters, loss))

      if it % iterations_per_epoch == 0:
        val_acc_history.append((self.predict(X_val) == y_val).mean())
        learning_rate *= learning_rate_decay

    return {'loss_history': loss_history, 'val_acc_history': val_acc_history}

  def predict(self, X):
    return np.argmax(self.loss(X), axis=1)
