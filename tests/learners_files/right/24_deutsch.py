# -*- coding: latin-1 -*-
# Übungsblatt 5, Aufgabe 2: Rückwärtsschritt eines zweischichtigen Netzes
import numpy as np


def backward(X, y, W1, b1, W2, b2, reg):
    anzahl = X.shape[0]
    klassen = W2.shape[1]

    # Vorwärts: lineare Schicht, ReLU, lineare Schicht, Softmax
    z1 = X.dot(W1) + b1
    a1 = z1.clip(min=0)
    z2 = a1.dot(W2) + b2
    größte = z2.max(axis=1, keepdims=True)   # größter Wert jeder Zeile, gegen Überlauf
    zähler = np.exp(z2 - größte)
    nenner = zähler.sum(axis=1, keepdims=True)
    P = zähler / nenner

    # Indikatormatrix
    Y_ind = np.zeros((anzahl, klassen))
    for zeile, klasse in enumerate(y):
        Y_ind[zeile, klasse] = 1

    # Verlust: Kreuzentropie über log-Softmax, dazu die Strafe für große Gewichte
    log_P = (z2 - größte) - np.log(nenner)
    verlust = -(Y_ind * log_P).sum() / anzahl + reg / 2 * ((W1**2).sum() + (W2**2).sum())

    # Rückwärts
    dz2 = (P - Y_ind) / anzahl
    dW2 = a1.T.dot(dz2) + reg * W2
    db2 = dz2.sum(axis=0).reshape(b2.shape)
    da1 = dz2.dot(W2.T)
    dz1 = np.where(a1 > 0, da1, 0)
    dW1 = X.T.dot(dz1) + reg * W1
    db1 = dz1.sum(axis=0).reshape(b1.shape)

    return {'z1': z1, 'a1': a1, 'z2': z2, 'P': P, 'Y_ind': Y_ind, 'loss': verlust,
            'dz2': dz2, 'dW2': dW2, 'db2': db2, 'da1': da1, 'dz1': dz1,
            'dW1': dW1, 'db1': db1}
