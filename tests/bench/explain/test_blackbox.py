"""Black boxes: what they are shown, what is kept, what it costs, and what known readers give."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.dataset import Selection
from bench.explain.hiding.blackbox import black_box, black_box_on_disk
from bench.explain.hiding.explaining import explanations, joint_explanation, questions_of
from bench.explain.hiding.masked_case import Masked, at_rate
from bench.explain.hiding.open_box import OpenBox
from bench.explain.hiding.plan import METHODS, planned, planned_jointly
from bench.explain.hiding.target import Target
from bench.explain.maps.cell import bridged
from bench.explain.maps.part import GROUPS, combined, parts
from bench.run.options import Limits, RunOptions
from bench.view import View
from renderers import LEADS
from taxonomy.error import BenchError, DatasetError, NothingAnswered, RunError, SettingError, UnknownNameError
from taxonomy.reading import Failure, Reading

from .scripted import Constant, DarkPage, Dice, QrsOfV1, SureQrsOfV1

LBBB = Target("conduction", "lbbb")
SCRIPTED = f"{__name__.rpartition('.')[0]}.scripted"


@pytest.fixture(scope="module")
def cohort(population):
    return population.cohort().of(list(population.cohort())[:7])


@pytest.fixture(scope="module")
def one(cohort):
    return cohort.of(list(cohort)[:1])


def explained(reader, cohort, method, **settings):
    box = black_box(reader, cohort)
    return box, list(explanations(box, planned(box, list(cohort), method), LBBB, **settings))


@pytest.mark.parametrize("method", ["lead", "group", "territory", "cell", "leads_and_segments"])
def test_a_reader_of_the_qrs_complex_of_v1_is_found_out(one, method):
    _, (found,) = explained(SureQrsOfV1(), one, method)
    assert found.kind == "probability"
    moved = {name for name, value in found.values.items() if value > 0.05}
    expected = {
        "lead": {"V1"},
        "group": {"septal"},
        "territory": {"anterior or anteroseptal", "posterior"},
        "cell": {"V1 QRS"},
        "leads_and_segments": {"V1", "QRS"},
    }[method]
    assert moved == expected


def test_hard_answers_are_1_and_0(one):
    box, (found,) = explained(QrsOfV1(), one, "cell")
    assert (found.kind, found.whole) == ("hard", 1.0)
    assert set(found.values.values()) <= {0.0, 1.0}
    assert {name for name, value in found.values.items() if value} == {"V1 QRS"}
    record = next(iter(one))
    map_ = found.map(box.cells(record), box.fs(record))
    assert map_.shape == (12, 5000)
    assert map_[LEADS.index("V1")].sum() == pytest.approx(1.0, rel=1e-4)
    assert not np.delete(map_, LEADS.index("V1"), axis=0).any()


def test_hard_answers_of_a_reader_with_probabilities_can_be_asked_for(one):
    box = replace(black_box(SureQrsOfV1(), one), is_hard=True)
    (found,) = explanations(box, planned(box, list(one), "lead"), LBBB)
    assert found.kind == "hard" and found.whole == 1.0


def test_leads_and_segments_are_combined_where_both_are(one):
    box, (found,) = explained(SureQrsOfV1(), one, "leads_and_segments")
    cells = box.cells(next(iter(one)))
    assert len(found.effects) == 12 + len(cells.segments)
    map_ = combined(found.values, cells)
    row, at = np.unravel_index(int(map_.argmax()), map_.shape)
    assert LEADS[row] == "V1" and cells.during("QRS")[at]


def test_windows_cover_the_recording_once(one):
    box = black_box(SureQrsOfV1(), one)
    record = next(iter(one))
    cells, fs = box.cells(record), box.fs(record)
    masks = [part.mask(cells, fs) for part in parts(cells, "window", fs, 2.5)]
    assert len(masks) == 48 and (np.sum(masks, axis=0) == 1).all()


def test_groups_hold_each_lead_once():
    assert sorted(lead for leads in GROUPS.values() for lead in leads) == sorted(LEADS)


def test_the_signal_is_bridged_and_no_sample_grows(one):
    reader = QrsOfV1()
    box, record = black_box(reader, one), next(iter(one))
    mask = box.cells(record).mask(("V1",), ("QRS",))
    case = box.cases.case(Masked.of(record, mask))
    whole = box.cases.case(Masked(record))
    assert np.array_equal(case.signal, bridged(whole.signal, mask))
    assert np.abs(case.signal).max() <= np.abs(whole.signal).max()
    assert case.case_id != whole.case_id
    assert box.gain(Masked.of(record, mask)) > 1.0
    flat = box.cells(record).mask(("V1",)) | (np.array(LEADS) == "V1")[:, None]
    assert box.gain(Masked.of(record, flat)) == 1.0


def test_a_gap_is_no_bridge_and_moves_no_gain(one):
    record = next(iter(one))
    mv = record.signal().mv.copy()
    mv[LEADS.index("V1"), 1000:1400] = np.nan
    mv[LEADS.index("V2")] = np.nan
    torn = replace(record, _load=lambda ecg_id, fs: replace(record.signal(), mv=mv))
    box = black_box(QrsOfV1(), one)
    mask = np.zeros((12, 5000), dtype=bool)
    mask[LEADS.index("V1") : LEADS.index("V3"), 1390:1500] = True
    hidden = bridged(mv, mask)
    assert np.isfinite(hidden[mask]).all()
    assert np.isnan(hidden[LEADS.index("V1"), 1000:1390]).all()
    assert 0.9 < box.gain(Masked.of(torn, mask)) < 1.5


def test_pages_are_drawn_from_the_masked_signal_like_the_whole_one(one):
    reader = DarkPage()
    box, record = black_box(reader, one), next(iter(one))
    mask = box.cells(record).mask(("V1",), ("QRS",))
    box.answers([Masked(record), Masked.of(record, mask)], LBBB)
    (whole,), (masked,) = (case.images for case in reader.seen)
    changed = whole.indices != masked.indices
    assert changed.any() and whole.names == masked.names
    strip = next(strip for strip in whole.strips if strip.lead == "V1")
    left, right = (round((strip.x_mm + at) * whole.px_per_mm) for at in (0, 2.5 * whole.mm_per_s))
    assert not np.delete(changed, slice(left - 4, right + 4), axis=1).any()


def test_a_mask_keeps_its_time_at_another_rate():
    mask = np.zeros((12, 5000), dtype=bool)
    mask[:, 500:750] = True
    low = at_rate(mask, 1000)
    assert np.array_equal(np.flatnonzero(low[0]), np.arange(100, 150))


def test_every_question_is_asked_once_by_whatever_method(one):
    reader = QrsOfV1()
    box = black_box(reader, one)
    records = list(one)
    list(explanations(box, planned(box, records, "lead"), LBBB))
    list(explanations(box, planned(box, records, "segment"), LBBB))
    asked = reader.asked
    assert asked == 1 + 12 + len(box.cells(records[0]).segments)
    list(explanations(box, planned(box, records, "leads_and_segments"), Target("conduction", "rbbb")))
    assert reader.asked == asked


def test_shapley_values_add_up_with_their_errors_and_are_the_same_for_equal_seeds(one):
    _, (found,) = explained(SureQrsOfV1(), one, "shapley")
    box, (again,) = explained(SureQrsOfV1(), one, "shapley")
    assert found == again
    assert explained(SureQrsOfV1(), one, "shapley", seed=1)[1][0] != found
    assert max(found.values, key=found.values.get) == "V1 QRS"
    assert all(effect.error is not None and effect.error >= 0 for effect in found.effects)
    record = next(iter(one))
    nothing = box.answers([Masked(record), Masked.of(record, box.cells(record).mask())], LBBB).values
    assert sum(found.values.values()) == pytest.approx(nothing[0] - nothing[1], abs=1e-9)


def test_pooled_joint_masks_find_v1_and_the_qrs_complex_from_hard_answers(cohort):
    box = black_box(QrsOfV1(), cohort)
    found = joint_explanation(box, planned_jointly(list(cohort), "joint_leads", 7 * 41), LBBB)
    assert found.kind == "hard" and found.masks == 280 and found.records == 7
    above = {effect.part.name for effect in found.effects if effect.is_above_null}
    assert {"V1", "QRS"} <= above
    assert {"V1", "QRS"} == set(sorted(found.values, key=found.values.get)[-2:])
    v1 = next(effect for effect in found.effects if effect.part.name == "V1")
    assert v1.low is not None and found.null < v1.low < v1.value < v1.high
    assert found.explained > 0.3
    again = joint_explanation(black_box(QrsOfV1(), cohort), planned_jointly(list(cohort), "joint_leads", 7 * 41), LBBB)
    assert json.dumps(again.to_json()) == json.dumps(found.to_json())


def test_pooled_masks_of_groups_find_the_septal_leads(cohort):
    box = black_box(QrsOfV1(), cohort)
    found = joint_explanation(box, planned_jointly(list(cohort), "joint_groups", 7 * 31), LBBB)
    assert {effect.part.name for effect in found.effects if effect.is_above_null} >= {"septal", "QRS"}


@pytest.mark.parametrize("reader", [Constant, Dice])
def test_a_constant_and_a_random_reader_give_nothing_above_their_null(cohort, reader):
    box = black_box(reader(), cohort)
    found = joint_explanation(box, planned_jointly(list(cohort), "joint_leads", 7 * 31), LBBB)
    assert not any(effect.is_above_null for effect in found.effects)
    assert found.explained < 0.05


def test_a_constant_reader_has_no_occlusion_map_and_no_shapley_value(one):
    for method in ("cell", "shapley"):
        _, (found,) = explained(Constant(), one, method)
        assert not any(found.values.values())


def test_one_patient_has_no_interval(one):
    box = black_box(QrsOfV1(), one)
    found = joint_explanation(box, planned_jointly(list(one), "joint_leads", 61), LBBB)
    assert found.patients == 1 and all(effect.low is None for effect in found.effects)


@pytest.mark.parametrize(
    ("budget", "records", "masks"), [(None, 7, 110), (7 * 19, 7, 18), (50, 7, 6), (45, 6, 6), (37, 1, 36)]
)
def test_a_budget_is_spread_over_the_records(cohort, budget, records, masks):
    plan = planned_jointly(list(cohort), "joint_leads", budget)
    assert (len(plan.records), plan.masks[0]) == (records, masks)
    assert budget is None or plan.questions <= budget
    assert plan.beyond == 7 - records


def test_a_budget_buys_finer_windows_more_orders_or_more_records(cohort):
    box, records = black_box(QrsOfV1(), cohort), list(cohort)
    assert planned(box, records[:1], "window").window_s == 0.1
    coarse = planned(box, records[:1], "window", 300)
    assert coarse.window_s == 0.5 and coarse.questions == 241
    assert planned(box, records[:1], "shapley", 150).pairs == 1
    few = planned(box, records, "lead", 30)
    assert len(few.records) == 2 and few.beyond == 5
    assert "the budget does not reach 5 more" in few.said


@pytest.mark.parametrize("method", METHODS)
def test_a_plan_tells_exactly_how_many_questions_are_asked(one, method):
    box = black_box(QrsOfV1(), one)
    plan = planned(box, list(one), method, 400)
    assert len(questions_of(box, plan)) == plan.questions <= 400


def test_a_budget_below_the_least_is_one_sentence(one):
    box = black_box(QrsOfV1(), one)
    with pytest.raises(SettingError, match=r"--max-queries 12 is below 13, the least that 'lead' asks about record"):
        planned(box, list(one), "lead", 12)
    with pytest.raises(SettingError, match=r"--max-queries 36 is below 37, the least of 'joint_leads'"):
        planned_jointly(list(one), "joint_leads", 36)


def test_what_cannot_be_explained_is_one_sentence(one, population):
    box = black_box(QrsOfV1(), one)
    with pytest.raises(UnknownNameError, match="Did you mean 'shapley'"):
        planned(box, list(one), "shaply")
    with pytest.raises(UnknownNameError, match="Did you mean 'joint_leads'"):
        planned_jointly(list(one), "joint-lead")
    with pytest.raises(DatasetError, match="there are no records"):
        planned_jointly([], "joint_leads")
    with pytest.raises(UnknownNameError, match=r"unknown value of conduction 'lbb'.*'lbbb'"):
        Target("conduction", "lbb")
    with pytest.raises(UnknownNameError, match="unknown axis 'conductions'"):
        Target("conductions", "lbbb")
    with pytest.raises(SettingError, match="condition 'lead-mask' changes the trace"):
        black_box(QrsOfV1(), one, View("lead-mask"))
    blind = QrsOfV1()
    blind.inputs = frozenset({"text"})
    with pytest.raises(SettingError, match="reader 'qrs-of-v1' is shown no trace"):
        black_box(blind, one)


def test_a_recording_without_beats_is_left_out_by_reason_or_refused(one):
    record = next(iter(one))
    signal = record.signal()
    flat = replace(record, _load=lambda ecg_id, fs: replace(signal, mv=np.zeros_like(signal.mv)))
    box = black_box(QrsOfV1(), one)
    with pytest.raises(DatasetError, match="none of 1 records can be explained by 'cell'"):
        planned(box, [flat], "cell")
    assert planned(box, [flat], "lead").questions == 13


class Failing(SureQrsOfV1):
    """Fails on the cases of these numbers."""

    def __init__(self, *numbers):
        super().__init__()
        self.numbers = numbers

    def read(self, cases):
        for reading in super().read(cases):
            yield Reading(error=Failure("transport", "gone")) if self.asked in self.numbers else reading


def test_a_failed_call_is_no_answer_and_is_asked_again(one):
    reader = Failing(5)
    box, (found,) = explained(reader, one, "lead")
    assert [effect.part.name for effect in found.effects if effect.value is None] == ["aVR"]
    (again,) = explanations(box, planned(box, list(one), "lead"), LBBB)
    assert reader.asked == 14 and len(again.values) == 12


def test_a_reader_that_answers_nothing_is_told(one):
    with pytest.raises(NothingAnswered, match=r"answered none of 13 questions: 13 transport: gone"):
        explained(Failing(*range(1, 14)), one, "lead")

    class Broken(QrsOfV1):
        def read(self, cases):
            raise ValueError("flat leads are not for me")
            yield

    with pytest.raises(
        NothingAnswered, match=r"crashed on each of the first 5 masked recordings .*flat leads are not for me"
    ):
        explained(Broken(), one, "lead")


def options(tmp_path, reader="SureQrsOfV1", **limits):
    return RunOptions(
        f"{SCRIPTED}:{reader}",
        {},
        Selection("phantoms:1,66", limit=1),
        View("image-only"),
        Limits(**limits),
        out=tmp_path,
    )


def test_a_black_box_on_disk_goes_on_after_a_kill_with_the_same_map(tmp_path):
    asked = options(tmp_path)
    cohort = asked.selection.cohort()

    def found():
        with black_box_on_disk(asked, cohort) as (box, folder):
            plan = planned(box, list(cohort), "lead")
            return list(explanations(box, plan, LBBB)), box.reader.asked, folder

    whole, first, folder = found()
    assert first == 13
    lines = (folder / "readings.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "readings.jsonl").write_bytes(b"".join(lines[:5]) + lines[5][:40])  # as a kill in the sixth leaves it
    again, rest, _ = found()
    assert again == whole and rest == 8
    assert len((folder / "readings.jsonl").read_bytes().splitlines()) == 13
    assert json.loads((folder / "manifest.json").read_text())["settings"]["condition"] == "image-only"
    (folder / "readings.jsonl").write_bytes(b"{}\n" + b"".join(lines))
    with pytest.raises(RunError, match=r"line 1 of .* is damaged"):
        found()


def test_a_dry_estimate_writes_nothing(tmp_path):
    asked = options(tmp_path)
    cohort = asked.selection.cohort()
    with black_box_on_disk(asked, cohort, dry=True) as (box, folder):
        estimate = box.estimate(questions_of(box, planned(box, list(cohort), "lead")), folder.name)
    assert (estimate.asked, estimate.total, estimate.asks_elsewhere) == (13, 13, False)
    assert not folder.exists()


def test_limits_of_an_api_are_refused_for_another_reader(tmp_path):
    asked = options(tmp_path, max_cost=1.0)
    with pytest.raises(BenchError, match="--max-cost is for readers behind an API"):
        black_box_on_disk(asked, asked.selection.cohort()).__enter__()


def test_an_open_network_is_asked_at_its_own_input(one):
    import torch
    from torch import nn

    from readers.torch_reader import TorchReader

    class OnlyV1(nn.Module):
        def forward(self, x):
            return torch.stack([x[:, LEADS.index("V1")].square().sum(dim=1), torch.zeros(len(x))], dim=1)

    reader = TorchReader(OnlyV1().eval(), {"conduction": ("lbbb", "none")}, fs=100)
    record = next(iter(one))
    box = OpenBox(reader.network())
    (found,) = explanations(box, planned(box, [record], "lead"), LBBB)
    assert found.kind == "logit" and found.gain == 1.0
    assert {name for name, value in found.values.items() if value} == {"V1"}
    assert found.values["V1"] == pytest.approx(found.whole, rel=1e-5)
    joint = joint_explanation(box, planned_jointly([record], "joint_leads", 61), LBBB)
    assert {"V1"} <= {effect.part.name for effect in joint.effects if effect.is_above_null}
    json.dumps([found.to_json(), joint.to_json()])


ASKS = """
import sys
from pathlib import Path
from bench.dataset import Selection
from bench.explain.hiding.blackbox import black_box_on_disk
from bench.explain.hiding.explaining import explanations
from bench.explain.hiding.plan import planned
from bench.explain.hiding.target import Target
from bench.run.options import RunOptions
from bench.view import View

