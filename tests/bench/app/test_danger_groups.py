"""The danger of a run by age and sex is what the scorer says of the records of that group alone."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.app.danger_groups import LEAST_GROUP, danger_groups
from bench.app.demo import Demo
from bench.app.local_readers import Offer
from bench.app.markup import danger_part
from bench.run.folder import RunFolder
from bench.run.rescoring import cohort_of_run
from bench.run.scoring import score_readings
from bench.score.bootstrap import interval, ratio, resampled_sums
from bench.score.superclass import AGE_BANDS
from bench.web.finding import find
from taxonomy.danger import danger_table
from taxonomy.error import RunError, UnknownNameError

from ...command import bench

SUBMISSION = Path(__file__).parents[3] / "results" / "submissions" / "digitizer-phantoms-1-test-461cdec5"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    assert bench("run", "--reader", "resnet1d", "--out", folder, cwd=folder).returncode == 0
    return folder


@pytest.fixture(scope="module")
def run(runs):
    return find((runs,)).shown[0]


def test_every_group_is_that_of_the_scorer_on_its_records_alone(run, population):
    found = danger_groups(run)
    folder = RunFolder(run.folder.path)
    cohort, readings = cohort_of_run(run.settings, population), folder.every_reading()[0]
    holds = {
        "all": lambda record: True,
        "male": lambda record: record.sex == "male",
        "female": lambda record: record.sex == "female",
        **{band: (lambda record, band=band: AGE_BANDS[band](record.age)) for band in AGE_BANDS},
    }
    assert [group.name for group in found.groups] == list(holds)
    for group in found.groups:
        part = cohort.of(record for record in cohort if holds[group.name](record))
        alone = score_readings({key: one for key, one in readings.items() if key.ecg_id in set(part.ids)}, part)
        overall = alone.superclass.overall
        assert (group.n, group.score.dwe, group.score.critical) == (overall.n, overall.dwe, overall.critical)
        assert group.score.dwe_interval[0] <= group.score.dwe <= group.score.dwe_interval[1]
        assert group.is_small == (group.n < LEAST_GROUP)


def test_intervals_of_groups_that_are_not_marked_can_be_leant_on_and_of_much_smaller_ones_cannot():
    """The dangers are those of a submission; the interval is the scorer's own."""
    told = json.loads((SUBMISSION / "score.json").read_text(encoding="utf-8"))["superclass"]["confusion"]
    dangers = np.repeat(danger_table().costs().ravel(), np.array(told).ravel())
    chance = np.random.default_rng(0)

    def held(n):
        hits = 0
        for draw in range(300):
            danger = chance.choice(dangers, n)
            sums = resampled_sums({"danger": danger, "n": np.ones(n)}, np.arange(n), 300, draw)
            low, high = interval(ratio(sums["danger"], sums["n"]))
            hits += low <= dangers.mean() <= high
        return hits / 300

    assert held(LEAST_GROUP) > 0.88
    assert held(LEAST_GROUP // 4) < 0.85


def test_small_groups_are_marked_in_the_table_and_the_picture(run):
    page = danger_part(danger_groups(run))
    small = sum(group.is_small for group in danger_groups(run).groups)
    assert small and page.count("few cases") == small and page.count('<circle class="few"') == small
    assert "no result on patients" in page and "95%" in page


def test_a_group_without_a_case_is_there_and_says_so(run, monkeypatch):
    found = danger_groups(run)
    empty = replace(found, groups=tuple(replace(group, score=None) for group in found.groups))
    assert danger_part(empty).count("no case") == len(found.groups)


def test_a_run_without_a_score_and_one_that_is_none_are_sentences(runs, tmp_path, population):
    shutil.copytree(runs, tmp_path / "runs")
    copied = find((tmp_path / "runs",)).shown[0]
    (copied.folder.path / "score.json").unlink()
    with pytest.raises(RunError, match="does not exist"):
        danger_groups(copied)
    with pytest.raises(UnknownNameError):
        Demo(population, Offer((), {}), (copied,)).danger("another")
