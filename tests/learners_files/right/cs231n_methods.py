import numpy as np


class TwoLayerNet(object):
	"""Forward and backward in methods of their own; what is needed later is kept in self.cache."""

	def __init__(self, input_size, hidden_size, output_size, std=1e-4):
		self.params = {}
		self.params['W1'] = std * np.random.randn(input_size, hidden_size)
		self.params['b1'] = np.zeros(hidden_size)
		self.params['W2'] = std * np.random.randn(hidden_size, output_size)
		self.params['b2'] = np.zeros(output_size)
		self.cache = {}

	def _forward(self, X):
		self.cache['X'] = X
		self.cache['z1'] = np.dot(X, self.params['W1']) + self.params['b1']
		self.cache['a1'] = np.maximum(0, self.cache['z1'])
		self.cache['scores'] = np.dot(self.cache['a1'], self.params['W2']) + self.params['b2']
		return self.cache['scores']

	def _softmax(self, scores):
		shifted = scores - np.max(scores, axis=1, keepdims=True)
		exps = np.exp(shifted)
		sums = np.sum(exps, axis=1, keepdims=True)
		self.cache['probs'] = exps / sums
		self.cache['log_probs'] = shifted - np.log(sums)

	def _backward(self, y, reg):
		cache, params = self.cache, self.params
		N = cache['X'].shape[0]
		grads = {}
		delta = cache['probs'].copy()
		delta[np.arange(N), y] -= 1
		delta = delta / N
		grads['W2'] = np.dot(cache['a1'].T, delta) + reg * params['W2']
		grads['b2'] = np.sum(delta, axis=0)
		delta = np.dot(delta, params['W2'].T)
		delta = delta * (cache['z1'] > 0)
		grads['W1'] = np.dot(cache['X'].T, delta) + reg * params['W1']
		grads['b1'] = np.sum(delta, axis=0)
		return grads

	def loss(self, X, y=None, reg=0.0):
		scores = self._forward(X)
		if y is None:
			return scores
		self._softmax(scores)
		assert self.cache['probs'].shape == scores.shape
		log_likelihood = self.cache['log_probs'][np.arange(len(y)), y]
		loss = -np.mean(log_likelihood)
		for name in ['W1', 'W2']:
			loss += 0.5 * reg * np.sum(self.params[name] * self.params[name])
		grads = self._backward(y, reg)
		return loss, grads
