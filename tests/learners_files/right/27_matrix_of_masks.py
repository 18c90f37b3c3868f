# Réseau à deux couches. Noms de variables du cours : entrée, étiquettes, poids, biais.
import numpy as np


def activation(s):
    """ReLU et son masque"""
    masque = np.ones_like(s)
    masque[s <= 0] = 0.0
    return masque * s, masque


def backward(entree, etiquettes, poids1, biais1, poids2, biais2, lam):
    entree = np.asarray(entree, dtype=np.float64)
    n = entree.shape[0]

    # propagation avant
    somme1 = entree @ poids1 + biais1
    cache, masque = activation(somme1)
    somme2 = cache @ poids2 + biais2
    exposant = np.exp(somme2 - somme2.max(axis=1, keepdims=True))
    proba = exposant * (1.0 / exposant.sum(axis=1, keepdims=True))

    # propagation arrière
    cible = np.zeros(proba.size)
    cible[np.arange(n) * proba.shape[1] + etiquettes] = 1
    ecart = (proba - cible.reshape(proba.shape)) / n
    g_poids2 = cache.T @ ecart + lam * poids2
    g_biais2 = np.ones((1, n)) @ ecart
    retour = (poids2 @ ecart.T).T * masque
    g_poids1 = (retour.T @ entree).T + lam * poids1
    g_biais1 = np.ones((1, n)) @ retour
    return g_poids1, g_biais1, g_poids2, g_biais2
