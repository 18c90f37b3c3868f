"""
Backward pass of a neural network with one hidden layer.

Every single operation of the computational graph has a line of its own, and so has its
derivative. Each line of the second half belongs to one line of the first half, in reverse
order. I did not skip anything.
"""

import numpy as np


def backward(X, y, W1, b1, W2, b2, reg):
    # =======================================================================
    # Sizes
    # =======================================================================
    number_of_samples = X.shape[0]
    number_of_classes = W2.shape[1]

    # =======================================================================
    # Indicator matrix
    # =======================================================================
    Y_ind = np.zeros(shape=(number_of_samples, number_of_classes), dtype=np.float64)
    for sample in range(number_of_samples):
        correct_class = y[sample]
        Y_ind[sample, correct_class] = 1.0

    # =======================================================================
    # Forward
    # =======================================================================

    # first layer
    product_1 = np.matmul(X, W1)
    z1 = product_1 + b1

    # activation
    is_positive = z1 > 0
    a1 = np.where(is_positive, z1, 0.0)

    # second layer
    product_2 = np.matmul(a1, W2)
    z2 = product_2 + b2

    # softmax
    row_maximum = np.max(z2, axis=1, keepdims=True)
    shifted = z2 - row_maximum
    exponentials = np.exp(shifted)
    row_sum = np.sum(exponentials, axis=1, keepdims=True)
    P = exponentials / row_sum

    # cross-entropy: minus the logarithm of the correct class's probability
    log_row_sum = np.log(row_sum)
    log_probabilities = shifted - log_row_sum
    selected = Y_ind * log_probabilities
    selected_per_sample = np.sum(selected, axis=1)
    data_loss = -np.mean(selected_per_sample)

    # regularisation
    squares_1 = W1 * W1
    squares_2 = W2 * W2
    sum_of_squares = np.sum(squares_1) + np.sum(squares_2)
    regularisation_loss = 0.5 * reg * sum_of_squares

    # everything together
    loss = data_loss + regularisation_loss

    # =======================================================================
    # Backward
    # =======================================================================

    # loss = data_loss + regularisation_loss
    d_data_loss = 1.0
    d_regularisation_loss = 1.0

    # regularisation_loss = 0.5 * reg * sum_of_squares
    d_sum_of_squares = 0.5 * reg * d_regularisation_loss

    # squares = W * W
    dW1_from_regularisation = d_sum_of_squares * 2.0 * W1
    dW2_from_regularisation = d_sum_of_squares * 2.0 * W2

    # data_loss = -mean(...)
    d_selected_per_sample = np.full((number_of_samples, 1), -d_data_loss / number_of_samples)

    # selected = Y_ind * log_probabilities
    d_log_probabilities = Y_ind * d_selected_per_sample

    # log_probabilities = shifted - log_row_sum
    d_shifted = d_log_probabilities
    d_log_row_sum = -np.sum(d_log_probabilities, axis=1, keepdims=True)

    # log_row_sum = log(row_sum), row_sum = sum(exponentials), exponentials = exp(shifted)
    d_row_sum = d_log_row_sum / row_sum
    d_exponentials = np.broadcast_to(d_row_sum, exponentials.shape)
    d_shifted = d_shifted + d_exponentials * exponentials

    # shifted = z2 - row_maximum: the softmax does not feel the shift
    dz2 = d_shifted

    # z2 = product_2 + b2
    d_product_2 = dz2
    db2 = np.sum(dz2, axis=0, keepdims=True)

    # product_2 = a1 W2
    da1 = np.matmul(d_product_2, W2.T)
    dW2_from_data = np.matmul(a1.T, d_product_2)

    # a1 = max(0, z1)
    dz1 = np.where(is_positive, da1, 0.0)

    # z1 = product_1 + b1
    d_product_1 = dz1
    db1 = np.sum(dz1, axis=0, keepdims=True)

    # product_1 = X W1
    dW1_from_data = np.matmul(X.T, d_product_1)

    # both parts of the loss depend on the weights
    dW1 = dW1_from_data + dW1_from_regularisation
    dW2 = dW2_from_data + dW2_from_regularisation

    # =======================================================================
    # Result
    # =======================================================================
    result = {}
    result["z1"] = z1
    result["a1"] = a1
    result["z2"] = z2
    result["P"] = P
    result["Y_ind"] = Y_ind
    result["loss"] = loss
    result["dz2"] = dz2
    result["dW2"] = dW2
    result["db2"] = db2
    result["da1"] = da1
    result["dz1"] = dz1
    result["dW1"] = dW1
    result["db1"] = db1
    return result
