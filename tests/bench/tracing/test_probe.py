"""A reader's answers move with a dose if it reads what is changed, and stay if it does not."""

import json

import numpy as np
import pytest

from bench.dataset.lot import in_random_order
from bench.evidence.figure import Figure
from bench.report.probe_page import flips_csv, thresholds
from bench.tracing import answered
from bench.tracing.change import CHANGES
from bench.tracing.dose_response import DoseResult, dose_response
from bench.tracing.flip_dose import FlipDose, flip_doses, flip_summaries
from bench.tracing.probe_run import probe_records
from bench.tracing.tracing import Tracing, normal_records, tracings
from bench.view import View
from measurements import measure
from readers.control import PriorControl
from taxonomy.error import DatasetError, RunError
from taxonomy.reading import Failure, Reading
from taxonomy.threshold import PR_LIMIT, axis_of, rate_of

from ... import command
from ...loopback.server import Running, Server


@pytest.fixture(scope="module")
def normal(population):
    return normal_records(population.cohort())[:8]


@pytest.fixture(scope="module")
def ids(normal):
    """Two normal phantoms, as after ``--ids``."""
    return ",".join(str(record.ecg_id) for record in normal[:2])


class Measuring:
    """Measures rate, axis and PR on the trace, and says that all else is as in most records."""

    name = "measuring"
    description = "measures rate, axis and PR"
    inputs = frozenset({"signal"})

    def read(self, cases):
        for case in cases:
            found = measure(case.signal, case.fs)
            long = (found.pr.value or 0) > PR_LIMIT
            yield Reading(
                values={
                    "rate": rate_of(found.heart_rate.value),
                    "axis": axis_of(found.qrs_axis.value),
                    "conduction": "av_block_first_degree" if long else "none",
                    "rhythm": "sinus",
                    "ischemia_stage": "none",
                }
            )


@pytest.mark.slow
def test_what_is_measured_moves_with_its_dose_and_is_right(normal):
    names = ("rate", "axis", "pr", "st-anterior")
    found = probe_records(Measuring(), normal, [CHANGES[name] for name in names], View())
    at = {(result.change, result.dose): result for result in found.results}
    for name, dose in (("rate", -30), ("rate", 60), ("axis", 120), ("axis", -120), ("pr", 120)):
        assert at[name, dose].moved.value >= 0.7
        assert at[name, dose].right.value >= 0.8
    assert all(result.elsewhere.value <= 0.25 for key, result in at.items() if key[0] in {"pr", "st-anterior"})
    assert at["st-anterior", 0.4].moved.value == at["st-anterior", 0.4].right.value == 0
    assert found.used == found.records == len(normal)
    assert "parameter" in found.way


@pytest.mark.slow
def test_a_reader_that_sees_nothing_is_never_moved(normal):
    asked = list(tracings(normal[:3], list(CHANGES.values()), 0))
    found = dose_response(asked, list(PriorControl().read(asked)))
    results = found.results
    assert {result.change for result in results} == CHANGES.keys()
    assert all(result.moved.value == result.elsewhere.value == 0 for result in results)
    assert all(dose.startswith("not by") for _, _, dose in thresholds(results))
    assert all(flip.dose is None and flip.told.startswith("not by") for flip in found.flips)
    assert all(one.flipped.value == 0 and one.half is None for one in flip_summaries(found.flips))


def test_each_record_has_the_dose_at_which_its_answer_flips(normal):
    found = probe_records(Measuring(), normal[:2], [CHANGES["pr"]], View())
    assert [(flip.ecg_id, flip.direction) for flip in found.flips] == [
        (r.ecg_id, "up") for r in in_random_order(normal[:2], 0)
    ]
    for flip in found.flips:
        record = next(one for one in normal if one.ecg_id == flip.ecg_id)
        told = {t.dose: t for t in tracings(normal.of([record]), [CHANGES["pr"]], 0) if t.change}
        long = [dose for dose, one in told.items() if (measure(one.mv, 500).pr.value or 0) > PR_LIMIT]
        assert (flip.before, flip.dose) == ("none", min(long, default=None))
        assert flip.tried == tuple(sorted(told))
        assert flip.after == ("av_block_first_degree" if long else None)
        assert flip.stays is bool(long)


def flip_set(record, answers):
    """Readings of a record's rate: of itself, and by dose."""
    asked = [Tracing(record, "rate" if dose else "", dose, np.zeros((12, 5000), np.float32), None) for dose in answers]
    failed = Reading(error=Failure("transport", "away"))
    readings = [failed if said == "failed" else Reading(values={"rate": said}) for said in answers.values()]
    return asked, readings


