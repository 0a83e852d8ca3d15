"""The viewer in a real browser: filters, keys, calipers, hostile text, comparison, an export from files."""

import functools
import http.server
import json
import re
import threading
import time

import numpy as np
import pytest

from bench.dataset import Selection
from bench.progress import SILENT
from bench.report.explain_map import write_map
from bench.report.explain_page import write_explained
from bench.run.job import prepared, run_readings
from bench.run.options import RunOptions
from bench.run.settings import settings_from
from bench.web.exporting import export
from bench.web.finding import find
from bench.web.library import Library
from renderers.explained import Overlay

from ...report.explained_parts import explained, gallery_case
from .conftest import serving

pytestmark = pytest.mark.slow


def opened(page, server, route=""):
    """Open a page of the viewer anew."""
    page.goto("about:blank")
    page.goto(f"{server.address}#/{route}")


def table_of(page, server, number):
    opened(page, server, f"run/{number}")
    page.wait_for_selector(".rows .row")


def case_of(page, server, number, ecg_id):
    opened(page, server, f"run/{number}/case/{ecg_id}")
    page.wait_for_function("() => document.querySelector('canvas.ecg')?.width > 400")
    page.wait_for_function("() => performance.getEntriesByName('ecg-bench trace').length > 0")


def counted(page):
    """How many cases are shown, of how many."""
    return tuple(map(int, re.findall(r"\d+", page.inner_text("#counted"))))


def shown_ids(page):
    return page.eval_on_selector_all(".rows .row .id b", "all => all.map(one => one.textContent)")


@pytest.fixture(scope="module")
def tables(library, numbers):
    return {name: library.data(f"run-{number}") for name, number in numbers.items()}


def states(table, axis=""):
    """The states of each case, on one axis or on all."""
    axes = [one["state"] for one in table["axes"] if axis in ("", one["name"])]
    return list(zip(*axes, strict=True))


def test_the_runs_are_listed_and_opened(page, server, numbers):
    opened(page, server)
    page.wait_for_selector("#run-rows tr")
    assert page.locator("#run-rows tr").count() == len(numbers)
    page.locator("#run-rows a", has_text="majority").click()
    page.wait_for_selector(".rows .row")
    assert counted(page) == (12, 12)


def test_filters_show_the_cases_that_they_name(page, server, numbers, tables):
    table = tables["measurements"]
    table_of(page, server, numbers["measurements"])
    for kind, wanted in (("wrong", "w"), ("beyond", "R")):
        page.select_option("#kind", kind)
        assert counted(page)[0] == sum(wanted in one for one in states(table)), kind
        page.select_option("#axis", "rate")
        assert counted(page)[0] == sum(wanted in one for one in states(table, "rate")), kind
        page.select_option("#axis", "")
    page.click("#clear")
    rhythm = next(one for one in table["axes"] if one["name"] == "rhythm")
    name = rhythm["values"][rhythm["truth"][0]][0]
    page.select_option("#truth", f"rhythm={name}")
    assert counted(page)[0] == sum(rhythm["values"][code] == [name] for code in rhythm["truth"])
    page.click("#clear")
    assert counted(page) == (12, 12)
    page.fill("#text", str(table["ids"][3]))
    assert str(table["ids"][3]) in shown_ids(page)


def test_failed_calls_are_found(page, server, numbers):
    table_of(page, server, numbers["broken"])
    page.select_option("#kind", "failed")
    assert counted(page)[0] == 6
    assert page.locator(".rows .row .error", has_text="transport").count() == 6


def test_cases_that_flipped_against_another_run_are_found(page, server, numbers, library):
    first, second = numbers["majority"], numbers["measurements"]
    (pair,) = library.data(f"compare-{first}-{second}")["pairs"]
    axis = max(pair["axes"], key=lambda one: len(one["first_only"]) + len(one["second_only"]))
    table_of(page, server, first)
    page.select_option("#axis", axis["axis"])
    page.select_option("#against", str(second))
    for direction, ids in (("gained", axis["first_only"]), ("lost", axis["second_only"])):
        page.select_option("#direction", direction)
        page.wait_for_function(
            "n => document.getElementById('counted').textContent.startsWith(`${n} of`)", arg=len(ids)
        )
        assert {*shown_ids(page)} == {*map(str, ids)}


