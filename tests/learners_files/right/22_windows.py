import numpy as np

def sigma(scores):
	"""softmax, row by row"""
	m = np.max(scores, axis = 1)
	e = np.exp(scores - m[:, np.newaxis])
	return e / np.sum(e, axis = 1)[:, np.newaxis]

def backward(X, y, W1, b1, W2, b2, reg):
	count = float(X.shape[0])
	# Forward
	H = np.dot(X, W1) + b1
	R = (np.abs(H) + H) / 2
	S = np.dot(R, W2) + b2
	P = sigma(S)
	# Backward
	G = P
	for i in range(len(y)) :
		G[i][y[i]] = G[i][y[i]] - 1
	G = G / count
	gradW2 = np.dot(R.T, G) + reg * W2
	gradb2 = np.sum(G, axis = 0)
	K = np.dot(G, W2.T)
	K[R == 0] = 0
	gradW1 = np.dot(X.T, K) + reg * W1
	gradb1 = np.sum(K, axis = 0)
	return gradW1, gradb1, gradW2, gradb2
