"""A black box is explained over findings: what is asked, what is found, what it may cost, and what goes wrong."""

import json
from dataclasses import replace

import numpy as np
import pytest

from bench.dataset import Selection
from bench.explain.belief.estimate import Estimate
from bench.explain.belief.planted import Known
from bench.explain.hiding.bearer import bearers, target_named, with_region
from bench.explain.hiding.blackbox import black_box, black_box_on_disk
from bench.explain.hiding.deletion import deletion_count
from bench.explain.hiding.inquired import inquire
from bench.explain.hiding.inquiry import InquiryOptions, estimated, shown_view
from bench.explain.hiding.target import Target
from bench.progress import SILENT, Observer
from bench.run.options import RunOptions
from readers.control import PriorControl
from renderers import LEADS
from taxonomy.error import RunError, SettingError, UnknownNameError
from taxonomy.reading import Failure, Reading

from .scripted import QrsOfV1

NORMAL = "conduction=none"
SCRIPTED = f"{__name__.rpartition('.')[0]}.test_inquiry"
V1 = LEADS.index("V1")


class NormalByV1(QrsOfV1):
    """Says that conduction is normal where V1 moves fast by a quarter of a millivolt, and how sure it is of that."""

    name = "normal-by-v1"

    def answer(self, case):
        chance = min(0.99, self.size(case) / 0.5)
        return Reading(
            values={"conduction": "none" if chance > 0.5 else "lbbb"},
            probabilities={"conduction": {"none": chance, "lbbb": 1 - chance}},
        )

    def read(self, cases):
        for case in cases:
            self.asked += 1
            yield self.answer(case)


class HardByV1(NormalByV1):
    """The same, without probabilities."""

    name = "hard-by-v1"

    def answer(self, case):
        return Reading(values=super().answer(case).values)


class Reasoned(NormalByV1):
    """The same, with the one lead that it looks at as its reason."""

    name = "reasoned"

    def answer(self, case):
        reading = super().answer(case)
        raw = json.dumps({"reasoning": "The QRS complex is narrow in V1.", "conduction": reading.values["conduction"]})
        return replace(reading, raw=raw)


class FailsAt(NormalByV1):
    """Fails at some calls."""

    name = "fails-at"

    def __init__(self, *numbers):
        super().__init__()
        self.numbers = numbers

    def answer(self, case):
        failed = self.asked in self.numbers
        return Reading(error=Failure("transport", "gone")) if failed else super().answer(case)


@pytest.fixture(scope="module")
def cohort(population):
    return population.cohort()


def inquired(reader, cohort, *targets, truth=(), observer=SILENT, **options):
    chosen = InquiryOptions(targets or (NORMAL,), **{"each": 2, **options})
    return inquire(black_box(reader, cohort), cohort, chosen, truth, observer)


def changed(cohort, change, count=3):
    """Return bearers of the finding, their leads in mV changed."""

    def load(record):
        signal = record.signal()
        return replace(record, _load=lambda ecg_id, fs: replace(signal, mv=change(signal.mv.copy())))

    return cohort.of([load(record) for record in bearers(cohort, [target_named(NORMAL)], count)[0].records])


@pytest.fixture(scope="module")
def found(cohort):
    return inquired(NormalByV1(), cohort)


def test_a_reader_of_the_qrs_complex_of_v1_is_found_out_with_the_figures_of_a_network(found):
    (of,) = found.findings
    assert (of.kind, of.asked, of.failed, len(of.explained)) == ("probability", 4, 0, 2)
    effects = {effect.part.name: effect.value for effect in of.pooled["leads_and_segments"]}
    assert set(sorted(effects, key=effects.get)[-2:]) == {"V1", "QRS"}
    one = of.explained[0]
    assert one.map.shape == (12, 5000) and one.map.dtype == np.float32 and one.fs == 500
    row, at = np.unravel_index(int(one.map.argmax()), one.map.shape)
    assert row == V1 and one.cells.during("QRS")[at]
    assert one.region.mean() == one.figures.area < 0.1
    assert one.whole.truth.values["conduction"] == one.whole.reading.values["conduction"] == "none"
    assert one.figures.mass > one.figures.energy.mass + 0.3
    assert one.figures.pointing == 1 and one.figures.random is None
    assert one.deletion.deletion_gain == one.figures.deletion > one.figures.energy.deletion
    assert of.heat["leads_and_segments"].inside.value > 0.7
    assert [one.target for one in found.explained] == [Target("conduction", "none")] * 2
    assert len(found.wholes) == 4 and all(whole.truth.values["conduction"] == "none" for whole in found.wholes)
    json.dumps(found.to_json())


