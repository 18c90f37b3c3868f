"""Autograd's graph beside the notes, node by node."""
