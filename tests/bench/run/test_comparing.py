"""``bench compare``: tables, the page, flips, and what cannot be compared."""

import json

import pytest

from bench import compare
from bench.dataset import Selection
from bench.run.comparing import compare_runs
from bench.run.folder import RunFolder
from bench.run.job import prepared, run_job
from bench.run.options import RunOptions
from bench.run.settings import settings_from
from bench.run.shard import Shard
from bench.run.sharded import run_shard
from taxonomy.error import BenchError

from ...command import bench, is_one_sentence
from .whole_reader import Failing


def run_of(reader, out, **selection):
    job = prepared(RunOptions(reader, selection=Selection("phantoms:1,66", **selection), out=out))
    run_job(job)
    return job.folder.path


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Finished runs, by what they are."""
    out = tmp_path_factory.mktemp("runs")
    return {
        "majority": run_of("majority", out),
        "measurements": run_of("measurements", out),
        "failing": run_of(f"{Failing.__module__}:Failing", out),
        "few": run_of("majority", out, limit=20),
        "others": run_of("majority", out, split="val", limit=5),
    }


def test_two_runs_are_compared_in_the_terminal_on_a_page_and_as_json(runs, tmp_path):
    words = (runs["majority"], runs["measurements"], "--flips", "diagnosis", "--out", "cmp")
    done = bench("compare", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "majority against measurements (n = 66)" in done.stdout
    assert "Mean kappa over 5 axes: 0.000 and 0." in done.stdout
    assert max(map(len, done.stdout.splitlines()[:14])) <= 100
    (pair,) = json.loads((tmp_path / "cmp" / "compare.json").read_text())["pairs"]
    page = (tmp_path / "cmp" / "compare.md").read_text()
    assert "## majority against measurements (n = 66)" in page and "| diagnosis |" in page
    diagnosis = next(axis for axis in pair["axes"] if axis["axis"] == "diagnosis")
    listed = ", ".join(map(str, diagnosis["second_only"]))
    assert f"diagnosis, right only in measurements: {listed}" in done.stdout
    flips = f"{len(diagnosis['first_only'])}:{len(diagnosis['second_only'])}"
    assert f"{flips} |" in page


def test_a_run_that_is_not_finished_is_told(runs, tmp_path):
    begun = prepared(RunOptions("measurements", selection=Selection("phantoms:1,66"), out=tmp_path, shard=Shard(1, 3)))
    run_shard(begun)
    done = bench("compare", runs["majority"], begun.folder.path, "--out", "cmp", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = "measurements: Incomplete: 22 of 66 questions have a reading"
    assert said in done.stdout and said in (tmp_path / "cmp" / "compare.md").read_text()
    assert "majority: Incomplete" not in done.stdout


def test_runs_on_phantoms_are_compared_whatever_data_names(runs):
    paths = [runs["few"], runs["measurements"]]
    assert compare_runs(paths, "phantoms:2,66", draws=20) == compare_runs(paths, draws=20)


def test_the_figures_are_those_of_the_scores(runs):
    (pair,) = compare_runs([runs["majority"], runs["measurements"]], draws=100)
    scores = [RunFolder(runs[name]).score() for name in ("majority", "measurements")]
    assert pair.mean_kappa.first == pytest.approx(scores[0].kappa.kappa, abs=2e-6)
    assert pair.mean_kappa.second == pytest.approx(scores[1].kappa.kappa, abs=2e-6)
    for gap in pair.axes:
        if gap.axis in {axis.axis for axis in scores[1].axes}:
            assert gap.n == scores[1].axis(gap.axis).n
            assert gap.accuracy.second == pytest.approx(scores[1].axis(gap.axis).accuracy, abs=2e-6)
            assert gap.by_construction == scores[1].axis(gap.axis).by_construction


def test_a_draw_is_compared_on_what_it_shares_and_three_runs_in_pairs(runs):
    pairs = compare(runs["majority"], runs["few"], runs["measurements"])
    assert [pair.n for pair in pairs] == [20, 66, 20]
    assert pairs[0].mean_kappa.difference == 0.0
    assert "majority-phantoms-1-66-test-sample20" in pairs[0].second, "two runs of one reader go by their ids"


def test_failed_calls_are_left_out_and_said(runs, tmp_path):
    done = bench("compare", runs["failing"], runs["majority"], cwd=tmp_path)
    assert "(n = 64)" in done.stdout
    assert "2 shared cases with a failed call are left out" in done.stdout


@pytest.mark.parametrize(
    ("names", "words", "said"),
    [
        (("majority",), (), "a comparison needs two different runs or more"),
        (("majority", "majority"), (), "a comparison needs two different runs or more"),
        (("majority", "others"), (), "share no case that both answered"),
        (("majority", "measurements"), ("--flips", "rythm"), "Did you mean 'rhythm'?"),
        (("majority", "nowhere"), (), "nowhere is no run folder: manifest.json cannot be read"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(runs, tmp_path, names, words, said):
    failed = bench("compare", *(runs.get(name, name) for name in names), *words, cwd=tmp_path)
    assert is_one_sentence(failed, said), failed.stderr


def test_runs_of_two_datasets_are_not_compared(runs, physionet_folder, tmp_path):
    assert bench("run", "--reader", "majority", "--data", physionet_folder, "--split", "all", cwd=tmp_path).stdout
    (other,) = (tmp_path / "runs").iterdir()
    failed = bench("compare", runs["majority"], other, "--data", physionet_folder, cwd=tmp_path)
    assert is_one_sentence(failed, "readers are compared on the same records"), failed.stderr


def test_a_run_of_an_earlier_taxonomy_is_one_sentence(runs, tmp_path):
    manifest = json.loads((runs["few"] / "manifest.json").read_text())
    manifest["settings"]["taxonomy_version"] = "1.0.0"
    manifest["run_id"] = settings_from(manifest["settings"]).run_id
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BenchError, match=r"taxonomy 1\.0\.0"):
        compare(runs["majority"], tmp_path)


def test_a_run_under_a_condition_is_named_with_it(runs, tmp_path):
    out = bench("run", "--reader", "measurements", "--condition", "text-only", "--sample", 20, cwd=tmp_path)
    assert out.returncode == 0
    (folder,) = (path for path in (tmp_path / "runs").iterdir() if path.name.startswith("measurements"))
    (pair,) = compare(runs["majority"], folder)
    assert (pair.first, pair.second) == ("majority", "measurements, text-only")