def test_its_row_has_no_verdict_that_needs_random_weights(found, cohort):
    (row,) = found.rows
    assert (row.method, row.answers, row.patients, row.random) == ("leads_and_segments", 2, 2, None)
    assert row.verdict.word == "cannot tell"
    assert row.clinical.above_energy.value > 0.3
    good = known(Estimate(0.4, 0.3, 0.5, 40))
    (row,) = inquired(NormalByV1(), cohort, each=10, truth=good).rows
    assert row.patients >= 10 and row.deletion_above_energy.low > 0
    assert str(row.verdict) == "cannot tell: correlation with random weights is not known (n = 0)"
    bad = known(Estimate(-0.2, -0.3, -0.1, 40))
    assert inquired(NormalByV1(), cohort, truth=bad).rows[0].verdict.word == "no better than amplitude"


def known(above):
    return [Known("leads_and_segments", "ST shift", above, above, above, above, above)]


def test_hard_answers_are_explained_together_with_their_null(cohort):
    reader = HardByV1()
    found = inquired(reader, cohort, each=6, max_queries=600)
    (of,) = found.findings
    joint = of.joints["joint_leads"]
    assert of.kind == joint.kind == "hard" and not of.explained and not found.rows
    assert {effect.part.name for effect in joint.effects if effect.is_above_null} >= {"V1", "QRS"}
    assert set(sorted(joint.values, key=joint.values.get)[-2:]) == {"V1", "QRS"}
    assert 0 < joint.null < joint.values["V1"]
    cells = black_box(reader, cohort).cells(found.wholes[0].record)
    row, at = np.unravel_index(int(joint.map(cells).argmax()), (12, cells.samples))
    assert row == V1 and cells.during("QRS")[at]
    assert of.heat["joint_leads"].shares.max() == of.heat["joint_leads"].shares[V1, 2]
    assert reader.asked == found.questions == found.new <= 600
    assert found.unsaid.startswith("no answer has the drops of its twelve leads")


def test_a_reader_of_the_prior_gives_nothing_above_its_null(cohort):
    found = inquired(PriorControl(), cohort, NORMAL, "rhythm=sinus", each=4, max_queries=500)
    joints = [of.joints["joint_leads"] for of in found.findings]
    assert len(joints) == 2
    assert not any(effect.is_above_null for joint in joints for effect in joint.effects)


def test_methods_are_chosen_by_name_and_a_recording_is_asked_once_for_several_findings(cohort):
    reader = NormalByV1()
    found = inquired(reader, cohort, NORMAL, "axis=normal", methods=("lead", "segment", "joint_groups"), deletion=False)
    normal, axis = found.findings
    cells = black_box(reader, cohort).cells(found.wholes[0].record)
    septal = normal.joints["joint_groups"].map(cells)
    assert septal[V1].max() == septal[V1 + 1].max() == septal.max() > 0
    assert [one.explanation.method for one in normal.explained] == ["lead", "segment"] * 2 or [
        one.explanation.method for one in normal.explained
    ] == ["lead", "lead", "segment", "segment"]
    assert set(normal.joints) == {"joint_groups"}
    assert {row.method for row in found.rows} == {"lead", "segment"} and found.rows[0].deletion is None
    assert axis.missed == axis.asked and not axis.explained  # it says nothing of the axis
    assert reader.asked == found.questions


@pytest.mark.parametrize("budget", [80, 200, 333, 1000])
def test_no_more_is_asked_than_the_budget(cohort, budget):
    reader = NormalByV1()
    found = inquired(reader, cohort, NORMAL, "rhythm=sinus", "conduction=lbbb", max_queries=budget, each=6)
    assert 19 < reader.asked <= budget
    assert found.findings[0].explained


