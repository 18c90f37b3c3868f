"""README.md: what it shows is what there is."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_heart_of_the_backward_pass_is_shown_as_it_stands():
    heart = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert heart is not None
    assert heart[1] in (ROOT / "manual" / "network.py").read_text(encoding="utf-8")


def test_there_are_exactly_two_set_up_commands():
    assert len(re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)) == 2


def test_every_file_that_it_links_to_exists():
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
