"""A learner's backward pass, judged: which line is wrong, and which mistake it is."""
