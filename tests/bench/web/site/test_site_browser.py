"""The static site in Chromium, from the file system: sorting, filters, keyboard, paper, phone, and axe."""

import json
import shutil
from contextlib import contextmanager

import pytest

from bench.web.site.building import SiteOptions, build_site

from .conftest import with_ranks
from .markup import pages_of

pytestmark = pytest.mark.slow

WIDE, PHONE = {"width": 1400, "height": 900}, {"width": 390, "height": 844}

READERS = """[...document.querySelectorAll('table.ranks tbody tr')]
    .filter(row => row.offsetParent).map(row => row.cells[1].dataset.value)"""


@contextmanager
def opened(browser, path, **options):
    """Open a page of the file system; nothing else may be asked for, and nothing may go wrong on it."""
    context = browser.new_context(**{"viewport": WIDE, **options})
    page = context.new_page()
    wrong, asked = [], []
    page.on("console", lambda said: wrong.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri() if not isinstance(path, str) else path)
    yield page
    assert not wrong
    assert all(url.startswith("file:") for url in asked), asked
    context.close()


def test_a_table_is_sorted_by_mouse_and_by_keyboard(browser, site):
    with opened(browser, site / "index.html") as page:
        heading = page.locator("table.ranks th[data-key=reader]").first
        heading.get_by_role("button").click()
        assert heading.get_attribute("aria-sort") == "ascending"
        assert page.locator("table.ranks th[aria-sort]").count() == page.locator("table.ranks").count()
        assert page.evaluate(READERS)[:2] == ["majority", "measurements"]
        page.keyboard.press("Enter")
        assert heading.get_attribute("aria-sort") == "descending"
        assert page.evaluate(READERS)[:2] == ["measurements", "majority"]
        rank = page.locator("table.ranks th[data-key=rank]").first
        rank.get_by_role("button").focus()
        page.keyboard.press("Space")
        assert rank.get_attribute("aria-sort") == "ascending" and heading.get_attribute("aria-sort") is None
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Reader"
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"


def test_filters_narrow_the_tables_say_so_and_are_kept_in_the_address(browser, site):
    with opened(browser, site / "index.html") as page:
        status = page.locator(".filters .status")
        assert status.text_content() == "3 of 3 entries in 2 tables"
        page.get_by_label("Is shown").select_option("text")
        assert page.evaluate(READERS) == ["measurements"] and status.text_content() == "1 of 3 entries in 1 table"
        assert page.locator("section.board").nth(1).is_hidden()
        assert page.evaluate("location.hash") == "#kind=text"
        page.get_by_role("button", name="All again").click()
        page.wait_for_function("document.querySelectorAll('table.ranks tbody tr:not([hidden])').length === 3")
        page.get_by_role("searchbox", name="Reader").fill("majo")
        assert page.evaluate(READERS) == ["majority"]
        again = page.evaluate("location.href")
    with opened(browser, again) as page:
        assert page.evaluate(READERS) == ["majority"]
        page.get_by_label("Condition").select_option("full")
        page.get_by_label("Dataset").select_option("phantoms-1-66")
        assert page.evaluate(READERS) == ["majority"]


def test_the_gallery_is_filtered_by_who_was_wrong_on_what(browser, site):
    path = next((site / "gallery").glob("*.html"))
    with opened(browser, path) as page:
        page.get_by_label("on axis").select_option("diagnosis")
        wrong = page.locator("article.case:not([hidden])")
        assert 0 < wrong.count() < 4
        for number in range(wrong.count()):
            row = wrong.nth(number).locator("tr", has=page.get_by_role("rowheader", name="diagnosis"))
            assert row.locator("td.wrong, td.no-answer").count()
        assert page.locator("form .status").text_content() == f"{wrong.count()} of 4 cases"


def test_without_scripts_everything_is_readable(browser, site):
    with opened(browser, site / "index.html", java_script_enabled=False) as page:
        assert page.locator("table.ranks tbody tr:visible").count() == 3
        assert page.locator("form.filters").is_hidden() and page.get_by_role("button").count() == 0