def test_flips_are_the_first_dose_with_another_answer_and_stay_or_not(normal):
    asked, readings = flip_set(
        normal[0],
        {0.0: "normal", 20: "tachycardia", 10: "normal", 40: "normal", 60: "tachycardia",
         -10: "failed", -20: "bradycardia", -30: None},
    )  # fmt: skip
    up, down = flip_doses(asked, readings)
    assert (up.direction, up.tried, up.dose, up.after, up.stays) == ("up", (10, 20, 40, 60), 20, "tachycardia", False)
    assert (down.tried, down.dose, down.after, down.stays) == ((-20, -30), -20, "bradycardia", True)
    assert down.told == "-20 /min"
    assert flip_doses(*flip_set(normal[0], {0.0: "failed", 20: "tachycardia"})) == ()


def test_flips_of_all_records_tell_by_which_dose_half_have_flipped(normal):
    sets = [
        flip_set(record, {0.0: "normal", -10: at_10, -20: at_20})
        for record, (at_10, at_20) in zip(
            normal, [("bradycardia", "bradycardia"), ("normal", "bradycardia"), ("bradycardia", "normal")] + [
                ("normal", "normal")] * 2, strict=False
        )
    ]  # fmt: skip
    flips = [flip for one in sets for flip in flip_doses(*one)]
    (found,) = flip_summaries(flips)
    assert (found.flipped.n, found.flipped.value, found.stayed.value) == (5, 0.6, 0.4)
    assert found.flipped.interval[0] < 0.3
    assert (found.direction, found.quarter, found.half) == ("down", -10, -20)
    lines = flips_csv(flips).splitlines()
    assert lines[0].startswith("ecg_id,change,unit,axis,direction,before,dose,after,stays,largest")
    assert lines[2] == f"{normal[1].ecg_id},rate,/min,rate,down,normal,-20,bradycardia,True,-20"
    assert lines[4] == f"{normal[3].ecg_id},rate,/min,rate,down,normal,,,False,-20"
    sets_of_findings = FlipDose(
        1, 1, "qt", "ms", "other_findings", "up", frozenset(), (20,), 20, frozenset("b a"), True
    )
    assert sets_of_findings.to_json()["after"] == [" ", "a", "b"]


def test_the_threshold_is_where_half_have_moved():
    def at(dose, share):
        return DoseResult("rate", "/min", "rate", dose, 10, Figure(10, share, None), None, Figure(10, 0.0, None))

    found = thresholds([at(-10, 0.5), at(10, 0.25), at(20, 0.75), at(40, 1.0)])
    assert found == [("rate", "up", "+15 /min"), ("rate", "down", "-10 /min")]


def bench(*words, cwd, **env):
    return command.bench("probe", *words, cwd=cwd, **env)


@pytest.mark.slow
def test_a_probe_is_a_page_with_curves(tmp_path):
    done = bench("--reader", "resnet1d", "--change", "rate", "--limit", "6", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "runs").glob("probe-*")
    results = json.loads((folder / "probe.json").read_text())["results"]
    slow = next(result for result in results if result["dose"] == -30)
    assert slow["right"]["value"] == 1.0
    flips = json.loads((folder / "probe.json").read_text())["flips"]
    assert len({flip["ecg_id"] for flip in flips}) == 6
    assert len((folder / "flips.csv").read_text().splitlines()) == 1 + len(flips) == 13
    assert (folder / "pictures" / "probe.png").is_file()
    page = (folder / "probe.md").read_text()
    assert "| rate | -30 /min |" in page
    assert "| rate | down | 6 |" in page
    assert "one parameter of each phantom's simulation changed" in page
    assert "one parameter of each phantom's simulation changed" in done.stdout


def test_help_names_every_change_and_both_ways(tmp_path):
    said = " ".join(bench("--help", cwd=tmp_path).stdout.split())
    assert all(name in said for name in CHANGES)
    assert "parameter" in said
    assert "signal processing" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--reader", "majority", "--change", "rate", "--limit", "2"), "is shown no trace, neither signal nor image"),
        (("--reader", "resnet1d", "--change", "rat"), "Did you mean 'rate'?"),
    ],
)
def test_bad_input_is_told(tmp_path, words, said):
    failed = bench(*words, cwd=tmp_path)
    assert command.is_one_sentence(failed, said), failed.stderr


def test_records_of_which_none_is_normal_are_told(tmp_path, population):
    number = next(one.ecg_id for one in population if population.truth(one).values["diagnosis"] != "NORM")
    failed = bench("--reader", "resnet1d", "--ids", number, cwd=tmp_path)
    assert command.is_one_sentence(failed, "--all-records"), failed.stderr


