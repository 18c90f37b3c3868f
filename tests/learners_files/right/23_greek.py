"""Nielsen's four equations, with his letters."""
import numpy as np


def σ(z):
    z = z - z.max(axis=1, keepdims=True)
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


def ρ(z):
    return (z > 0) * z


def ρ_prime(z):
    return (z > 0) * 1.0


def backward(X, y, W1, b1, W2, b2, reg):
    λ = reg
    N = X.shape[0]
    ζ1 = X @ W1 + b1
    α1 = ρ(ζ1)
    ζ2 = α1 @ W2 + b2
    π = σ(ζ2)
    τ = np.eye(π.shape[1])[y]

    δ2 = (π - τ) / N                      # BP1
    δ1 = δ2 @ W2.T * ρ_prime(ζ1)          # BP2
    Δb2 = δ2.sum(axis=0)                  # BP3
    Δb1 = δ1.sum(axis=0)
    ΔW2 = α1.T @ δ2 + λ * W2              # BP4
    ΔW1 = X.T @ δ1 + λ * W1
    return {'dW1': ΔW1, 'db1': Δb1, 'dW2': ΔW2, 'db2': Δb2}
