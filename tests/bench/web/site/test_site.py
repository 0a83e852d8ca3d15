"""The static site: whole, closed, deterministic, and a stranger's text is text."""

import itertools
import json
import re
import shlex
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bench.dataset.phantom import Phantoms
from bench.dataset.ptbxl import PtbXl
from bench.run.folder import RunFolder
from bench.run.rescoring import cohort_of_run
from bench.run.scoring import scored_cases
from bench.web.site.building import SiteOptions, build_site
from bench.web.site.credit import credit_of
from bench.web.site.drawn import EDGE, WIDTH, Scale
from bench.web.site.entry import Entry, SiteTable, readers_of
from bench.web.site.folder import LOCK, MARKER, STAGED, write_site
from bench.web.site.gallery import gallery_dataset
from bench.web.site.prose import Picture, headline, outside_link, prose
from bench.web.site.rerun import rerun_command, rerun_notes
from bench.web.site.source import leaderboard_tables
from bench.web.site.study import Study, matched, shown
from taxonomy.error import StorageError, SubmissionError

from ....command import bench, is_one_sentence
from .conftest import AUTHOR, POPULATION, hostile_run, with_ranks
from .markup import Page, pages_of, target_of

DECLARED = {"https://example.org/paper?a=1&b='2'"}


@pytest.fixture(scope="module")
def pages(site):
    return pages_of(site)