def test_everything_is_reached_by_keys(page, server, numbers, tables):
    table = tables["measurements"]
    table_of(page, server, numbers["measurements"])
    page.keyboard.press("w")
    wrong = [ecg_id for ecg_id, one in zip(table["ids"], states(table), strict=True) if "w" in one]
    assert page.input_value("#kind") == "wrong" and counted(page)[0] == len(wrong)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_selector("#case-title h2")
    assert page.inner_text("#case-title h2") == f"Record {wrong[1]}"
    page.keyboard.press("j")
    page.wait_for_function(
        "id => document.querySelector('#case-title h2').textContent === `Record ${id}`", arg=wrong[2]
    )
    page.keyboard.press("k")
    page.keyboard.press("k")
    page.wait_for_function(
        "id => document.querySelector('#case-title h2').textContent === `Record ${id}`", arg=wrong[0]
    )
    page.wait_for_selector("canvas.ecg")
    page.keyboard.press("l")
    assert page.get_attribute("[data-act='12x1']", "aria-pressed") == "true"
    page.keyboard.press("Escape")
    page.wait_for_selector(".rows .row.current")
    assert page.inner_text(".row.current .id b") == str(wrong[0])
    page.keyboard.press("1")
    assert page.input_value("#axis") == table["axes"][0]["name"]
    page.keyboard.press("x")
    assert counted(page) == (12, 12)
    page.keyboard.press("/")
    page.keyboard.type("w")
    assert page.input_value("#text") == "w" and page.input_value("#kind") == "all"
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert page.locator("#help").get_attribute("open") is not None


def zoomed(page, px_per_mm):
    """Zoom by the buttons until the paper is drawn at a scale."""
    for _ in range(30):
        now = float(page.inner_text(".scaled").split()[0])
        if now == px_per_mm:
            return
        page.click("[data-act='in']" if now < px_per_mm else "[data-act='out']")
    raise AssertionError(f"no scale of {px_per_mm} px/mm")


def test_eighty_pixels_are_eight_hundred_milliseconds_at_four_a_millimetre(page, server, numbers, tables):
    case_of(page, server, numbers["majority"], tables["majority"]["ids"][0])
    zoomed(page, 4)
    box = page.locator("canvas.ecg").bounding_box()
    x, y = box["x"] + 300, box["y"] + 120
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y + 10)
    page.mouse.move(x + 80, y + 40)
    page.mouse.up()
    assert page.inner_text(".measured") == "800 ms · 75/min · 1.00 mV"
    page.mouse.move(x + 80, y + 20)  # the second leg is taken up again
    page.mouse.down()
    page.mouse.move(x + 40, y)
    page.mouse.up()
    assert page.inner_text(".measured") == "400 ms · 150/min · 0.00 mV"
    zoomed(page, 8)
    assert page.inner_text(".measured") == "400 ms · 150/min · 0.00 mV"
    page.select_option("select[aria-label=gain]", "20")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 80, y + 80)
    page.mouse.up()
    assert page.inner_text(".measured") == "400 ms · 150/min · 0.50 mV"


def test_the_calipers_are_moved_by_keys(page, server, numbers, tables):
    case_of(page, server, numbers["majority"], tables["majority"]["ids"][0])
    page.focus("canvas.ecg")
    for _ in range(4):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("ArrowUp")
    assert page.inner_text(".measured") == "200 ms · 300/min · 0.05 mV"
    page.keyboard.press("Escape")
    assert page.inner_text(".measured") == "" and page.locator("#case").is_visible()


LEGS = "() => { const own = window.papers[0].legs; return [own.a.x, own.b.x, own.a.y]; }"


@pytest.fixture
def papers(page):
    """Let the page tell its papers."""
    page.add_init_script(
        """window.papers = [];
        let made;
        Object.defineProperty(window, "EcgPaper", {
            get: () => made,
            set: (paper) => { made = class extends paper { constructor(...given) { super(...given); window.papers.unshift(this); } }; },
        });"""  # noqa: E501
    )