def test_a_budget_buys_records_and_findings_in_their_order(cohort):
    few = inquired(NormalByV1(), cohort, NORMAL, "ischemia_territory=inferior", max_queries=140, each=6)
    assert [of.target.value for of in few.findings] == ["none"]
    assert few.plan[0].endswith("the budget does not reach 1 more findings")
    least = 1 + 18 + deletion_count(2) - 1
    with pytest.raises(
        SettingError, match=rf"--max-queries {least - 1} is below {least}, the least .* deletion curves"
    ):
        inquired(NormalByV1(), cohort, max_queries=least - 1)
    assert inquired(NormalByV1(), cohort, max_queries=least).explained
    with pytest.raises(
        SettingError, match=r"--max-queries 12 is below 13, the least that explains one finding by lead"
    ):
        inquired(NormalByV1(), cohort, methods=("lead",), deletion=False, max_queries=12)


@pytest.mark.parametrize("options", [{}, {"max_queries": 400}, {"methods": ("lead", "shapley"), "max_queries": 1000}])
def test_the_price_is_told_before_and_is_no_less_than_what_is_asked(cohort, options):
    reader = NormalByV1()
    box = black_box(reader, cohort)
    chosen = InquiryOptions((NORMAL,), each=3, **options)
    words, estimate = estimated(box, cohort, chosen, "folder")
    assert reader.asked == 0
    assert words[0] == "6 whole recordings first, which have 1 finding"
    assert words[1].startswith("conduction none: ") and "deletion: " in words[1]
    found = inquire(box, cohort, chosen)
    assert found.questions == reader.asked <= estimate.asked <= options.get("max_queries", np.inf)
    assert estimated(box, cohort, chosen)[1].asked < estimate.asked


def test_what_is_missed_is_told(cohort):
    lines = []

    class Missing(NormalByV1):
        """Misses each second case."""

        def answer(self, case):
            return Reading(values={"conduction": "lbbb"}) if self.asked % 2 else super().answer(case)

    found = inquired(Missing(), cohort, observer=Observer(lines.append), deletion=False)
    (of,) = found.findings
    assert of.asked == 4 and of.missed >= 2 and len(of.explained) <= 2
    assert f"{of.missed} findings are left out: the recordings have them, and the reader does not find them" in lines
    assert any("leads_and_segments: " in line for line in lines)


def test_no_positives_no_bearers_and_wrong_names_are_one_sentence(cohort):
    class Never(NormalByV1):
        def answer(self, case):
            return Reading(values={"conduction": "rbbb"})

    with pytest.raises(RunError, match=r"reader 'normal-by-v1' finds none of 1 findings in the 4 recordings .*none"):
        inquired(Never(), cohort)
    with pytest.raises(RunError, match=r"none of 66 recordings bears diagnosis LMI|none of 66 recordings bears"):
        inquired(NormalByV1(), cohort, "conduction=lbbb")
    with pytest.raises(UnknownNameError, match="Did you mean 'shapley'"):
        InquiryOptions(methods=("shaply",))
    with pytest.raises(UnknownNameError, match="'lbbb'"):
        InquiryOptions(("conduction=lbb",))
    with pytest.raises(UnknownNameError, match="unknown target 'lbbb'"):
        InquiryOptions(("lbbb",))
    with pytest.raises(SettingError, match="each must be 1 or more, not 0"):
        InquiryOptions(each=0)
    blind = NormalByV1()
    blind.inputs = frozenset({"text"})
    with pytest.raises(SettingError, match="is shown no trace"):
        black_box(blind, cohort)


def test_a_recording_without_p_waves_is_explained_by_the_segments_that_it_has(cohort):
    class Fibrillating(NormalByV1):
        def answer(self, case):
            chance = min(0.99, self.size(case) / 0.2)
            return Reading(
                values={"rhythm": "atrial_fibrillation" if chance > 0.5 else "sinus"},
                probabilities={"rhythm": {"atrial_fibrillation": chance, "sinus": 1 - chance}},
            )

    found = inquired(Fibrillating(), cohort, "rhythm=atrial_fibrillation")
    assert len(found.explained) == 2
    for one in found.explained:
        assert "P" in one.explanation.missing and "P" not in one.explanation.values
        assert one.region.any() and np.isfinite(one.map).all() and one.figures.mass is not None


def test_a_flat_lead_is_explained_and_gives_nothing(cohort):
    def flat_v2(mv):
        mv[LEADS.index("V2")] = 0
        return mv

    given = changed(cohort, flat_v2)
    found = inquired(NormalByV1(), given)
    assert len(found.explained) == 2
    assert all(one.explanation.values["V2"] == 0 for one in found.explained)
    assert all(np.isfinite(one.map).all() and one.figures.mass > 0.5 for one in found.explained)


