"""`import compare`: what it offers, and what it leaves alone until it is asked for."""

import subprocess
import sys
from collections.abc import Callable

import pytest

import compare


def test_every_public_name_is_there_under_its_own_name():
    for name in compare.__all__:
        assert getattr(compare, name).__name__ == name
        assert name in dir(compare)


def test_no_room_hides_a_public_name():
    rooms = {"problems", "bounds", "agreement", "graph", "checker", "measure", "cli"}
    assert not rooms & set(compare.__all__)


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'compare' has no attribute 'nothing'"):
        compare.nothing  # noqa: B018


@pytest.mark.parametrize(
    ("statement", "needs_torch"),
    [
        ("import compare", False),
        ("import compare; compare.check", False),
        ("import compare; compare.random_problem", False),
        ("import compare; compare.against_autograd", True),
    ],
)
def test_torch_is_imported_by_what_needs_it_alone(statement: str, needs_torch: bool):
    without_torch = f"import sys; sys.modules['torch'] = None; {statement}"
    done = subprocess.run([sys.executable, "-c", without_torch], capture_output=True, text=True)
    assert bool(done.returncode) is needs_torch
    assert ("import of torch halted" in done.stderr) is needs_torch


def test_a_comparison_shows_itself_as_a_table_in_a_notebook():
    found = compare.against_autograd(compare.random_problem())
    html = found._repr_html_()
    assert html.count("<tr>") == 13
    assert "<p>AGREE: " in html
    assert str(found).endswith(found.verdict)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: compare.against_autograd(None), "problem: expected a Problem, got NoneType"),
        (lambda: compare.page("iris.csv"), "problem: expected a Problem, got str"),
        (lambda: compare.read_problem(None), "path: expected a file's path, got NoneType"),
        (lambda: compare.against_autograd(compare.random_problem(), "tpu"), "device: expected one"),
        (lambda: compare.page(compare.random_problem(), "tpu"), "device: expected one"),
    ],
    ids=["no problem", "a path for a problem", "no path", "no device", "no device for the page"],
)
def test_an_argument_of_another_kind_is_named(call: Callable[[], object], said: str):
    with pytest.raises(ValueError, match=said):
        call()


def test_a_comparison_is_a_line_where_python_shows_a_value():
    found = compare.against_autograd(compare.random_problem())
    assert repr(found) == f"<Comparison: {found.verdict}>"
