"""Every word of a verdict and every id of a finding, and what it means: `check --list`."""

from collections.abc import Mapping

from compare.checker.catalogue import CATALOGUE
from compare.checker.records import Word
from compare.text import wrapped

WORDS: dict[Word, str] = {
    "right": "within rounding of the right value, on every batch",
    "wrong": "the mistake is in this line",
    "inherited": "wrong because an earlier quantity is; the line itself is right",
    "remark": "another convention, or harmless to the gradients",
    "edge": "right but where z1 is exactly 0, exp overflows or underflows, or log meets 0",
    "missing": "a gradient that is computed, and not returned, or not on every batch",
    "to do": "not written yet, or after a line that raises: no mistake",
    "unseen": "not returned, and not computed separately: another route, no fault",
}

# What a finding may be besides a mistake of the catalogue.
OTHERS = {
    "edited": "the learner's line is an edit of the right one, which the report shows",
    "unrecognised": "a mistake that no edit of the right line explains",
    "missing": "a gradient is computed, and not returned, or not on every batch",
    "size": "right, but with other rows or columns than the batch and the weights give it",
    "exchanged": "two values were returned under each other's names",
    "another-value": "a value of another quantity stands in this one's place",
    "not-its-slope": "a gradient that is not the slope of the learner's own loss",
    "another-loss": "the gradients are those of another loss, the learner's own",
    "float32": "float32 somewhere inside a float64 computation",
    "flat-bias": "a bias of shape (H,) where the notes have (1, H)",
    "overwritten": "a value that was written over in place after its use",
    "writes-to-argument": "an argument was changed in place",
    "argument-replaced": "another value was used in the place of an argument",
    "second-call-differs": "two calls with the same arguments give two answers",
    "slope-at-zero": "the slope of the ReLU at exactly 0 is not taken to be 0",
    "overflow": "exp overflows",
}


def ids() -> dict[str, str]:
    return {mistake.id: mistake.title for mistake in CATALOGUE} | OTHERS


def glossary_text() -> str:
    """Two lists, of lines of up to 80 columns."""
    blocks: dict[str, Mapping[str, str]] = {
        "Verdicts": {str(word): meaning for word, meaning in WORDS.items()},
        "Findings": ids(),
    }
    return "\n\n".join(
        "\n".join([title, *(_entry(word, meaning) for word, meaning in entries.items())])
        for title, entries in blocks.items()
    )


def _entry(word: str, meaning: str) -> str:
    return wrapped(meaning, f"  {word:<22}  ")