def content_of(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_there_is_a_page_for_each_reader_and_the_others(pages):
    assert {"index.html", "method.html", "gallery.html"} <= set(pages)
    readers = [
        name.partition("/")[2].rpartition("-")[0] for name in pages if re.fullmatch(r"readers/[^/]*\.html", name)
    ]
    assert len(readers) == 3 and {"majority", "measurements"} < set(readers)
    for page in pages.values():
        assert not page.wrong and not page.open, page.path


def test_every_link_leads_to_a_file_of_the_site_or_a_declared_address(site, pages):
    ids = {page.path.resolve(): set(page.ids) for page in pages.values()}
    for page in pages.values():
        for tag, attrs, address in page.addresses:
            if urlsplit(address).scheme:
                assert address in DECLARED and tag == "a" and attrs["rel"] == "nofollow noopener", (page.path, address)
                continue
            target, anchor = target_of(page, address)
            assert target.is_file() and target.is_relative_to(site.resolve()), (page.path, address)
            assert not anchor or anchor in ids[target], (page.path, address)


def test_no_page_has_a_script_or_a_style_of_its_own(pages):
    for page in pages.values():
        assert not page.scripts and not page.of("style"), page.path
        for tag, attrs in page.elements:
            assert "style" not in attrs and not any(name.startswith("on") for name in attrs), (page.path, tag, attrs)
        (policy,) = [one["content"] for one in page.of("meta") if one.get("http-equiv") == "Content-Security-Policy"]
        assert policy.startswith("default-src 'none'") and "unsafe" not in policy
        assert [Path(script["src"]).name for script in page.of("script")] == ["site.js"]


def test_ids_are_distinct_and_tables_have_captions_and_scopes(pages):
    for page in pages.values():
        assert len(page.ids) == len(set(page.ids)), page.path
        assert len(page.of("table")) == len(page.of("caption")), page.path
        assert all(heading.get("scope") in {"row", "col"} for heading in page.of("th")), page.path
        assert all("alt" in image for image in page.of("img")), page.path


def test_the_same_again_has_the_same_bytes(site, results, hostile_runs, tmp_path):
    options = SiteOptions(results, (hostile_runs,), cases=4)
    build_site(tmp_path / "again", options)
    assert content_of(tmp_path / "again") == content_of(site)
    build_site(tmp_path / "again", options)
    assert content_of(tmp_path / "again") == content_of(site)


def test_a_hostile_submission_and_run_are_text_and_write_nothing_outside(site, pages):
    assert AUTHOR in pages["index.html"].text
    assert "window.pwned" in pages["index.html"].text and "\\x1b[31m\\u202e" in pages["index.html"].text
    for path in site.rglob("*"):
        assert path.resolve().is_relative_to(site.resolve())
        if path.suffix == ".html":
            text = path.read_text(encoding="utf-8")
            assert "<script>" not in text and "<img src=x" not in text
            assert "\x1b" not in text and "\u202e" not in text
    assert [path.name for path in site.parent.iterdir()] == [site.name]
    assert all(re.fullmatch(r"[\w.-]+", path.name, re.ASCII) for path in site.rglob("*"))


def test_an_own_run_is_told_as_such_and_has_no_rank(pages):
    assert "own runs not ranked" in pages["index.html"].text
    rows = [attrs for tag, attrs in pages["index.html"].elements if tag == "td" and "rank" in attrs.get("class", "")]
    assert len(rows) == 3 and "–" in pages["index.html"].text


def test_a_run_that_is_not_whole_or_has_failed_calls_says_so(runs, tmp_path):
    run = shutil.copytree(runs["majority"], tmp_path / "runs" / "run")
    score = json.loads((run / "score.json").read_text())
    (run / "score.json").write_text(json.dumps({**score, "n": 60, "failed": {"network": 3}, "ranked": False}))
    build_site(tmp_path / "site", SiteOptions(None, (tmp_path / "runs",), cases=0))
    (page,) = (tmp_path / "site" / "readers").glob("*.html")
    text = Page(page).text
    assert "Incomplete: 60 of 66" in text and "3 of its calls failed" in text


def test_the_submissions_stand_with_their_figures(results, pages):
    index = pages["index.html"].text
    for table in json.loads((results / "leaderboard.json").read_text())["tables"]:
        for entry in table["entries"]:
            assert f"{entry['score']['kappa']['kappa']:.3f}" in index
    assert "66 phantoms, simulated ECGs of known truth: no result on patients" in index


def test_readers_that_share_a_rank_are_joined_by_a_bracket(results, tmp_path):
    tied = with_ranks(results, tmp_path / "tied", (1, 1))
    build_site(tmp_path / "site", SiteOptions(tied, cases=0))
    page = Page(tmp_path / "site" / "index.html")
    classes = [attrs["class"] for attrs in page.of("td") if attrs.get("class", "").startswith("rank")]
    assert classes == ["rank tie tie-first", "rank tie tie-last"]
    assert page.text.count("shared by 2") == 2
    told = with_ranks(results, tmp_path / "told", (1, 2))
    build_site(tmp_path / "site", SiteOptions(told, cases=0))
    page = Page(tmp_path / "site" / "index.html")
    assert [attrs["class"] for attrs in page.of("td") if attrs.get("class", "").startswith("rank")] == ["rank", "rank"]


def test_an_interval_is_drawn_where_its_figures_are():
    scale = Scale.over([0.2, 0.9])
    drawn = scale.drawn(0.5, (0.0, 1.0))
    assert (drawn.low, drawn.at, drawn.high) == (EDGE, WIDTH / 2, WIDTH - EDGE)
    below = Scale.over([-0.13])
    assert below.low == pytest.approx(-0.2) and below.place(-0.2) == 6.0 and below.place(-5.0) == 6.0


@pytest.mark.parametrize("least", [0.3, -0.004, -0.13, -0.31, -0.9])
def test_no_label_of_a_scale_runs_into_another(least):
    places = sorted(map((scale := Scale.over([least])).place, scale.ticks))
    assert all(after - before > 20 for before, after in itertools.pairwise(places))


def test_the_drawings_are_as_wide_as_their_scale(pages):
    drawn = [one for one in pages["index.html"].of("svg") if "interval" in one.get("class", "")]
    assert drawn and {one["width"] for one in drawn} == {str(WIDTH)}
    assert {one["viewbox"].split()[2] for one in drawn} == {str(WIDTH)}


def test_every_figure_of_errors_has_its_interval_and_the_young_stand_before_the_old(results, site, pages):
    (table,) = json.loads((results / "leaderboard.json").read_text())["tables"]
    for entry in table["entries"]:
        low, high = entry["score"]["superclass"]["overall"]["critical_interval"]
        assert f"[{low:.1%}, {high:.1%}]" in pages["index.html"].text
        (page,) = [one for name, one in pages.items() if re.fullmatch(rf"readers/{entry['reader']}-[^/]*", name)]
        assert f"[{low:.1%}, {high:.1%}]" in page.text
        groups = re.findall(r"age (?:<|>)?\d\d(?:-\d\d)?", page.text)
        assert groups == ["age <40", "age 40-60", "age 60-75", "age >75"]


def test_a_site_does_not_say_that_something_was_never_asked(pages):
    said = " ".join(page.text for name, page in pages.items() if name.startswith("readers/"))
    assert "None on this site" in said and "Not asked yet" not in said


def test_a_readers_page_tells_of_each_of_its_runs_whose_it_is(results, runs, tmp_path):
    run = shutil.copytree(runs["majority"], tmp_path / "runs" / "run")
    hostile_run(run, seed=5)
    build_site(tmp_path / "site", SiteOptions(results, (tmp_path / "runs",), cases=0))
    (page,) = (tmp_path / "site" / "readers").glob("majority-*.html")
    text = Page(page).text
    assert text.count("Submitted by A. Nobody") == 2 and "A run of one's own, not submitted." in text


def test_a_run_that_is_there_twice_stands_once_and_it_is_said(runs, tmp_path):
    for name in ("a", "b"):
        shutil.copytree(runs["majority"], tmp_path / "runs" / name)
    built = build_site(tmp_path / "site", SiteOptions(None, (tmp_path / "runs",), cases=0))
    assert (
        built.entries == 1
        and len(built.left) == 1
        and built.left[0].endswith("is a copy of " + str(tmp_path / "runs" / "a"))
    )
    test_ids_are_distinct_and_tables_have_captions_and_scopes(pages_of(tmp_path / "site"))


def test_no_ceiling_is_the_accuracy_of_a_reader_that_answers_from_what_made_the_truth(runs, tmp_path):
    run = shutil.copytree(runs["measurements"], tmp_path / "runs" / "run")
    score = json.loads((run / "score.json").read_text())
    for axis in score["axes"]:
        axis["by_construction"] = axis["axis"] == "rate"
    (run / "score.json").write_text(json.dumps(score))
    build_site(tmp_path / "site", SiteOptions(None, (tmp_path / "runs",), cases=0))
    rows = re.findall(r"<tr><th scope=\"row\">(rate|rhythm)</th>.*", (tmp_path / "site" / "method.html").read_text())
    lines = (tmp_path / "site" / "method.html").read_text().splitlines()
    told = {name: next(line for line in reversed(lines) if f'row">{name}</th>' in line) for name in rows}
    assert "measurements" not in told["rate"] and "measurements" in told["rhythm"]


def test_a_leaderboard_that_is_missing_or_stale_is_one_sentence(results, runs, tmp_path):
    bare = tmp_path / "bare"
    shutil.copytree(results / "submissions", bare / "submissions")
    done = bench("site", tmp_path / "out", "--results", bare, cwd=tmp_path)
    assert is_one_sentence(done, "leaderboard.json does not exist: 'bench leaderboard' writes it")
    stale = with_ranks(results, tmp_path / "stale", (1, 2))
    data = json.loads((stale / "leaderboard.json").read_text())
    data["tables"][0]["entries"][0]["score"]["kappa"]["kappa"] = 0.99
    (stale / "leaderboard.json").write_text(json.dumps(data))
    done = bench("site", tmp_path / "out", "--results", stale, cwd=tmp_path)
    assert is_one_sentence(done, "is not what the submissions beside it give")
    data["tables"][0]["entries"].pop()
    data["tables"][0]["pairs"] = []
    (stale / "leaderboard.json").write_text(json.dumps(data))
    with pytest.raises(SubmissionError, match="is not what the submissions"):
        leaderboard_tables(stale)
    (stale / "leaderboard.json").write_text('{"tables": [3]}')
    assert is_one_sentence(bench("site", tmp_path / "out", "--results", stale, cwd=tmp_path), "holds no tables")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_holds_something_else_is_refused_and_left_as_it_is(results, tmp_path):
    full = tmp_path / "full"
    full.mkdir()
    (full / "thesis.txt").write_text("mine")
    done = bench("site", full, "--results", results, "--cases", 0, cwd=tmp_path)
    assert is_one_sentence(done, "holds 'thesis.txt' and no site of this program")
    assert content_of(full) == {"thesis.txt": b"mine"}
    (tmp_path / "file").write_text("mine")
    done = bench("site", tmp_path / "file", "--results", results, cwd=tmp_path)
    assert is_one_sentence(done, "is no folder")


def test_a_site_is_renewed_and_only_what_it_wrote_is_removed(tmp_path):
    folder = tmp_path / "site"
    write_site(folder, {"a.html": "a", "readers/x.html": "x", "readers/y.html": "y"})
    (folder / "CNAME").write_text("example.org")
    (folder / "readers" / "y.html").write_text("changed by hand")
    write_site(folder, {"a.html": "b"})
    left = {name: text for name, text in content_of(folder).items() if not name.startswith(".ecg-bench")}
    assert left == {"a.html": b"b", "CNAME": b"example.org", "readers/y.html": b"changed by hand"}
    with pytest.raises(StorageError, match="was not written by it: move it away first"):
        write_site(folder, {"CNAME": "ours"})
    assert (folder / "CNAME").read_text() == "example.org"


@pytest.mark.parametrize("name", ["../x.html", "/etc/x.html", "a/../../x", "", "a//b", "a\\..\\b"])
def test_neither_a_page_nor_a_marker_leads_out_of_the_folder(name, tmp_path):
    folder = tmp_path / "site"
    with pytest.raises(StorageError, match="no path of a file within a site"):
        write_site(folder, {name: "x"})
    write_site(folder, {"a.html": "a"})
    (tmp_path / "x.html").write_text("mine")
    (folder / MARKER).write_text(json.dumps({"files": {name: "0"}}))
    with pytest.raises(StorageError, match="no path of a file within a site"):
        write_site(folder, {"a.html": "a"})
    assert (tmp_path / "x.html").read_text() == "mine"


def test_a_link_in_the_folder_is_not_followed(tmp_path):
    folder, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    write_site(folder, {"a.html": "a"})
    elsewhere.mkdir()
    (folder / "readers").symlink_to(elsewhere)
    with pytest.raises(StorageError, match="is a link or no folder"):
        write_site(folder, {"a.html": "a", "readers/x.html": "x"})
    assert not list(elsewhere.iterdir())


def test_a_site_that_cannot_be_written_stays_as_it_was(tmp_path):
    folder = tmp_path / "site"
    write_site(folder, {"index.html": "old", "a.html": "old"})
    before = content_of(folder)
    with pytest.raises(StorageError, match=r"cannot be written: .*name another folder"):
        write_site(folder, {"index.html": "new", "a.html": "new", "x": "new", "x/b.html": "new"})
    assert content_of(folder) == before and not (folder / STAGED).exists()


def test_a_first_site_that_cannot_be_written_leaves_no_page(tmp_path):
    folder = tmp_path / "site"
    with pytest.raises(StorageError):
        write_site(folder, {"index.html": "new", "index.html/b": "new"})
    assert {path.name for path in folder.iterdir()} <= {LOCK}
    write_site(folder, {"index.html": "new"})
    assert (folder / "index.html").read_text() == "new"


def test_what_a_killed_one_left_is_cleared_away_and_a_link_in_its_place_is_refused(tmp_path):
    folder, mine = tmp_path / "site", tmp_path / "mine"
    (folder / STAGED / "x").mkdir(parents=True)
    write_site(folder, {"index.html": "a"})
    assert {path.name for path in folder.iterdir()} == {"index.html", MARKER, LOCK}
    mine.mkdir()
    (mine / "kept").write_text("mine")
    (folder / STAGED).symlink_to(mine)
    with pytest.raises(StorageError, match="in the way"):
        write_site(folder, {"index.html": "b"})
    assert (mine / "kept").read_text() == "mine" and (folder / "index.html").read_text() == "a"


def test_prose_is_a_strangers_and_holds_no_markup_of_theirs():
    text = prose(
        "---\ntags: [a]\n---\n# Title\n\n## Part\n\n<script>x</script> <b onclick=a>b</b> [near](#part) "
        "[web](https://example.org/a 'told') [run](javascript:alert(1)) [file](../../etc/passwd) "
        "[data](data:text/html,x) "
        "![at hand](pictures/a.png) ![not](pictures/b.png) \x1b[31m\n\n| a | |\n|---|:--:|\n| <i>1</i> | 2 |\n",
        {"pictures/a.png": Picture("here/a.png", 3, 2)},
    )
    assert "Title" not in text and "<script>" not in text and "<b" not in text and "<i>" not in text
    assert 'href="#part"' in text and '<a href="https://example.org/a" rel="nofollow noopener">web</a>' in text
    assert text.count("<a ") == 2
    assert '<img src="here/a.png" alt="at hand" width="3" height="2" loading="lazy">' in text and "<em>not</em>" in text
    assert "\x1b" not in text and "\\x1b[31m" in text
    assert '<th scope="col">a</th>' in text and "style=" not in text and "<caption" in text
    assert 'href="javascript' not in text and 'href="data' not in text and 'href=".' not in text


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("https://example.org/a?b=c", True), ("HTTP://example.org", True), ("javascript:alert(1)", False),
        ("//example.org", False), ("https:", False), ("https://a b", False), ("data:text/html,x", False), ("", False),
    ],
)  # fmt: skip
def test_only_addresses_of_the_web_become_links(address, kept):
    assert bool(outside_link(address)) is kept


