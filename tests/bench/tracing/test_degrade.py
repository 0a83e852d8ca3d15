"""Kappa falls with a dose where a reader needs what the dose takes, and nowhere else."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from bench.evidence.figure import Figure
from bench.run.settings import Offer
from bench.score.proportion import clopper_pearson
from bench.tracing.degrade_run import check_pictured, probe_degraded
from bench.tracing.degraded_page import degradations_named, degraded_pages
from bench.tracing.kappa_by_dose import KappaDrop
from bench.tracing.robustness import FEWEST, AtDose, half_dose, robustness, verdict_on
from bench.view import View
from readers.control import chance, prior
from renderers.degradation import DEGRADATIONS
from taxonomy.error import DatasetError, RunError, SettingError
from taxonomy.reading import Failure, Reading

from ... import command

SMALL = View(px_per_mm=2)
BLUR = degradations_named(["blur"])


@pytest.fixture(scope="module")
def records(population):
    return population.cohort(limit=40)


class Knowing:
    """Knows the truth of every page, as long as it can see what it looks at; it does look at the pixels.

    Without sight it recites the prior, or says nothing.
    """

    name = "knowing"
    inputs = frozenset({"image"})

    def __init__(self, records, sees=lambda rgb: True, blind=None):
        truths = records.truths()
        ways = [("", 0.0), *((way.name, float(dose)) for way in DEGRADATIONS.values() for dose in way.doses)]
        self._known = {
            hashlib.sha256(f"{record.ecg_id} {name} {dose}".encode()).hexdigest()[:12]: truths[record.ecg_id].values
            for record in records
            for name, dose in ways
        }
        self._sees, self._blind, self.asked = sees, blind or Reading(values=prior()), 0

    def read(self, cases):
        for case in cases:
            self.asked += 1
            can_see = all(self._sees(image.rgb()) for image in case.images)
            yield Reading(values=self._known[case.case_id]) if can_see else self._blind


def is_sharp(rgb):
    """Tell whether there is an edge from ink to paper within two pixels."""
    grey = rgb.mean(axis=2)
    return np.abs(grey[2:] - grey[:-2]).max() > 110


def has_ink(rgb):
    """Tell whether there is dark ink on the page."""
    return (rgb.max(axis=2) < 110).mean() > 0.0005


def curves(reader, records, *names):
    found = probe_degraded(reader, records, degradations_named(names), SMALL).found
    return {curve.name: curve for curve in found.curves}


def curves_of(answer, records, *names):
    """Return the curves of what answers without looking: by the truth, and the place among all pages."""
    ways, truths = degradations_named(names), records.truths()
    pages = degraded_pages(records, ways, 0, lambda done, total: None)
    said = [Reading(values=answer(truths[page.record.ecg_id].values, k)) for k, page in enumerate(pages)]
    return {curve.name: curve for curve in robustness(pages, said, ways, records, Offer()).curves}


@pytest.mark.slow
def test_what_needs_sharp_edges_falls_with_blur_and_not_with_words(records):
    found = curves(Knowing(records, is_sharp), records[:20], "blur", "handwriting")
    assert found["blur"].told == "falls"
    assert found["blur"].doses[-1].found.kappa.value == 0
    assert found["blur"].doses[-1].found.wrong > 0.2
    assert found["blur"].doses[-1].found.silent.value == 0
    assert 0.1 < found["blur"].half < 1
    assert all(at.found.drop.value == 0 for at in found["handwriting"].doses)
    assert found["handwriting"].half is None
    assert found["handwriting"].half_told == "more than 40"


@pytest.mark.slow
def test_what_needs_ink_falls_with_faint_print_and_not_on_askew_pages(records):
    refused = Reading(error=Failure("refusal", "there is no ink"))
    found = curves(Knowing(records, has_ink, refused), records[:20], "rotation", "faint")
    assert found["faint"].told == "falls"
    assert found["faint"].verdict == "falls from 0.6 on"
    last = found["faint"].doses[-1]
    assert (last.found.silent.value, last.found.right, last.found.wrong) == (1, 0, 0)
    assert last.why == "there is no ink"
    assert all(at.found.silent.value == at.found.drop.value == 0 for at in found["rotation"].doses)
    assert not any(at.why for at in found["rotation"].doses)


def test_what_does_not_look_shows_no_drop_at_all_and_few_records_tell_nothing(records):
    for some, told in ((records, "holds"), (records[:12], "cannot tell")):
        for curve in curves_of(lambda truth, place: truth, some, "blur", "shadow").values():
            assert curve.told == told
            assert curve.doses[0].found.kappa.value == 1
            for at in curve.doses:
                assert (at.found.drop.value, at.found.drop.interval, at.found.drop.p) == (0, (0, 0), 1)


def test_a_reader_that_recites_the_prior_has_nothing_to_lose(records):
    (curve,) = curves_of(lambda truth, place: prior(), records, "blur").values()
    assert (curve.told, curve.half, curve.half_told) == ("nothing to lose", None, "-")
    assert all(at.found.kappa.value == at.found.drop.value == 0 for at in curve.doses)


@pytest.mark.parametrize("lot", range(3))
def test_answers_that_vary_whatever_the_dose_are_no_fall(records, lot):
    def erring(truth, place):
        return truth if chance(f"{lot} {place}") < 0.8 else prior()

    for curve in curves_of(erring, records, "blur", "jpeg", "handwriting", "faint").values():
        assert curve.told in {"holds", "cannot tell"}
        assert any(at.found.drop.value for at in curve.doses)


def test_the_page_itself_is_at_dose_0_and_the_lot_of_a_page_does_not_depend_on_the_dose(records, monkeypatch):
    from bench.tracing import degraded_page

    seeds, kept = set(), degraded_page.degraded

    def seen(picture, name, dose, seed):
        seeds.add((name, seed))
        return kept(picture, name, dose, seed)

    monkeypatch.setattr(degraded_page, "degraded", seen)
    view = SMALL.for_inputs(frozenset({"image"}))
    pages = degraded_pages(records[:2], degradations_named(["jpeg", "blur"]), 0, lambda done, total: None)
    cases = degraded_page.DegradedCases(view)
    pictures = {(page.record.ecg_id, page.way, page.dose): next(cases.pictures(page)) for page in pages}
    assert len(pictures) == 2 * (1 + 5 + 5)
    assert len(seeds) == 4
    for record in records[:2]:
        drawn = view.drawn(record.signal())[0]
        assert pictures[record.ecg_id, "", 0.0].png() == drawn.png()
        assert not np.array_equal(pictures[record.ecg_id, "blur", 1.0].rgb(), drawn.rgb())


def test_a_failed_call_is_left_out_at_its_dose_alone(records):
    away = Reading(error=Failure("transport", "no route to host"))

    class Away(Knowing):
        def read(self, cases):
            for number, reading in enumerate(super().read(cases)):
                yield away if number == 4 else reading

    some = records[:12]
    found = probe_degraded(Away(records), some, BLUR, SMALL).found
    assert found.failed == 1
    assert [at.found.n for at in found.curves[0].doses] == [12, 12, 12, 12, 11, 12]
    assert all(at.found.drop.value == 0 for at in found.curves[0].doses)

    class Gone(Knowing):
        def read(self, cases):
            for _ in cases:
                yield away

    with pytest.raises(RunError, match=r"72 of 72 calls failed \(72 transport: no route to host\)"):
        probe_degraded(Gone(records), some, BLUR, SMALL)


def test_records_that_are_all_alike_have_no_kappa(records):
    truths = records.truths()
    normal = records.of([one for one in records if truths[one.ecg_id].values["diagnosis"] == "NORM"][:3])
    with pytest.raises(DatasetError, match="whose truths are all alike"):
        probe_degraded(Knowing(records), normal, BLUR, SMALL)


def test_a_page_on_which_a_reader_crashes_costs_that_page_alone(records):
    class Crashing(Knowing):
        def read(self, cases):
            for number, reading in enumerate(super().read(cases)):
                if number == 2 or reading is self._blind:
                    raise ValueError("cannot convert float NaN to integer")
                yield reading

    found = probe_degraded(Crashing(records, is_sharp), records[:4], BLUR, SMALL).found
    (curve,) = found.curves
    assert curve.doses[1].found.n == 4
    assert curve.doses[-1].found.n == 0
    assert found.failed >= 4
    assert curve.told == "cannot tell"


class Stopped(Knowing):
    def read(self, cases):
        for number, reading in enumerate(super().read(cases)):
            if number == 7:
                raise KeyboardInterrupt
            yield reading


def test_what_was_stopped_goes_on_and_other_degradations_share_dose_0(records, tmp_path):
    some, kept = records[:3], tmp_path / "readings.jsonl"
    whole = probe_degraded(Knowing(records), some, BLUR, SMALL)
    with pytest.raises(KeyboardInterrupt):
        probe_degraded(Stopped(records), some, BLUR, SMALL, kept=kept)
    second, third, fourth = Knowing(records), Knowing(records), Knowing(records)
    assert probe_degraded(second, some, BLUR, SMALL, kept=kept) == whole
    assert second.asked == 18 - 7
    probe_degraded(third, some, degradations_named(["blur", "jpeg"]), SMALL, kept=kept)
    assert third.asked == 15
    probe_degraded(fourth, some, BLUR, replace(SMALL, seed=1), kept=kept)
    assert fourth.asked == 18


def at(dose, kappa, drop=None, p=1.0, keeps=False):
    nothing = Figure(40, 0.0, (0.0, 0.1))
    lost = Figure(40, drop if drop is not None else 0.8 - kappa, (0.0, 0.3), p, p)
    found = KappaDrop(40, Figure(40, kappa, (kappa - 0.1, kappa + 0.1)), lost, keeps, 0.9, 0.1, nothing, ())
    return AtDose(dose, found)


@pytest.mark.parametrize(
    ("doses", "patients", "said"),
    [
        ([at(1, 0.8, keeps=True), at(2, 0.8, keeps=True)], 40, "holds up to 2"),
        (
            [at(1, 0.8, keeps=True), at(2, 0.8, keeps=True)],
            35,
            "cannot tell (no loss seen, but 35 of the 36 patients that it takes)",
        ),
        ([at(1, 0.8, keeps=True), at(2, 0.7)], 40, "cannot tell (n = 40, it may have lost 0.30)"),
        ([at(1, 0.7, p=0.04, keeps=True), at(2, 0.5, p=0.01)], 40, "falls from 1 on"),
        ([at(1, 0.8, p=0.2), at(2, 0.5, p=0.01)], 40, "falls from 2 on"),
        ([at(1, 0.6, p=0.01), at(2, 0.7, p=0.2)], 40, "falls at 1, and not at every greater dose"),
        ([at(1, 0.9, p=0.01, keeps=True), at(2, 0.9, keeps=True)], 40, "holds up to 2"),
    ],
)
def test_the_verdict_follows_from_the_drops(doses, patients, said):
    assert verdict_on([at(0, 0.8), *doses], patients)[1] == said


def test_so_many_patients_are_needed_to_hold_that_a_lost_tenth_would_have_been_seen():
    assert clopper_pearson(0, FEWEST)[1] < 0.1 <= clopper_pearson(0, FEWEST - 1)[1]


def test_half_of_the_kappa_is_lost_on_the_line_between_two_doses():
    assert half_dose([at(0, 0.8), at(1, 0.6), at(3, 0.2)]) == 2
    assert half_dose([at(0, 0.8), at(1, 0.3)]) == pytest.approx(0.8)
    assert half_dose([at(0, 0.8), at(1, 0.5)]) is None


def bench(*words, cwd, **env):
    return command.bench("probe", *words, cwd=cwd, **env)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--reader", "resnet1d", "--degrade", "all"), "reader 'resnet1d' reads signals, which are not drawn"),
        (("--reader", "majority", "--degrade", "blur"), "reader 'majority' is shown no picture"),
        (("--reader", "digitizer", "--degrade", "blurr"), "Did you mean 'blur'?"),
        (("--reader", "digitizer", "--degrade", "blur", "--change", "rate"), "--change changes the ECG"),
        (("--reader", "digitizer", "--degrade", "blur", "--all-records"), "--all-records changes the ECG"),
        (("--reader", "digitizer", "--degrade", ""), "--degrade is empty"),
        (("--reader", "digitizer", "--degrade", "blur", "--max-cost", "1"), "--max-cost is for readers behind an API"),
    ],
)
def test_bad_input_is_one_sentence(tmp_path, words, said):
    failed = bench(*words, "--sample", "3", cwd=tmp_path)
    assert command.is_one_sentence(failed, said), failed.stderr
    assert not list(tmp_path.glob("runs/*/readings.jsonl"))


def test_a_reader_of_signals_beside_pictures_would_see_round_the_page():
    class Both:
        name = "both"
        inputs = frozenset({"image", "signal"})

    with pytest.raises(SettingError, match="reads signals, which are not drawn"):
        check_pictured(Both())


def test_help_names_every_degradation(tmp_path):
    said = " ".join(bench("--help", cwd=tmp_path).stdout.split())
    assert all(name in said for name in DEGRADATIONS)


@pytest.mark.slow
def test_a_probe_of_degraded_pages_is_a_page_with_curves(tmp_path):
    words = ("--reader", "digitizer", "--degrade", "shadow", "--degrade", "jpeg", "--sample", "6", "--px-per-mm", "4")
    done = bench(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "66 pages: each of 6 records as it is, and at 10 doses" in done.stderr
    (folder,) = (tmp_path / "runs").glob("probe-degrade-digitizer-*")
    written = json.loads((folder / "degrade.json").read_text())
    assert [curve["name"] for curve in written["curves"]] == ["jpeg", "shadow"]
    assert written["curves"][0]["doses"][0] == written["curves"][1]["doses"][0]
    assert len((folder / "readings.jsonl").read_text().splitlines()) == 66
    assert (folder / "pictures" / "degrade.png").is_file()
    page = (folder / "degrade.md").read_text()
    assert "| shadow | 0.8 | 6 |" in page
    assert "cannot tell (" in page or "falls" in page or "nothing to lose" in page
    again = bench(*words, cwd=tmp_path)
    assert "resuming: 66 of 66 readings are there" in again.stderr
    assert (folder / "degrade.md").read_text() == page


def test_degraded_pages_are_drawn_for_a_person_with_a_sheet_of_each(tmp_path):
    words = ("--reader", "digitizer", "--degrade", "faint", "--draw", "1", "--px-per-mm", "2", "--out", "pictures")
    done = bench(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "6 pictures in pictures" in done.stdout
    drawn = sorted(path.name.partition("_")[2] for path in (tmp_path / "pictures").glob("*.png"))
    assert drawn == [*(f"faint{dose:g}_printed.png" for dose in (0.2, 0.4, 0.6, 0.8, 0.9)), "faint_printed_sheet.png"]
    assert "6 were there" in bench(*words, cwd=tmp_path).stdout
