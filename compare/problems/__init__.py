"""What both sides are given: made from a seed, read from a CSV file, and hard ones."""
