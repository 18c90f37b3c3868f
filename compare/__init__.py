"""The manual pass beside PyTorch's: `python -m compare`; and a learner's beside the right one."""

from compare.checking import Report, assert_backward, check

__all__ = ["Report", "assert_backward", "check"]
