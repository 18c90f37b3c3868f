"""The lesson page in a real browser: it is driven as people drive it, and read as they read it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from compare.agreement.step import manual_step, step_values
from compare.bounds.quantities import QUANTITIES
from compare.lesson.page import render
from compare.lesson.picture import CHROMIUM_OPTIONS, chromium
from compare.lesson.record import gather
from compare.problems.problem import Problem
from compare.problems.seeded import random_problem
from manual import forward

playwright = pytest.importorskip(
    "playwright.sync_api", reason='the browser tests need: pip install -e ".[browser]"'
)
axe = pytest.importorskip(
    "axe_core_python.sync_playwright",
    reason='the browser tests need: pip install -e ".[browser]"',
)
pytestmark = pytest.mark.skipif(
    chromium() is None, reason="the browser tests need Chromium: apt-get install chromium"
)

HOSTILE = ("<script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>", "🌵 {{ 7*7 }}", "שלום‮")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        here = driver.chromium.launch(executable_path=chromium(), args=list(CHROMIUM_OPTIONS))
        yield here
        here.close()


@pytest.fixture(scope="module")
def problem() -> Problem:
    return random_problem()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, problem: Problem) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    hostile = replace(random_problem(classes=4, samples=30), classes=HOSTILE)
    lessons = {
        "plain": gather(problem),
        "steps": gather(random_problem(samples=20), steps=12),
        "float32": gather(random_problem(samples=20, dtype="float32")),
        "hostile": gather(hostile),
        "long": gather(random_problem(samples=5000)),
    }
    for name, lesson in lessons.items():
        render(lesson).write(folder / f"{name}.html")
    return {name: folder / f"{name}.html" for name in lessons}


class Opened:
    """A tab, and what the page said and asked for."""

    def __init__(self, browser: Any, file: Path, at: str = "", **options: Any) -> None:
        self.tab = browser.new_page(**({"viewport": {"width": 1440, "height": 1000}} | options))
        self.said: list[str] = []
        self.asked_for: list[str] = []
        self.tab.on("console", lambda message: self.said.append(message.text))
        self.tab.on("pageerror", lambda error: self.said.append(str(error)))
        self.tab.on("request", lambda request: self.asked_for.append(request.url))
        self.tab.goto(file.as_uri() + at)
        if options.get("java_script_enabled", True):
            self.tab.locator("html.js .ledger").first.wait_for(state="attached")

    def current(self) -> str:
        shown = self.tab.locator(".step:visible")
        assert shown.count() == 1
        return str(shown.get_attribute("id"))


@pytest.fixture
def opened(browser: Any, files: dict[str, Path]) -> Iterator[Any]:
    tabs = []

    def open_page(name: str, at: str = "", **options: Any) -> Opened:
        page = Opened(browser, files[name], at, **options)
        tabs.append(page.tab)
        return page

    yield open_page
    for tab in tabs:
        tab.close()


@pytest.mark.parametrize("name", ["plain", "steps", "float32", "hostile", "long"])
def test_a_page_has_nothing_to_say_on_the_console_and_asks_for_nothing(opened: Any, name: str):
    page = opened(name)
    for _ in QUANTITIES:
        page.tab.keyboard.press("ArrowRight")
    assert page.said == []
    assert {url.partition(":")[0] for url in page.asked_for} <= {"file", "data"}
    assert [url for url in page.asked_for if url.startswith("file:")] == [
        page.tab.url.split("#")[0]
    ]


def test_every_step_can_be_reached_with_the_arrow_keys_alone(opened: Any):
    page = opened("plain")
    there = [page.current()]
    for _ in QUANTITIES[1:]:
        page.tab.keyboard.press("ArrowRight")
        there.append(page.current())
    assert there == list(QUANTITIES)
    page.tab.keyboard.press("ArrowLeft")
    assert page.current() == QUANTITIES[-2]


def test_with_the_tab_key_the_focus_is_visible_and_never_stuck(opened: Any):
    page = opened("plain")
    places = set()
    for _ in range(60):
        page.tab.keyboard.press("Tab")
        place, visible = page.tab.evaluate("""() => {
            const here = document.activeElement;
            const style = getComputedStyle(here);
            const inside = here.querySelector?.("rect, circle");
            const drawn = inside && parseFloat(getComputedStyle(inside).strokeWidth) >= 3;
            const all = [...document.querySelectorAll("*")];
            return [all.indexOf(here), style.outlineStyle !== "none" || Boolean(drawn)];
        }""")
        assert visible, place
        places.add(place)
    assert len(places) == 60


@pytest.mark.parametrize("key", QUANTITIES)
def test_each_step_has_an_address(opened: Any, key: str):
    page = opened("steps", f"#{key}")
    assert page.current() == key
    assert page.tab.locator(".rail [aria-current]").get_attribute("data-go") == key


def test_what_200_numbers_are_made_of_is_what_numpy_has(opened: Any, problem: Problem):
    values = _known(problem)
    page, rng = opened("plain"), np.random.default_rng(5)
    for number in range(200):
        key = QUANTITIES[number % len(QUANTITIES)]
        whole = np.atleast_2d(values[key])
        i, j = (int(rng.integers(size)) for size in whole.shape)
        lines = _ask(page.tab, key, i, j)
        *terms, total, autograd = lines
        assert float(total[3]) == whole[i, j], (key, i, j)
        assert abs(float(autograd[3]) - whole[i, j]) < 1e-14
        for sign, what, _, shown in terms:
            expected = _value_of(what, values, problem, (key, i, j))
            if expected is not None:
                _assert_same_digits(shown, expected, f"{key}[{i}, {j}]: {sign} {what}")
        if key in ("z2", "dW2", "db2", "dW1", "db1", "loss"):
            assert any("more" in what for _, what, _, _ in terms), (key, terms)
        if key in ("z1", "z2", "da1", "dW2", "db2", "dW1", "db1", "loss"):
            decimals = len(terms[0][3].partition(".")[2])
            added = sum(float(shown) for _, _, _, shown in terms)
            assert abs(added - whole[i, j]) <= len(terms) * 10.0**-decimals


def _known(problem: Problem) -> dict[str, Any]:
    fwd, bwd = manual_step(problem)
    given = {"X": problem.X, "Y_ind": fwd.Y_ind, **problem.params._asdict()}
    return {**given, **step_values(fwd, bwd)._asdict()}


def _ask(tab: Any, key: str, i: int, j: int) -> list[list[str]]:
    """The lines of the explanation, as they can be read: sign, what, factors, number."""
    rows: list[list[str]] = tab.evaluate(
        """([key, i, j]) => {
            location.hash = key;
            dispatchEvent(new HashChangeEvent("hashchange"));  // the browser's own comes later
            const step = document.getElementById(key);
            const inputs = step.querySelectorAll(".asking input");
            [i, j].slice(0, inputs.length).forEach((value, at) => {
                inputs[at].value = value;
                inputs[at].dispatchEvent(new Event("input", {bubbles: true}));
            });
            const rows = [...step.querySelectorAll(".ledger tr")];
            return rows.map(row => [...row.cells].map(cell => cell.textContent));
        }""",
        [key, i, j],
    )
    return [[cell.replace("−", "-") for cell in row] for row in rows]


def _value_of(
    what: str, values: dict[str, Any], problem: Problem, asked: tuple[str, int, int]
) -> float | None:
    """What a line of the explanation should come to, from its own words. None: it is a rest."""
    N = len(problem.X)
    _, i, j = asked
    if "more" in what:
        return None
    if what == "N":
        return float(N)
    if what == "S" or what.startswith(("exp(", "max of row")):
        s = values["z2"][i] - values["z2"][i].max()
        if what.startswith("max of"):
            return float(values["z2"][i].max())
        if what == "S":
            return float(np.exp(s).sum())
        column = int(re.findall(r", (\d+)\]", what)[0])
        return float(values["P"][i, j] if what.endswith("/ S") else np.exp(s[column]))
    if what.startswith("½"):
        squares = sum(float(np.vdot(W, W)) for W in (problem.params.W1, problem.params.W2))
        return 0.5 * problem.reg * squares
    elements = [
        float(values[name][int(row), int(column)])
        for name, row, column in re.findall(r"(\w+)\[(\d+), (\d+)\]", what)
    ]
    if what.startswith("-log"):
        return float(-np.log(elements[0]) / N)
    if what.startswith("max("):
        return max(elements[0], 0.0)
    if what.startswith("[") and what.endswith("> 0]"):
        return float(elements[0] > 0)
    product = float(np.prod(elements))
    return problem.reg * product if what.startswith("reg") else product


def _assert_same_digits(shown: str, expected: float, where: str) -> None:
    decimals = len(shown.partition(".")[2])
    assert abs(float(shown) - expected) <= 0.500001 * 10.0**-decimals, (where, shown, expected)


def test_pointing_at_a_gradient_lights_the_column_and_the_column_that_it_is_made_of(opened: Any):
    page = opened("plain", "#dW2")
    page.tab.locator('#dW2 .heat[data-side="hand"] tr[data-index="3"] td').nth(1).hover()
    lit = page.tab.evaluate("""() => Object.fromEntries([...document.querySelectorAll("#dW2 .pic")]
        .map(picture => [picture.dataset.key, picture.querySelector(".lit rect")])
        .filter(([, rect]) => rect)
        .map(([key, rect]) => [key, ["x", "y", "width", "height"].map(name =>
            Number(rect.getAttribute(name)))]))""")
    assert lit["a1"] == [0, 3, 200, 1]  # column 3 of a1, which is drawn turned
    assert lit["dz2"] == [1, 0, 1, 200]
    assert lit["W2"] == [1, 3, 1, 1]


def test_a_number_can_be_asked_with_the_keyboard(opened: Any, problem: Problem):
    page = opened("plain", "#dW1")
    page.tab.locator("#dW1 .heat td[tabindex='0']").first.focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight"):
        page.tab.keyboard.press(key)
    assert page.current() == "dW1"
    total = page.tab.locator("#dW1 .ledger .total .number").text_content().replace("−", "-")
    assert float(total) == _known(problem)["dW1"][1, 2]


def test_all_rows_are_shown_on_demand(opened: Any):
    page = opened("plain", "#z1")
    table = page.tab.locator('#z1 .heat[data-side="autograd"] tbody tr')
    first = table.count()
    page.tab.locator("#z1 .all-rows").click()
    assert table.count() == 200
    page.tab.locator("#z1 .all-rows").click()
    assert table.count() == first


@pytest.mark.parametrize("offset", [-1.25, -0.001, 0.5, 2.5])
def test_the_dragged_weights_loss_is_that_of_the_manual_pass(
    opened: Any, problem: Problem, offset: float
):
    page = opened("plain")
    row, column = (
        int(page.tab.locator(selector).input_value())
        for selector in (".slope-row", ".slope-column")
    )
    page.tab.locator(".weight").evaluate(
        "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input')); }",
        offset,
    )
    W1 = problem.params.W1.copy()
    W1[row, column] += float(page.tab.locator(".weight").input_value())
    expected = forward(problem.params._replace(W1=W1), problem.X, problem.y, problem.reg).loss
    assert abs(float(page.tab.locator(".loss-now").text_content()) - expected) < 1e-12


def test_the_page_says_whether_its_own_forward_pass_gives_the_records_loss(opened: Any):
    assert "gives the record’s loss" in opened("plain").tab.locator(".check").text_content()
    assert "float32" in opened("float32").tab.locator(".check.off").text_content()


def test_the_graph_is_lit_up_along_with_the_step_and_leads_to_it(opened: Any):
    page = opened("plain", "#dz2")
    lit = page.tab.locator(".nodes:visible .node.lit")
    assert {node.get_attribute("data-node") for node in lit.all()} == {"8", "9"}
    page.tab.locator('.nodes:visible .node[data-node="14"]').click()
    assert page.current() == "dz1"


def test_one_mistake_is_shown_at_a_time(opened: Any):
    page = opened("plain")
    page.tab.locator(".mistake-choice").select_option("mistake-sign")
    shown = page.tab.locator(".mistake:visible")
    assert shown.count() == 1
    assert "the sign is swapped" in shown.text_content()


@pytest.mark.parametrize("width", [390, 768, 1920])
@pytest.mark.parametrize("name", ["plain", "hostile", "steps"])
def test_nothing_makes_the_page_scroll_sideways(opened: Any, name: str, width: int):
    page = opened(name, viewport={"width": width, "height": 900})
    for _ in QUANTITIES:
        too_wide = page.tab.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert too_wide <= 0, page.current()
        page.tab.keyboard.press("ArrowRight")


def test_hostile_class_names_are_text(opened: Any):
    page = opened("hostile", "#P")
    names = page.tab.locator(".classes .class").all_text_contents()
    assert names == list(HOSTILE)
    assert page.tab.locator("script").count() == 2
    assert page.tab.locator("img").count() == 0
    for column, name in enumerate(HOSTILE):
        _ask(page.tab, "P", 0, column)
        assert name in page.tab.locator("#P .ledger caption").text_content()
    assert page.said == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["steps", "hostile"])
def test_axe_finds_no_violation(opened: Any, name: str, scheme: str):
    page = opened(name, "#dW2", color_scheme=scheme)
    found = axe.Axe().run(page.tab)["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:200]) for v in found] == []


def test_without_javascript_the_whole_document_is_there(opened: Any):
    page = opened("steps", java_script_enabled=False)
    for key in QUANTITIES:
        step = page.tab.locator(f"#{key}")
        assert step.is_visible()
        assert step.locator("math").first.is_visible()
        assert step.locator("pre").is_visible()
        assert step.locator(".judged").is_visible()
        assert key == "loss" or step.locator(".heat").count() == 2
    assert all(mistake.is_visible() for mistake in page.tab.locator(".mistake").all())
    assert page.tab.locator("#slope .loss-curve").is_visible()
    assert page.tab.locator("#descent .loss-curve").is_visible()
    assert page.tab.locator(".needs-script:visible").count() == 0


def test_a_long_batch_is_sampled_and_the_page_says_which_rows_it_shows(opened: Any):
    page = opened("long", "#dW2")
    said = page.tab.locator(".sampled").text_content()
    assert "5000 rows" in said
    assert "rows 0," in said
    assert "4997 more" in page.tab.locator("#dW2 .ledger").text_content()
    assert page.tab.locator("#slope .plot").count() == 0
