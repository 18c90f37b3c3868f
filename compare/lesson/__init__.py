"""The lesson page: one HTML file in which every number can be looked at, and asked where it comes
from. It shows the records that the comparison, the graph and the checker have.
"""
