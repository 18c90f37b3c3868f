"""compare/bounds/README.md: the proof of the bound, beside the code that it is about."""

import inspect
import re
from pathlib import Path

import pytest

from compare.bounds import rounding

PROOF = Path(__file__).parents[1] / "compare" / "bounds" / "README.md"
# Each line of the code that adds to a bound, or says how large a value may be.
LINE = re.compile(r"^ +((?:E|abs(?!W2)|rounded|apart|moved|unsure|live)\w* \+?= (?!_).*)$", re.M)
LINES = [line.partition("  #")[0] for line in LINE.findall(inspect.getsource(rounding))]


@pytest.mark.parametrize("line", dict.fromkeys(LINES))
def test_a_line_of_the_bound_stands_beside_its_line_of_the_proof(line: str):
    in_a_table = line.replace("|", "\\|")
    assert f"`{in_a_table}`" in PROOF.read_text(encoding="utf-8")


def test_the_proof_has_no_line_that_the_code_has_not():
    proof = PROOF.read_text(encoding="utf-8").replace("\\|", "|")
    shown = re.findall(r"^\| `([^`]+ \+?= [^`]+)` \|", proof, re.M)
    assert len(shown) > 50
    assert [line for line in shown if line not in LINES] == []
