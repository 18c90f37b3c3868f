"""The command line: the verb's file does the work.

Exit status 0: agreement; 1: a difference; 2: unusable input or options.
"""

import os
import sys
from importlib import import_module

from compare.cli.options import INTERRUPTED, UNUSABLE

# Each is a file of compare/cli/.
VERBS = ("example", "graph", "page", "sharpness", "speed", "distributed", "exercise", "check")


def main(argv: list[str]) -> int:
    """Run the verb, and turn what a user can do wrong into one line on standard error."""
    verb, rest = (argv[0], argv[1:]) if argv and argv[0] in VERBS else ("step", argv)
    try:
        status: int = import_module(f"compare.cli.{verb}").run(rest)
        return status
    except ValueError as error:
        print(f"compare: {error}", file=sys.stderr)
    except MemoryError:
        print("compare: expected a problem that fits in memory, got a larger one", file=sys.stderr)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (head, say) has enough. Python would complain again when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return UNUSABLE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
