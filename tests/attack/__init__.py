"""An attack on the rounding bound, made without a look at its formulas.

The bound claims that any two correct implementations lie within 2 E of each other, and each within
E of the exact values. This package makes correct implementations that use every freedom the claim
leaves (free.py), holds them against an 80-bit evaluation (exact.py), on problems described by a few
numbers (recipes.py), and looks for those that take the largest share of what is allowed
(search.py). mutants.py drops one summand of the bound at a time: the attack must notice each.
"""