def test_both_legs_are_marched_along_by_keys(papers, page, server, numbers, tables):
    case_of(page, server, numbers["majority"], tables["majority"]["ids"][0])
    page.focus("canvas.ecg")
    page.keyboard.press("Shift+ArrowRight")
    before = page.evaluate(LEGS)
    for key in ("Alt+ArrowLeft", "Alt+Shift+ArrowLeft", "Alt+ArrowDown"):
        page.keyboard.press(key)
    after = page.evaluate(LEGS)
    assert [new - old for old, new in zip(before, after, strict=True)] == pytest.approx([-1.5, -1.5, 0.5])
    assert page.inner_text(".measured") == "50 ms · 0.00 mV"


def test_speed_and_gain_stand_on_the_paper(papers, page, server, numbers, tables):
    page.add_init_script(
        """window.said = [];
        const put = CanvasRenderingContext2D.prototype.fillText;
        CanvasRenderingContext2D.prototype.fillText = function (text, ...at) { window.said.push(text); put.call(this, text, ...at); };"""  # noqa: E501
    )
    case_of(page, server, numbers["majority"], tables["majority"]["ids"][0])
    assert "25 mm/s   10 mm/mV" in page.evaluate("window.said")
    page.select_option("select[aria-label=gain]", "20")
    assert page.evaluate("window.said.at(-1)") != "" and "25 mm/s   20 mm/mV" in page.evaluate("window.said")


@pytest.mark.parametrize("layout", ["3x4", "12x1"])
def test_no_lead_hides_below_the_edge(papers, page, server, numbers, tables, layout):  # noqa: PLR0913
    case_of(page, server, numbers["majority"], tables["majority"]["ids"][0])
    page.click(f"[data-act='{layout}']")
    tall, needed = page.evaluate(
        "() => { const one = window.papers[0]; return [one.height, one.page.height * one.scale]; }"
    )
    assert tall == pytest.approx(needed, abs=1)


def test_no_name_of_a_lead_hides_a_wave(papers, page, server, numbers, tables):
    """The names are drawn first, and the traces on top of them."""
    page.add_init_script(
        """window.drawn = [];
        for (const name of ["strokeText", "stroke"]) {
            const own = CanvasRenderingContext2D.prototype[name];
            CanvasRenderingContext2D.prototype[name] = function (...given) { window.drawn.push(name); own.apply(this, given); };
        }"""  # noqa: E501
    )
    case_of(page, server, numbers["majority"], tables["majority"]["ids"][0])
    page.evaluate("() => { window.drawn = []; window.papers[0].draw(); }")
    drawn = page.evaluate("window.drawn")
    last_name = len(drawn) - 1 - drawn[::-1].index("strokeText")
    assert drawn[last_name + 1 :] == ["stroke"] * 13 and drawn.count("strokeText") == 13


def test_the_trace_is_drawn_where_its_millimetres_are(page, server, numbers, tables):
    """A calibration pulse of 1 mV is 10 mm high: its ink is there, and 10 mm below it that of the baseline."""
    case_of(page, server, numbers["majority"], tables["majority"]["ids"][0])
    zoomed(page, 4)
    heights = page.evaluate(
        """() => {
            const canvas = document.querySelector('canvas.ecg');
            const pen = canvas.getContext('2d');
            const dark = (x) => {
                const column = pen.getImageData(x, 0, 1, canvas.height).data;
                const found = [];
                for (let y = 0; y < canvas.height; y += 1) { if (column[4 * y] < 110) { found.push(y); } }
                return found;
            };
            const left = Math.max(0, (canvas.clientWidth - 268 * 4) / 2);
            return [dark(Math.round(left + 4 * 7)), dark(Math.round(left + 4 * 3.7))];
        }"""
    )
    top, base = heights[0][0], heights[1][0]
    assert abs((base - top) - 40) <= 1