def test_the_command_of_an_entry_makes_its_run_again(runs, tmp_path):
    run = shutil.copytree(runs["majority"], tmp_path / "run")
    entry = entry_of(run)
    words = shlex.split(rerun_command(entry))
    assert words[:4] == ["bench", "run", "--reader", "majority"]
    done = bench(*words[1:], "--out", tmp_path / "again", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in (tmp_path / "again").iterdir()] == [runs["majority"].name]


def test_the_command_of_a_draw_asks_the_same_draw(runs, tmp_path):
    words = ("--reader", "majority", "--sample", 7, "--seed", 3, "--split", "val")
    done = bench("run", *words, "--out", tmp_path / "first", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (run,) = (tmp_path / "first").iterdir()
    again = shlex.split(rerun_command(entry_of(run)))
    done = bench(*again[1:], "--out", tmp_path / "again", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in (tmp_path / "again").iterdir()] == [run.name]


@pytest.mark.parametrize(
    ("changes", "words", "note"),
    [
        ({"split": "test-66of2198-sample40", "dataset": "ptbxl"}, "--data PTBXL_DIR --sample 40", "66 had a recording"),
        ({"split": "ids", "ids": [3, 5]}, "--ids 3,5", ""),
        ({"split": "ids", "ids": list(range(1, 200))}, "--ids ID,ID,...", "lists the 199 records"),
        ({"dataset": "wfdb-ward"}, "--data wfdb:PATH", ""),
        ({"dataset": "challenge-lenient"}, "--data challenge:PATH,lenient", ""),
        ({"dataset": "pages-cropped-ward"}, "--images FOLDER --cropped", ""),
        ({"reader": "human:Ann B", "options": {"show": "paper"}}, "read-blind --as 'Ann B' --show paper", ""),
    ],
)
def test_the_command_names_records_and_people_as_they_are_named(runs, tmp_path, changes, words, note):
    run = shutil.copytree(runs["majority"], tmp_path / "run")
    hostile_run(run, **changes)
    entry = entry_of(run)
    assert words in rerun_command(entry) and "--option" not in rerun_command(entry)
    assert note in " ".join(rerun_notes(entry)) and bool(note) is bool(rerun_notes(entry))


def test_a_hostile_name_is_quoted_in_the_command(runs, tmp_path):
    run = shutil.copytree(runs["majority"], tmp_path / "run")
    hostile_run(run, reader="x; rm -rf ~", options={"a": "$(b)"}, condition="text-only", seed=3, repeats=2)
    words = shlex.split(rerun_command(entry_of(run)))
    assert words[3] == "x; rm -rf ~" and "a=$(b)" in words
    assert words[-6:] == ["--condition", "text-only", "--seed", "3", "--repeats", "2"]


def entry_of(path):
    folder = RunFolder(path)
    return Entry(folder, folder.settings(), folder.manifest(), folder.score(), "key")


def test_the_gallery_begins_with_what_was_read_worst(results, site):
    (table,) = leaderboard_tables(results)
    page = Page(next((site / "gallery").glob(f"{table.slug}.html")))
    shown = list(dict.fromkeys(int(number) for number in re.findall(r"Record (\d+)", page.text)))
    assert len(shown) == 4 and len(page.of("img")) == 4
    wrong = {}
    for entry in table.entries:
        cohort = cohort_of_run(entry.settings, Phantoms(POPULATION))
        for case in scored_cases(entry.folder.every_reading()[0], cohort, offer=entry.settings.offer):
            axes = [
                name for name in ("rhythm", "conduction", "diagnosis") if case.true(name) and not case.is_right(name)
            ]
            wrong[case.ecg_id] = wrong.get(case.ecg_id, 0) + len(axes)
    assert min(wrong[one] for one in shown[:3]) > sorted(wrong.values())[len(wrong) // 2]
    assert wrong[shown[3]] == 0
    for article in page.of("article"):
        assert set(re.findall(r"(\d):\w+", article["data-wrong"])) <= {"0", "1"}
    assert page.of("article")[3]["data-wrong"] == ""
    picture = (site / "gallery" / table.slug / "001.png").read_bytes()
    assert picture.startswith(b"\x89PNG") and b"pHYs" in picture[:64]


def test_a_study_goes_to_its_run_else_to_its_reader_and_never_to_one_of_several(runs, tmp_path):
    places = []
    for temperature in ("0", "1"):
        run = shutil.copytree(runs["majority"], tmp_path / temperature)
        hostile_run(run, options={"temperature": temperature}, reader_details={"weights": temperature})
        entry = entry_of(run)
        places.append(SiteTable("d", "test", temperature, "", (entry,)))
    readers = readers_of(places)
    first, second = (reader.slug for reader in readers)
    studies = (
        Study("evidence", "by-run", "majority", "", {}, run_id=readers[1].first.settings.run_id),
        Study("explain", "by-weights", "majority", "", {}, details={"weights": "0"}),
        Study("probe", "of-either", "majority", "", {}),
        Study("probe", "of-none", "other", "", {}),
    )
    found, left = matched(studies, readers)
    assert {slug: [one.name for one in of] for slug, of in found.items()} == {second: ["by-run"], first: ["by-weights"]}
    assert left == (
        "left out: of-either is of majority, and it may be of 2 entries with other options",
        "left out: of-none is of other, and no run of it is on the site",
    )


class Somewhere:
    """A dataset of recordings by its name alone: nothing else of it is asked for."""

    def __init__(self, name):
        self.name = name


def test_recordings_are_shown_of_own_runs_alone_and_only_where_their_dataset_is_named(results):
    (table,) = leaderboard_tables(results)
    submitted = SiteTable("ptbxl", "test", "f", "", table.entries)
    own = SiteTable("ptbxl", "test", "f", "", table.entries, is_own=True)
    there = Somewhere("ptbxl")
    assert gallery_dataset(submitted, there) is None
    assert gallery_dataset(own, None) is None and gallery_dataset(own, Somewhere("other")) is None
    assert gallery_dataset(own, there) is there
    assert gallery_dataset(table, None).name == table.dataset


REPORTED = """# What moved the answers of r on ptbxl, test

See [Gallery](#gallery).

## Where it looks

![heat](pictures/explain/heat-001.png)

## Gallery

Chosen. The report is that of the recording, in its own words; no reader saw it.

| record | the model said | the report's own words |
|---|---|---|
| 59 | sinus | normales ekg |

![Record 59](pictures/explain/case-001.png)

<details><summary>1 more</summary>

| axis | record | the report's own words |
|---|---|---|
| rhythm | 60 | normales ekg |

</details>

## What turns the answer

![change](pictures/explain/change-001.png)
"""


def reported(is_simulated=False):
    pictures = {f"pictures/explain/{name}-001.png": b"" for name in ("heat", "case", "change")}
    return Study("explain", "e", "r", REPORTED, pictures, dataset="ptbxl", is_simulated=is_simulated)


def test_of_recordings_explanations_show_figures_alone_unless_their_owner_wants_more():
    for dataset in (None, Somewhere("other")):
        (study,), (sentence,) = shown([reported()], dataset)
        assert set(study.pictures) == {"pictures/explain/heat-001.png"} and not study.shows_recordings
        assert "## Gallery" not in study.page and "59" not in study.page and "## What turns" in study.page
        assert "recordings of ptbxl" in sentence and "--data" in sentence
    (study,), left = shown([reported()], Somewhere("ptbxl"))
    assert len(study.pictures) == 3 and study.shows_recordings and not left
    (study,), left = shown([reported(is_simulated=True)], None)
    assert len(study.pictures) == 3 and not study.shows_recordings and not left


def test_a_built_site_holds_no_picture_of_a_recording_that_nobody_let_in(runs, tmp_path):
    run = shutil.copytree(runs["majority"], tmp_path / "runs" / "run")
    study = tmp_path / "runs" / "ablation"
    (study / "pictures" / "explain").mkdir(parents=True)
    png = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + (8).to_bytes(4, "big") * 2
    for name in ("heat", "case", "change"):
        (study / "pictures" / "explain" / f"{name}-001.png").write_bytes(png)
    (study / "evidence.md").write_text(REPORTED)
    told = {"axes": [], "run_id": RunFolder(run).settings().run_id, "reader": "majority", "is_simulated": False}
    for is_simulated, pictures in ((False, 1), (True, 3)):
        (study / "evidence.json").write_text(json.dumps({**told, "is_simulated": is_simulated}))
        folder = tmp_path / f"site-{is_simulated}"
        built = build_site(folder, SiteOptions(None, (tmp_path / "runs",), cases=0))
        assert (built.pictures, len(built.left), built.of_recordings) == (pictures, 1 - is_simulated, ())
        (page,) = folder.rglob("evidence-1.html")
        assert ("normales ekg" in Page(page).text) is is_simulated


def test_no_text_of_a_report_is_published_even_where_recordings_are():
    (study,), _ = shown([reported()], Somewhere("ptbxl"))
    text = prose(study.page, {}, without=study.columns_left_out)
    assert "normales ekg" not in text and "own words" not in text
    assert "sinus" in text and ">59<" in text and ">60<" in text and "<td>rhythm</td>" in text
    assert text.count("<tr>") == 4 and text.count("<td") == 4
    (phantoms,), _ = shown([reported(is_simulated=True)], None)
    assert "normales ekg" in prose(phantoms.page, {}, without=phantoms.columns_left_out)


def test_what_a_report_folds_away_stands_open_and_its_first_heading_is_kept():
    text = prose(REPORTED)
    assert "1 more:" in text and "details" not in text
    assert headline(REPORTED) == "What moved the answers of r on ptbxl, test"
    assert headline("# a <b> `c`") == "a <b> c" and headline("no heading") == "" and headline("") == ""


def test_whose_the_data_are_is_told_of_recordings():
    assert (
        credit_of("phantoms-1", None) == "" and credit_of("somebodys", None) == "" and credit_of("wfdb-x", None) == ""
    )
    for name in ("ptbxl", "copies-of-ptbxl"):
        assert "PTB-XL (Wagner et al. 2020" in credit_of(name, None) and "CC BY 4.0" in credit_of(name, None)
    assert "Perez Alday" in credit_of("challenge-lenient", None)
    owned = Somewhere("wfdb-x")
    owned.title, owned.citation, owned.licence = "Ward", "its owner", "none"
    assert credit_of("wfdb-x", owned) == "Ward (its owner, none)"


def test_the_data_of_a_table_are_credited(runs, tmp_path):
    run = shutil.copytree(runs["majority"], tmp_path / "runs" / "run")
    hostile_run(run, dataset="ptbxl", is_simulated=False)
    build_site(tmp_path / "site", SiteOptions(None, (tmp_path / "runs",), cases=0))
    for page in (tmp_path / "site" / "index.html", *(tmp_path / "site" / "readers").glob("*.html")):
        assert "PTB-XL (Wagner et al. 2020" in Page(page).text


def test_a_site_without_galleries_says_why(results, tmp_path):
    build_site(tmp_path / "site", SiteOptions(results, cases=0))
    text = Page(tmp_path / "site" / "gallery.html").text
    assert (
        "There is no gallery on this site" in text and "made without galleries" in text and "has phantoms" not in text
    )


def test_what_cannot_be_shown_is_said_and_left_out(results, tmp_path):
    runs = tmp_path / "runs"
    for name, text in (("evidence", '{"axes": 3}'), ("probe", '{"title": "x"}'), ("explain", "{}")):
        (runs / name).mkdir(parents=True)
        (runs / name / f"{name}.json").write_text(text)
        (runs / name / f"{name}.md").write_text("# x\n")
    (runs / "being-written").mkdir()
    (runs / "being-written" / "manifest.json").write_text("{}")
    (runs / "damaged").mkdir()
    (runs / "damaged" / "manifest.json").write_text("{}")
    (runs / "damaged" / "score.json").write_text("{}")
    done = bench("site", tmp_path / "out", "--results", results, "--runs", runs, "--cases", 0, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    left = [line for line in done.stderr.splitlines() if line.startswith("left out: ")]
    assert len(left) == 5 and all(
        name in done.stderr for name in ("evidence.json", "probe.json", "explain.json", "damaged")
    )
    assert "left out: 1 run without a score" in done.stderr
    nowhere = bench("site", tmp_path / "o", "--results", results, "--runs", tmp_path / "none", cwd=tmp_path)
    assert is_one_sentence(nowhere, "is no folder: name one that holds run folders")
    alone = bench("site", tmp_path / "o", "--runs", runs, cwd=tmp_path)
    assert alone.returncode == 2 and "holds no scored run: 'bench run' makes one" in alone.stderr
    assert not (tmp_path / "o").exists()


@pytest.mark.slow
def test_evidence_probes_explanations_and_cards_stand_on_their_readers_page(tmp_path):
    env = {"cwd": tmp_path}
    out = ("--out", tmp_path / "runs")
    assert bench("run", "--reader", "resnet1d", *out, **env).returncode == 0
    assert bench("ablate", "--reader", "resnet1d", *out, **env).returncode == 0
    assert bench("probe", "--reader", "resnet1d", "--sample", 3, "--change", "rate", *out, **env).returncode == 0
    few = ("--target", "rhythm=atrial_fibrillation", "--method", "saliency", "--each", 2, "--transplants", 0)
    assert bench("explain", "--reader", "resnet1d", *few, "--no-concepts", "--pictures", 2, *out, **env).returncode == 0
    done = bench("site", tmp_path / "site", "--runs", tmp_path / "runs", "--cases", 2, **env)
    left = [line for line in done.stderr.splitlines() if line.startswith("left out")]
    assert done.returncode == 0 and len(left) == 1 and "1 run without a score" in left[0], done.stderr
    pages = pages_of(tmp_path / "site")
    (reader,) = [page for name, page in pages.items() if re.fullmatch(r"readers/resnet1d-[^/]*\.html", name)]
    links = [attrs["href"] for attrs in reader.of("a")]
    for kind in ("evidence", "probe", "explain", "card-1", "card-2"):
        assert [one for one in links if f"/{kind}" in one], kind
    assert "can read it" in reader.text and "cannot tell" in reader.text and "Where half of the answers" in reader.text
    test_every_link_leads_to_a_file_of_the_site_or_a_declared_address(tmp_path / "site", pages)
    test_no_page_has_a_script_or_a_style_of_its_own(pages)
    test_ids_are_distinct_and_tables_have_captions_and_scopes(pages)


@pytest.mark.slow
def test_recordings_of_own_runs_are_drawn_and_it_is_said(ptbxl: PtbXl, ptbxl_folder, tmp_path):
    with_signal = [record.ecg_id for record in ptbxl.cohort("test", with_signal=False) if record.rates][:6]
    words = ("--reader", "majority", "--data", ptbxl_folder, "--ids", ",".join(map(str, with_signal)))
    done = bench("run", *words, "--out", tmp_path / "runs", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    done = bench("site", tmp_path / "site", "--runs", tmp_path / "runs", "--data", ptbxl_folder, cwd=tmp_path)
    assert "shows recordings (the gallery of ptbxl" in done.stderr and "publish only what you may" in done.stderr
    assert len(list((tmp_path / "site").rglob("*.png"))) == len(with_signal)
    done = bench("site", tmp_path / "bare", "--runs", tmp_path / "runs", cwd=tmp_path)
    assert done.returncode == 0 and not list((tmp_path / "bare").rglob("*.png"))


@pytest.mark.slow
def test_the_projects_own_leaderboard_is_a_site(tmp_path):
    results = Path(__file__).parents[4] / "results"
    build_site(tmp_path / "site", SiteOptions(results))
    pages = pages_of(tmp_path / "site")
    test_every_link_leads_to_a_file_of_the_site_or_a_declared_address(tmp_path / "site", pages)
    test_no_page_has_a_script_or_a_style_of_its_own(pages)
