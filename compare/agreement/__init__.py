"""One run held against another: a step, a long batch, a descent, and the report on it."""