def test_pan_moves_the_paper_and_zoom_keeps_the_place(page, server, numbers, tables):
    case_of(page, server, numbers["majority"], tables["majority"]["ids"][0])
    zoomed(page, 12)
    page.keyboard.press("c")
    assert page.get_attribute("canvas.ecg", "data-tool") == "pan"
    before = page.evaluate("document.querySelector('canvas.ecg').toDataURL()")
    box = page.locator("canvas.ecg").bounding_box()
    page.mouse.move(box["x"] + 400, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 250, box["y"] + 150)
    page.mouse.up()
    assert page.evaluate("document.querySelector('canvas.ecg').toDataURL()") != before
    assert page.inner_text(".measured") == ""


def test_a_hostile_answer_is_text_and_nothing_of_it_runs(page, server, numbers, tables):
    case_of(page, server, numbers["chatty"], tables["chatty"]["ids"][0])
    assert "<script>window.hacked = 1</script>" in page.inner_text("blockquote >> nth=0")
    page.locator("summary", has_text="raw answer").first.click()
    assert "onerror='window.hacked = 1'" in page.locator("pre.text").first.inner_text()
    assert page.evaluate("window.hacked") is None
    assert page.locator("main script, main img[src=x]").count() == 0


def test_the_policy_stops_a_script_that_got_in(browser, server):
    context = browser.new_context()
    page = context.new_page()
    opened(page, server)
    page.wait_for_selector("#run-rows tr")
    said = page.evaluate(
        """async () => {
            document.body.insertAdjacentHTML('beforeend', '<img src="data:," onerror="window.hacked = 1">');
            const script = document.createElement('script');
            script.textContent = 'window.hacked = 1';
            document.body.append(script);
            let reached = 'yes';
            try { await fetch('http://127.0.0.1:9/'); } catch { reached = 'no'; }
            await new Promise((done) => setTimeout(done, 200));
            return [window.hacked ?? null, reached];
        }"""
    )
    context.close()
    assert said == [None, "no"]


def test_two_runs_are_compared_on_a_page(page, server, numbers, library):
    opened(page, server)
    page.wait_for_selector("#run-rows tr")
    assert page.is_disabled("#compare-runs")
    for name in ("majority", "measurements"):
        page.check(f"input[aria-label='compare {name}']")
    page.click("#compare-runs")
    page.wait_for_selector("table.pair")
    (pair,) = library.data(f"compare-{numbers['majority']}-{numbers['measurements']}")["pairs"]
    assert page.inner_text("#same-cases + section h3") == "majority against measurements"
    assert pair["headline"][0] in page.inner_text("#comparison")
    assert page.locator("#same-cases + section table.pair tbody tr").count() == len(pair["axes"])
    flipped = next(one for one in pair["axes"] if one["second_only"])
    row = page.locator("#same-cases + section table.pair tbody tr", has_text=flipped["axis"].replace("_", " ")).first
    row.locator("summary").last.click()
    row.locator("td").last.locator("a").first.click()
    page.wait_for_selector("canvas.ecg")
    assert page.inner_text("#case-title h2") == f"Record {flipped['second_only'][0]}"


def test_the_map_of_an_explanation_is_shown_behind_the_trace(page, copied):
    settings = json.loads((copied / "majority" / "manifest.json").read_text())["settings"]
    found = explained(
        reader="majority",
        reader_details=settings["reader_details"],
        dataset=settings["dataset"],
        cases=(gallery_case(settings["ids"][0]),),
        joints=(),
    )
    write_explained(copied / "explain-majority", found)
    relevance = np.zeros((12, 1000), dtype=np.float32)
    relevance[1, 100:200] = 1.0
    (picture,) = (copied / "explain-majority").glob("pictures/explain/case-*.png")
    write_map(picture, Overlay(relevance, 100.0, "", "", ""))
    for server in serving(Library(find([copied / "majority"]))):
        case_of(page, server, 0, settings["ids"][0])
        plain = page.evaluate("document.querySelector('canvas.ecg').toDataURL()")
        page.click("button[data-map]")
        page.wait_for_function(
            "() => document.querySelector('button[data-map]').getAttribute('aria-pressed') === 'true'"
        )
        assert page.evaluate("document.querySelector('canvas.ecg').toDataURL()") != plain
        page.click("button[data-map]")
        assert page.evaluate("document.querySelector('canvas.ecg').toDataURL()") == plain


