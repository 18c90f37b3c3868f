"""Layers with a forward and a backward function each, cache handed over in between."""
import numpy as np


def affine_forward(x, w, b):
    out = np.dot(x, w) + b
    cache = (x, w, b)
    return out, cache


def affine_backward(dout, cache):
    x, w, b = cache
    dx = np.dot(dout, w.T)
    dw = np.dot(x.T, dout)
    db = np.sum(dout, axis=0)
    return dx, dw, db


def relu_forward(x):
    out = np.maximum(0, x)
    cache = x
    return out, cache


def relu_backward(dout, cache):
    x = cache
    dx = dout * (x > 0)
    return dx


def softmax_loss(x, y):
    shifted = x - np.max(x, axis=1, keepdims=True)
    Z = np.sum(np.exp(shifted), axis=1, keepdims=True)
    log_probs = shifted - np.log(Z)
    probs = np.exp(log_probs)
    N = x.shape[0]
    loss = -np.sum(log_probs[np.arange(N), y]) / N
    dx = probs.copy()
    dx[np.arange(N), y] -= 1
    dx /= N
    return loss, dx


def backward(X, y, W1, b1, W2, b2, reg):
    out1, cache1 = affine_forward(X, W1, b1)
    hidden, cache_relu = relu_forward(out1)
    scores, cache2 = affine_forward(hidden, W2, b2)

    data_loss, dscores = softmax_loss(scores, y)
    reg_loss = 0.5 * reg * np.sum(W1 ** 2) + 0.5 * reg * np.sum(W2 ** 2)
    loss = data_loss + reg_loss

    grads = {}
    dhidden, grads['W2'], grads['b2'] = affine_backward(dscores, cache2)
    dout1 = relu_backward(dhidden, cache_relu)
    dX, grads['W1'], grads['b1'] = affine_backward(dout1, cache1)

    grads['W2'] += reg * W2
    grads['W1'] += reg * W1
    return loss, grads
