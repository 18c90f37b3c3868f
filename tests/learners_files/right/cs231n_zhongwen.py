# -*- coding: utf-8 -*-
import numpy as np


class TwoLayerNet(object):
    """两层全连接神经网络"""

    def __init__(self, input_size, hidden_size, output_size, std=1e-4):
        self.params = {}
        self.params['W1'] = std * np.random.randn(input_size, hidden_size)
        self.params['b1'] = np.zeros(hidden_size)
        self.params['W2'] = std * np.random.randn(hidden_size, output_size)
        self.params['b2'] = np.zeros(output_size)

    def loss(self, X, y=None, reg=0.0):
        # 取出参数
        W1, b1 = self.params['W1'], self.params['b1']
        W2, b2 = self.params['W2'], self.params['b2']
        N, D = X.shape

        # 前向传播
        h_in = np.matmul(X, W1) + b1
        h_out = np.maximum(h_in, 0)          # ReLU 激活函数
        scores = np.matmul(h_out, W2) + b2
        if y is None:
            return scores

        # 减去每行最大值,防止数值溢出
        scores -= np.max(scores, axis=1, keepdims=True)
        对数和 = np.log(np.sum(np.exp(scores), axis=1, keepdims=True))
        loss = np.sum(对数和) / N - np.sum(scores[range(N), y]) / N
        loss += 0.5 * reg * (np.sum(W1 ** 2) + np.sum(W2 ** 2))    # 正则化

        # 反向传播
        概率 = np.exp(scores - 对数和)
        概率[range(N), y] -= 1
        dscores = 概率 / N
        grads = {}
        grads['W2'] = np.matmul(h_out.T, dscores) + reg * W2
        grads['b2'] = np.sum(dscores, axis=0)
        dh_out = np.matmul(dscores, W2.T)
        dh_in = dh_out * (h_in > 0)
        grads['W1'] = np.matmul(X.T, dh_in) + reg * W1
        grads['b1'] = np.sum(dh_in, axis=0)
        return loss, grads