def test_a_run_that_grows_is_followed(page, copied):
    path = copied / "majority" / "readings.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:5]))
    for server in serving(Library(find([copied / "majority"]))):
        opened(page, server)
        page.wait_for_selector(".rows .row")
        assert "5 of 12 questions answered" in page.inner_text("#about")
        page.select_option("#kind", "waiting")
        assert counted(page)[0] == 7
        path.write_bytes(b"".join(lines))
        page.wait_for_function(
            "() => document.getElementById('about').textContent.includes('12 of 12')", timeout=15_000
        )
        assert counted(page)[0] == 0


def test_a_case_that_is_looked_at_is_shown_once_it_is_answered(page, copied):
    path = copied / "majority" / "readings.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:5]))
    library = Library(find([copied / "majority"]))
    table = library.data("run-0")
    waiting = table["ids"][table["axes"][0]["state"].index(".")]
    for server in serving(library):
        case_of(page, server, 0, waiting)
        assert "Not answered yet" in page.inner_text("#case-body")
        path.write_bytes(b"".join(lines))
        page.wait_for_function(
            "() => !document.getElementById('case-body').textContent.includes('ot answered yet')", timeout=15_000
        )


def test_a_run_that_grew_behind_the_list_is_not_shown_as_it_was(page, copied):
    path = copied / "majority" / "readings.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:5]))
    for server in serving(Library(find([copied / "majority", copied / "measurements"]))):
        page.goto(f"{server.address}#/run/0")
        page.wait_for_selector(".rows .row")
        page.keyboard.press("Escape")
        page.wait_for_selector("#run-rows tr")
        path.write_bytes(b"".join(lines))
        page.wait_for_function(
            "() => document.getElementById('run-rows').textContent.includes('12 of 12') && "
            "!document.getElementById('run-rows').textContent.includes('5 of 12')", timeout=15_000,
        )  # fmt: skip
        page.click("#run-rows tr:first-child a")
        page.wait_for_selector("#table:not([hidden])")
        assert "12 of 12 questions answered" in page.inner_text("#about")


def test_a_case_of_another_run_stands_among_that_runs_cases(page, server, numbers, tables):
    page.goto(f"{server.address}#/run/{numbers['majority']}")
    page.wait_for_selector(".rows .row")
    page.fill("#text", str(tables["majority"]["ids"][0]))
    page.keyboard.press("Escape")
    shown = counted(page)[0]
    address = f"#/run/{numbers['chatty']}/case/{tables['chatty']['ids'][0]}"
    page.evaluate("address => { location.hash = address; }", address)  # as a link of a comparison leads there
    page.wait_for_selector("#case-title p")
    assert shown < 12 and "case 1 of 12" in page.inner_text("#case-title")


def test_a_comparison_on_a_phone_breaks_no_word(browser, server, numbers):
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"{server.address}#/compare/{numbers['majority']}-{numbers['measurements']}")
    page.wait_for_selector("table.pair", timeout=30_000)
    heights = page.evaluate("() => [...document.querySelectorAll('.pair tbody th')].map((one) => one.offsetHeight)")
    assert heights and max(heights) < 40
    assert page.locator("#same-cases tbody tr").count() == 2
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    context.close()


@pytest.mark.parametrize("hash", ["", "#/run/0"])
def test_no_page_is_wider_than_a_phone(browser, server, hash):
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(server.address + hash)
    page.wait_for_selector(".rows .row" if hash else "#run-rows tr")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    context.close()


