"""The manual pass beside PyTorch's: `python -m compare`."""