steady, chosen = "tests.bench.run.toy_reader:Steady", Selection("phantoms:1,66", limit=1)
asked = RunOptions(steady, {}, chosen, View("image-only"), out=Path(sys.argv[1]))
cohort = asked.selection.cohort()
with black_box_on_disk(asked, cohort) as (box, folder):
    found = list(explanations(box, planned(box, list(cohort), "shapley", 150), Target("rate", "normal")))
    print(found[0].to_json())
"""


@pytest.mark.slow
def test_a_process_that_is_killed_goes_on_and_its_map_is_that_of_one_that_was_not(tmp_path):
    def asks(out, **environment):
        return subprocess.run(
            [sys.executable, "-c", ASKS, str(tmp_path / out)],
            capture_output=True,
            text=True,
            check=False,
            cwd=Path(__file__).parents[3],
            env={**os.environ, "PYTHONPATH": ".", **environment},
        )

    undisturbed = asks("a")
    assert undisturbed.returncode == 0, undisturbed.stderr
    plan = tmp_path / "plan"
    plan.write_text("40")
    assert asks("b", TOY_KILL_AT=str(plan)).returncode == -9
    (kept,) = (tmp_path / "b").glob("*/readings.jsonl")
    assert len(kept.read_text().splitlines()) == 40
    resumed = asks("b", TOY_KILL_AT=str(plan))
    assert resumed.stdout == undisturbed.stdout
    assert kept.read_bytes() == next((tmp_path / "a").glob("*/readings.jsonl")).read_bytes()
