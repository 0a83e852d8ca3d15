"""What the tests of the site share: a site of a small leaderboard with a hostile run beside it."""

import json
import shutil

import pytest

from bench.dataset import Selection
from bench.dataset.phantom import Phantoms
from bench.report.leaderboard_page import rebuild
from bench.run.folder import RunFolder
from bench.run.job import prepared, run_job
from bench.run.options import RunOptions
from bench.run.settings import settings_from
from bench.run.submission import Origin, submit
from bench.web.site.building import SiteOptions, build_site

HOSTILE = '../../x"><script>window.pwned=1</script>\x1b[31m\u202e'
"""A reader's name in a stranger's run."""

AUTHOR = '<img src=x onerror="window.pwned=1">& Co. {{ 7 * 7 }}'

POPULATION = "1,66"


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """Scored runs of majority and measurements over the whole split, by reader."""
    out = tmp_path_factory.mktemp("runs")
    found = {}
    for reader in ("majority", "measurements"):
        job = prepared(RunOptions(reader, selection=Selection(f"phantoms:{POPULATION}"), out=out))
        run_job(job)
        found[reader] = job.folder.path
    return found


@pytest.fixture(scope="session")
def results(runs, tmp_path_factory):
    """A results folder with both."""
    folder, dataset = tmp_path_factory.mktemp("board"), Phantoms(POPULATION)
    (folder / "submissions").mkdir()
    submit(runs["majority"], folder, dataset, Origin("A. Nobody", "https://example.org/paper?a=1&b='2'"))
    submit(runs["measurements"], folder, dataset, Origin(AUTHOR))
    rebuild(folder, dataset)
    return folder


@pytest.fixture(scope="session")
def hostile_runs(runs, tmp_path_factory):
    """A folder with a stranger's run, whose reader has a hostile name, options and details."""
    out = tmp_path_factory.mktemp("strange")
    folder = shutil.copytree(runs["majority"], out / "run")
    hostile_run(
        folder, reader=HOSTILE, reader_details={"weights": HOSTILE}, options={"a": "</td></table>", HOSTILE: "b"}
    )
    return out


def hostile_run(folder, **changes):
    """Give a run other settings, with the run id that follows from them."""
    data = RunFolder(folder).manifest()
    settings = settings_from({**data["settings"], **changes})
    text = json.dumps({**data, "settings": settings.to_json(), "run_id": settings.run_id, "git_revision": HOSTILE})
    (folder / "manifest.json").write_text(text)


def with_ranks(results, target, ranks):
    """Copy a results folder, in whose leaderboard its entries have other ranks."""
    shutil.copytree(results, target)
    path = target / "leaderboard.json"
    data = json.loads(path.read_text())
    for entry, rank in zip(data["tables"][0]["entries"], ranks, strict=True):
        entry["rank"] = rank
    path.write_text(json.dumps(data))
    return target


@pytest.fixture(scope="session")
def site(results, hostile_runs, tmp_path_factory):
    """The site of them all, with a gallery of four cases."""
    folder = tmp_path_factory.mktemp("parent") / "site"
    build_site(folder, SiteOptions(results, (hostile_runs,), cases=4))
    return folder