def test_an_api_is_asked_by_batches_alone_where_batches_are_asked_for(tmp_path, ids):
    with Running(Server()) as server:
        words = ("--reader", "openai:gpt-5.4", "--change", "rate", "--ids", ids, "--px-per-mm", "2")
        keys = {"OPENAI_BASE_URL": server.openai_url, "OPENAI_API_KEY": "sk-test"}
        done = bench(*words, "--batch", "--poll-seconds", "0.05", cwd=tmp_path, **keys)
    assert done.returncode == 0, done.stderr
    (found,) = tmp_path.glob("runs/probe-*/probe.json")
    doses = sum(result["n"] for result in json.loads(found.read_text())["results"])
    assert sum(len(batch["lines"]) for batch in server.batches.values()) == doses + 2
    assert server.counts.total() == 0


@pytest.mark.slow
def test_tracings_can_be_drawn_for_a_person(tmp_path):
    done = bench("--reader", "resnet1d", "--draw", "1", "--change", "pr", "--out", "pictures", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    doses = len(CHANGES["pr"].on_heart.doses) - 1
    assert len(list((tmp_path / "pictures").glob("*_pr+*_printed.png"))) == doses
    assert len(list((tmp_path / "pictures").glob("*_unchanged_printed.png"))) == 1


class Stopped(Measuring):
    """As Measuring, but Ctrl-C comes before one of its readings."""

    def __init__(self, after):
        self.left, self.asked = after, 0

    def read(self, cases):
        for reading in super().read(cases):
            if not self.left:
                raise KeyboardInterrupt
            self.left -= 1
            self.asked += 1
            yield reading


def test_a_probe_that_is_stopped_goes_on_where_it_stopped(normal, tmp_path):
    def probed(reader):
        return probe_records(reader, normal[:2], [CHANGES["pr"]], View(), kept=tmp_path / "readings.jsonl")

    whole = probe_records(Measuring(), normal[:2], [CHANGES["pr"]], View())
    with pytest.raises(KeyboardInterrupt):
        probed(Stopped(5))
    with (tmp_path / "readings.jsonl").open("a") as torn:
        torn.write('{"tracing": "to')
    second = Stopped(10_000)
    assert probed(second) == whole
    tracings_asked = len((tmp_path / "readings.jsonl").read_text().splitlines())
    assert second.asked == tracings_asked - 5
    third = Stopped(0)
    assert probed(third) == whole
    assert third.asked == 0


def test_readings_of_another_page_are_asked_again(normal, tmp_path):
    for number, seen in ((0, View()), (1, View(seed=1)), (2, View())):
        reader = Stopped(10_000)
        probe_records(reader, normal[:1], [CHANGES["pr"]], seen, kept=tmp_path / "readings.jsonl")
        assert (reader.asked > 0) is (number < 2)


def test_a_damaged_line_is_named(normal, tmp_path):
    path = tmp_path / "readings.jsonl"
    path.write_text("[" * 100_000 + "\n")
    with pytest.raises(RunError, match=r"line 1 of .*readings\.jsonl is damaged"):
        probe_records(Measuring(), normal[:1], [CHANGES["pr"]], View(), kept=path)


@pytest.mark.slow
def test_the_command_goes_on_after_ctrl_c(tmp_path, monkeypatch):
    words = ("--reader", "resnet1d", "--change", "pr", "--limit", "2")
    appended, kept = [], answered.append

    def interrupted(*entry):
        kept(*entry)
        appended.append(entry)
        if len(appended) == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(answered, "append", interrupted)
    stopped = bench(*words, cwd=tmp_path)
    assert stopped.returncode == 130
    assert "the same command resumes" in stopped.stderr
    done = bench(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "resuming: 4 of " in done.stderr
    (page,) = tmp_path.glob("runs/*/probe.json")
    whole = bench(*words, "--out", "whole", cwd=tmp_path)
    (other,) = tmp_path.glob("whole/*/probe.json")
    assert whole.returncode == 0
    assert page.read_text() == other.read_text()


class Failing:
    name = "failing"
    inputs = frozenset({"signal"})

    def read(self, cases):
        for _ in cases:
            yield Reading(error=Failure("transport", "no route to host"))


def test_a_probe_that_shows_nothing_is_one_sentence(normal, population):
    with pytest.raises(RunError, match=r"calls failed \(\d+ transport: no route to host\)"):
        probe_records(Failing(), normal[:1], [CHANGES["pr"]], View())
    records = population.cohort()
    paced = next(
        one for one in records if CHANGES["fibrillation"].on_heart.apply(population.draw(one.ecg_id), 0.2) is None
    )
    with pytest.raises(DatasetError, match="none of 1 records can be changed by fibrillation"):
        probe_records(Measuring(), records.of([paced]), [CHANGES["fibrillation"]], View())