def test_a_recording_without_beats_is_left_out_with_the_reason(cohort):
    """The reader says that conduction is normal of whatever is shown, and one of three recordings has no beat."""
    bear = bearers(cohort, [target_named(NORMAL)], 3)[0].records
    signal = bear[0].signal()
    silent = replace(bear[0], _load=lambda ecg_id, fs: replace(signal, mv=np.zeros_like(signal.mv)))

    class Always(NormalByV1):
        def answer(self, case):
            return Reading(values={"conduction": "none"}, probabilities={"conduction": {"none": 0.9, "lbbb": 0.1}})

    found = inquired(Always(), cohort.of([silent, *bear[1:]]), each=3)
    (of,) = found.findings
    assert [ecg_id for ecg_id, _ in of.left] == [bear[0].ecg_id] and of.left[0][1]
    assert len(of.explained) == 2
    alone = inquired(Always(), cohort.of([silent]), each=3)
    assert not alone.explained and alone.findings[0].left
    assert inquired(Always(), cohort.of([silent]), each=3, methods=("lead",)).explained


def test_failed_calls_leave_out_what_they_belong_to_and_are_asked_again(cohort):
    reader = FailsAt(2, 6, 45)  # a whole recording, a mask, a point of a curve
    box, options = black_box(reader, cohort), InquiryOptions((NORMAL,), each=2)
    found = inquire(box, cohort, options)
    (of,) = found.findings
    assert of.failed == 1
    assert sum(effect.value is None for one in of.explained for effect in one.explanation.effects) == 1
    again = inquire(box, cohort, options)
    assert again.findings[0].failed == 0
    whole = inquire(black_box(NormalByV1(), cohort), cohort, options)
    assert again.findings[0].to_json()["pooled"] == whole.findings[0].to_json()["pooled"]
    with pytest.raises(RunError, match=r"answered none of 4 questions: 4 transport: gone"):
        inquire(black_box(FailsAt(1, 2, 3, 4), cohort), cohort, options)


def test_reasons_are_held_against_what_moves_the_answer(cohort):
    found = inquired(Reasoned(), cohort, each=12, deletion=False)
    assert found.says.named["V1"] == len(found.explained) >= 10
    assert found.says.agreement > 0.95
    assert found.says.verdict == "says no more than its answer"  # it names V1 whatever the case
    assert found.explained[0].whole.reasoning == "The QRS complex is narrow in V1."
    none = inquired(NormalByV1(), cohort, deletion=False)
    assert none.says is None and none.unsaid == "the reader gives no reasons"


def test_numbers_of_the_whole_recording_are_not_shown_beside_a_masked_one():
    assert shown_view(PriorControl()).condition == "image-only"
    assert shown_view(NormalByV1()).condition == "full"


def test_findings_with_a_region_and_the_lot(cohort):
    assert Target("conduction", "lbbb") in with_region() and Target("rate", "normal") not in with_region()
    every = bearers(cohort, most=5)
    assert [len(of.records) for of in every] == sorted((len(of.records) for of in every), reverse=True)
    for of in every:
        assert len({record.patient_id for record in of.records}) == len(of.records) <= 5
    again = bearers(cohort, most=5)
    assert [of.records for of in again] == [of.records for of in every]
    assert [of.records for of in bearers(cohort, most=5, seed=1)] != [of.records for of in every]


def options(tmp_path, reader):
    return RunOptions(f"{SCRIPTED}:{reader}", {}, Selection("phantoms:1,66"), shown_view(NormalByV1()), out=tmp_path)


def test_what_was_stopped_goes_on_with_equal_figures(tmp_path, cohort):
    run, chosen = options(tmp_path, "NormalByV1"), InquiryOptions((NORMAL,), each=1)

    def found():
        with black_box_on_disk(run, cohort) as (box, folder):
            return inquire(box, cohort, chosen), folder

    whole, folder = found()
    path = folder / "readings.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    assert whole.new == whole.questions == len(lines)
    path.write_bytes(b"".join(lines[:30]) + lines[30][:50])  # as a kill in the midst of a line leaves it
    again, _ = found()
    assert again.new == len(lines) - 30
    assert untimed(again) == untimed(whole)
    assert found()[0].new == 0


def untimed(found):
    data = found.to_json()
    for row in data["rows"]:
        del row["seconds"]
    for of in data["findings"]:
        for one in of["explained"]:
            del one["figures"]["seconds"]
    return {**data, "new": 0}
