import numpy as np

ein = np.einsum


def backward(X, y, W1, b1, W2, b2, reg):
    """n: samples, d: features, h: hidden units, c: classes."""
    N = X.shape[0]
    z1 = ein("nd,dh->nh", X, W1) + b1
    a1 = z1 * (z1 > 0)
    z2 = ein("nh,hc->nc", a1, W2) + b2
    e = np.exp(z2 - z2.max(1)[:, None])
    P = e / ein("nc->n", e)[:, None]
    Y_ind = (y[:, None] == np.arange(W2.shape[1])[None, :]).astype(X.dtype)

    dz2 = (P - Y_ind) / N
    dW2 = ein("nh,nc->hc", a1, dz2) + reg * W2
    db2 = ein("nc->c", dz2)[None]
    da1 = ein("nc,hc->nh", dz2, W2)
    dz1 = ein("nh,nh->nh", da1, (z1 > 0).astype(X.dtype))
    dW1 = ein("nd,nh->dh", X, dz1) + reg * W1
    db1 = ein("nh->h", dz1)[None]

    return dict(z1=z1, a1=a1, z2=z2, P=P, Y_ind=Y_ind, dz2=dz2, dW2=dW2, db2=db2,
                da1=da1, dz1=dz1, dW1=dW1, db1=db1)