def test_a_run_without_its_dataset_says_so_on_the_page(page, copied):
    path = copied / "chatty" / "manifest.json"
    told = json.loads(path.read_text())
    told["settings"].update(dataset="elsewhere-1", fingerprint="0" * 16)
    told["run_id"] = settings_from(told["settings"]).run_id
    path.write_text(json.dumps(told))
    for server in serving(Library(find([copied / "chatty"]))):
        opened(page, server)
        page.wait_for_selector(".rows .row")
        assert "name its dataset with --data" in page.inner_text("#about .problem")
        page.keyboard.press("Enter")
        page.wait_for_selector("blockquote")
        page.wait_for_selector(".trace .problem")
        assert not page.is_visible("canvas.ecg")


def exported_page(page, address):
    """Look at an export as at the server's page."""
    page.goto(address)
    page.wait_for_selector("#run-rows tr")
    page.locator("#run-rows a", has_text="chatty:Chatty").first.click()
    page.wait_for_selector(".rows .row")
    page.select_option("#kind", "wrong")
    page.click(".rows .row >> nth=0")
    page.wait_for_selector("blockquote")
    assert "<script>" in page.inner_text("blockquote >> nth=0") and page.evaluate("window.hacked") is None
    page.wait_for_function("() => performance.getEntriesByName('ecg-bench trace').length > 0")
    page.wait_for_function("() => [...document.querySelectorAll('.pages img')].some((one) => one.naturalWidth > 500)")
    page.goto(f"{address}#/compare/{'-'.join(map(str, range(5)))}")
    page.wait_for_selector("table.pair")


@pytest.fixture(scope="module")
def exported(library, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported") / "pages"
    return export(library, folder, most=12)


def test_an_export_is_opened_from_a_file(page, exported):
    exported_page(page, exported.as_uri())


def test_an_export_is_opened_from_a_static_host(page, exported):
    handler = functools.partial(Quiet, directory=exported.parent)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as host:
        threading.Thread(target=host.serve_forever, daemon=True).start()
        exported_page(page, f"http://127.0.0.1:{host.server_port}/index.html")
        host.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *args):
        pass


def test_a_case_that_was_not_exported_says_so(browser, library, numbers, tmp_path):
    index = export(library, tmp_path / "pages", most=0)
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{index.as_uri()}#/run/{numbers['majority']}")
    page.wait_for_selector(".rows .row")
    page.click(".rows .row >> nth=0")
    page.wait_for_selector("#notice:not([hidden])")
    assert "larger --most" in page.inner_text("#notice")
    context.close()


def test_tables_filters_and_cases_are_quick(page, tmp_path):
    """2,198 cases of a majority reader; the quickest of several tries, since the machine may be busy."""
    job = prepared(RunOptions("majority", selection=Selection("phantoms:1,2198"), out=tmp_path))
    run_readings(job, SILENT)
    for server in serving(Library(find([tmp_path]))):
        opened(page, server)
        page.wait_for_selector(".rows .row")
        for key in "wrmawrma":
            page.keyboard.press(key)
        page.keyboard.press("Enter")
        for _ in range(15):
            page.wait_for_function("() => performance.getEntriesByName('ecg-bench trace').length > 0")
            time.sleep(0.2)
            page.keyboard.press("j")
        took = {
            name: min(
                page.evaluate("name => performance.getEntriesByName(`ecg-bench ${name}`).map((e) => e.duration)", name)
            )
            for name in ("filter", "case", "trace")
        }
        assert took["filter"] < 100 and took["case"] + took["trace"] < 50, took


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_shuts_out_who_cannot_see_or_point(browser, server, library, axe, scheme):
    context = browser.new_context(viewport={"width": 1400, "height": 900}, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    named = {run.name: run for run in library.runs.values()}
    chatty, majority = named["chatty"].number, named["majority"].number
    for route, there in (
        ("", "#run-rows tr"),
        (f"run/{chatty}", ".rows .row"),
        (f"run/{chatty}/case/{named['chatty'].settings.ids[0]}", "canvas.ecg"),
        (f"compare/{majority}-{chatty}", "table.pair"),
    ):
        opened(page, server, route)
        page.wait_for_selector(there)
        page.evaluate(axe)
        assert [(one["id"], one["nodes"][0]["html"]) for one in page.evaluate("axe.run()")["violations"]] == [], route
    context.close()