def test_a_hostile_run_is_shown_as_text(browser, site):
    for path in site.rglob("*.html"):
        with opened(browser, path) as page:
            assert page.evaluate("window.pwned") is None, path
    with opened(browser, site / "index.html") as page:
        assert page.get_by_text('../../x"><script>window.pwned=1</script>\\x1b[31m\\u202e').first.is_visible()
        assert page.get_by_text('<img src=x onerror="window.pwned=1">').first.is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_axe_finds_nothing_and_no_page_is_wider_than_its_window(browser, axe, site, scheme, size):
    context = browser.new_context(viewport=size, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    for name in pages_of(site):
        page.goto((site / name).as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], name
        page.evaluate(axe)
        found = page.evaluate("axe.run(document, {preload: false})")
        told = [(one["id"], one["impact"], one["nodes"][0]["html"]) for one in found["violations"]]
        assert not told, (name, told)
    context.close()


@pytest.mark.parametrize("width", [320, 1000, 1120])
def test_no_table_is_wider_than_a_window_between_phone_and_desk(browser, site, width):
    with opened(browser, site / "index.html", viewport={"width": width, "height": 800}) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_light_and_dark_are_what_the_system_asks_for(browser, site):
    def paper(page):
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    with opened(browser, site / "index.html", color_scheme="light") as page:
        assert paper(page) == "rgb(255, 253, 251)"
    with opened(browser, site / "index.html", color_scheme="dark") as page:
        assert paper(page) == "rgb(21, 19, 21)"


def test_on_paper_there_are_no_controls_and_the_colours_are_light(browser, site, tmp_path):
    with opened(browser, site / "index.html", color_scheme="dark") as page:
        page.emulate_media(media="print", color_scheme="dark")
        assert page.locator("form.filters").is_hidden() and page.locator("header nav").is_hidden()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        page.set_viewport_size({"width": 700, "height": 1000})  # a sheet is narrow, and keeps its tables
        assert page.evaluate("getComputedStyle(document.querySelector('table.ranks')).display") == "table"
        page.pdf(path=tmp_path / "page.pdf", format="A4")
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")


def test_the_first_tab_skips_to_the_content(browser, site):
    with opened(browser, site / "index.html") as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
        page.keyboard.press("Enter")
        assert page.evaluate("location.hash") == "#content"


PLACES = "[...document.querySelector('table.ranks tbody').rows].map(row => row.cells[0].className)"


def test_a_bracket_joins_its_own_whatever_was_sorted_before(browser, results, tmp_path):
    tied = with_ranks(results, tmp_path / "tied", (1, 1))
    build_site(tmp_path / "site", SiteOptions(tied, cases=0))
    with opened(browser, tmp_path / "site" / "index.html") as page:
        joined = page.evaluate(PLACES)
        assert joined == ["rank tie tie-first", "rank tie tie-last"]
        page.locator("th[data-key=kappa] button").click()
        page.locator("th[data-key=kappa] button").click()  # ascending: the other way round
        assert page.evaluate(PLACES) == joined[::-1]
        page.locator("th[data-key=rank] button").click()
        assert page.evaluate(PLACES) == joined


def test_all_again_brings_back_the_order_that_a_heading_changed(browser, site):
    with opened(browser, site / "index.html") as page:
        before = page.evaluate(READERS)
        order = page.get_by_label("Order by")
        page.locator("table.ranks th[data-key=kappa] button").first.click()
        page.locator("table.ranks th[data-key=kappa] button").first.click()
        assert page.evaluate(READERS) != before and order.input_value() == ""
        page.get_by_role("searchbox", name="Reader").fill("rank")
        assert page.evaluate("location.hash") == "#text=rank"
        page.get_by_role("button", name="All again").click()
        page.wait_for_function("document.querySelectorAll('table.ranks tbody tr:not([hidden])').length === 3")
        assert page.evaluate(READERS) == before and order.input_value() == "rank"


def test_figures_that_are_missing_stand_last_in_either_direction(browser, runs, tmp_path):
    for name, changes in (("a", {}), ("b", {"kappa": None})):
        run = shutil.copytree(runs["measurements" if changes else "majority"], tmp_path / "runs" / name)
        score = json.loads((run / "score.json").read_text())
        (run / "score.json").write_text(json.dumps({**score, **changes}))
    build_site(tmp_path / "site", SiteOptions(None, (tmp_path / "runs",), cases=0))
    with opened(browser, tmp_path / "site" / "index.html") as page:
        for _ in range(2):
            page.locator("th[data-key=kappa] button").first.click()
            assert page.evaluate(READERS) == ["majority", "measurements"]


@pytest.mark.parametrize("width", [390, 1000, 1400, 2200])
def test_the_trace_is_drawn_to_the_scale_of_its_paper_and_no_wave_is_cut(browser, site, width):
    with opened(browser, site / "index.html", viewport={"width": width, "height": 800}) as page:
        told = page.evaluate("""() => {
            const strip = document.querySelector('.strip'), trace = strip.querySelector('svg');
            const [paper, path] = [strip, trace.querySelector('path')].map(one => one.getBoundingClientRect());
            const mm = parseFloat(getComputedStyle(strip).backgroundSize.split(',')[0]) / 5;
            return {mm, unit: trace.getBoundingClientRect().width / 250, top: path.top - paper.top,
                    bottom: paper.bottom - path.bottom, end: path.right};
        }""")
        assert told["unit"] == pytest.approx(told["mm"], rel=0.01)
        assert told["top"] > 0 and told["bottom"] > 0 and told["end"] >= width - 15


def test_a_narrow_window_has_a_scale_at_every_interval(browser, site):
    with opened(browser, site / "index.html", viewport=PHONE) as page:
        assert page.locator("td.plot .narrow-scale:visible").count() == 3
    with opened(browser, site / "index.html") as page:
        assert page.locator("td.plot .narrow-scale:visible").count() == 0
