"""Every word of a verdict and every id of a finding, and what it means: `check --list`."""

from collections.abc import Mapping

from compare.checker.catalogue import CATALOGUE
from compare.checker.records import Word
from compare.text import wrapped

COLUMN = 22  # what is longer has a line of its own

WORDS: dict[Word, str] = {
    "right": "within rounding of the right value, on every batch",
    "wrong": "the mistake is in this line",
    "inherited": "wrong because an earlier quantity is; its own line is right",
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
    "no-numbers": "what is returned under this name is no array of real numbers",
    "size": "right, but with other rows or columns than the batch and the weights give it",
    "exchanged": "two values were returned under each other's names",
    "another-value": "a value of another quantity stands in this one's place",
    "not-its-slope": "a gradient that is not the slope of the learner's own loss",
    "another-loss": "the gradients are those of another loss, the learner's own",
    "float32": "float32 somewhere inside a float64 computation",
    "float16": "float16 somewhere, which keeps three digits",
    "guard-on-P": "a constant of at most 1e-7 keeps P from 0 before the gradient",
    "flat-bias": "a bias of shape (H,) where the notes have (1, H)",
    "overwritten": "a value that was written over in place after its use",
    "writes-to-argument": "an argument was changed in place",
    "argument-replaced": "another value was used in the place of an argument",
    "earlier-calls": "the answer depends on the calls before: something is kept from them",
    "second-call-differs": "two calls with the same arguments give two answers",
    "slope-at-zero": "the slope of the ReLU at exactly 0 is not taken to be 0",
    "overflow": "exp overflows or underflows",
    "not-finite": "P is finite, and what is made of it is not, where P underflows to 0",
}

# The batches that every function is run on, as reports name them.
BATCHES = {
    "200 × 4": "200 samples with 4 features, 10 units and 3 classes, reg = 0.001",
    "small": "7 to 9 samples, 3 features, 5 units, 4 classes, reg near 1; followed line by line",
    "z1 up to 10000": "large values of X, and gradients in the thousands",
    "a1 below 0.01": "hidden values from 0.0000001 to 0.01, which thresholds take for 0",
    "two classes, reg = 0": "no penalty",
    "many classes and units": "some 300 samples, 12 or more features, 21 units, 16 classes",
    "one sample": "N = 1, where a sum is a mean",
    "as many samples as classes": "N = C = 5, so that shapes alone do not tell rows from columns",
    "as many samples as units": "N = H = 6, for the same reason",
    "uneven classes": "one class in most rows, one in a single row, two in none, with the last",
    "scores of some hundreds": "probabilities near 0 and 1, where nothing overflows yet",
    "float32": "X, W and b in single precision",
    "some 1500 samples": "more than code has that takes the first thousand",
    "z1 exactly 0": "some z1 are 0, where the slope of the ReLU is a convention",
    "scores around 1000": "exp of them overflows, unless each row's maximum is taken off",
    "scores from -400 to 600": "rows far apart, where one maximum for all makes some underflow",
    "200 × 4 again": "the sizes of the first batch, and other numbers",
}


def ids() -> dict[str, str]:
    return {mistake.id: mistake.title for mistake in CATALOGUE} | OTHERS


def glossary_text() -> str:
    """Three lists, of lines of up to 80 columns."""
    blocks = {name.capitalize(): entries for name, entries in glossary_data().items()}
    return "\n\n".join(
        "\n".join([title, *(_entry(word, meaning) for word, meaning in entries.items())])
        for title, entries in blocks.items()
    )


def glossary_data() -> dict[str, Mapping[str, str]]:
    verdicts = {str(word): meaning for word, meaning in WORDS.items()}
    return {"verdicts": verdicts, "findings": ids(), "batches": BATCHES}


def _entry(word: str, meaning: str) -> str:
    if len(word) <= COLUMN:
        return wrapped(meaning, f"  {word:<{COLUMN}}  ")
    return f"  {word}\n{wrapped(meaning, ' ' * (COLUMN + 4))}"
