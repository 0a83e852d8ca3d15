"""A transplant finds the cells on which an answer rests by construction, and its controls stay still."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from bench.dataset import Record, Signal
from bench.dataset.phantom import truth_of_draw
from bench.explain.counterfactual.donor_pool import Donor, bears, donor_pool, nearest
from bench.explain.counterfactual.given import Given, asking_network, asking_reader, signal_case, viewed_case
from bench.explain.counterfactual.graft import CELLS, GROUPS, Beating, Marks, beating, exchangeable, grafted, shape
from bench.explain.counterfactual.transplant import (
    FAILED,
    NO_BEAT,
    NO_DONOR,
    NOT_GIVEN,
    NoTransplant,
    Plan,
    Transplant,
    found_in,
    pooled,
    transplant,
)
from bench.tracing.beats import consistent
from bench.view import View
from phantoms.population import of_statements
from readers.control import PriorControl
from readers.torch_reader import TorchReader
from renderers import LEADS
from taxonomy.error import DatasetError, RunError, SettingError, UnknownNameError
from taxonomy.reading import Failure, Reading
from taxonomy.truth import Truth

V1 = LEADS.index("V1")
RBBB = ("conduction", "rbbb")
DEEP_MV = -0.6
"""Between the S waves of V1 of these phantoms with a right bundle branch block, and those without."""


class ShallowV1(nn.Module):
    """Says right bundle branch block where no S wave of V1 is deep, and looks at nothing else."""

    def forward(self, x):
        shallow = 10 * (x[:, V1].amin(dim=1) - DEEP_MV)
        return torch.stack([shallow, torch.zeros(len(x))], dim=1)


class ShallowReader:
    """The same without a probability; told to fail, it does."""

    name, inputs = "shallow", frozenset({"signal"})

    def __init__(self, fails=0):
        self.fails = fails

    def read(self, cases):
        for case in cases:
            self.fails -= 1
            if self.fails >= 0:
                yield Reading(error=Failure("transport", "away"))
            else:
                yield Reading(values={"conduction": "rbbb" if case.signal[V1].min() > DEEP_MV else "none"})


def record(codes, seed, number):
    draw = of_statements(frozenset(codes), seed)
    mv = consistent(draw.simulated().mv)
    return Record(number, number, 60, "male", "train", "made", (500,), lambda *_: Signal(mv, 500)), truth_of_draw(draw)


@pytest.fixture(scope="module")
def pool():
    made = [record({"NORM", "SR"}, 500 + n, n) for n in range(3)] + [record({"CRBBB", "SR"}, n, 10 + n) for n in (2, 4)]
    return tuple(Donor(one, truth, shape(beating(one.signal()))) for one, truth in made)


@pytest.fixture(scope="module")
def blocked():
    return record({"CRBBB", "SR"}, 1, 99)[0]


@pytest.fixture(scope="module")
def network():
    return TorchReader(ShallowV1().eval(), {"conduction": ("rbbb", "none")}, fs=500).network()


def test_the_cell_on_which_the_answer_rests_makes_it_go_and_the_controls_do_not(blocked, pool, network):
    found = transplant(blocked, RBBB, asking_network(network, *RBBB), pool)
    assert found.flips
    assert found.cells == ("V1 QRS",)
    assert found.donor in (0, 1, 2)
    assert found.same_class_donor in (12, 14)
    assert found.same_class is False
    assert len(found.random) == 4
    assert not any(found.random)
    assert found.before > 0 > found.after == found.alone["V1 QRS"]
    assert {name for name, odds in found.alone.items() if odds < found.before - 0.01} == {"V1 QRS"}
    assert len(found.alone) == 28
    assert found.queries == 1 + 3 + 28 + 2 + 5 <= Plan().queries
    assert found_in(json.loads(json.dumps(found.to_json()))) == found
    donor = next(one for one in pool if one.record.ecg_id == found.donor).at(500)
    drawn = found.changed(blocked.signal(), donor)
    assert drawn[V1].min() < DEEP_MV < blocked.signal().mv[V1].min()
    assert np.array_equal(np.delete(drawn, V1, axis=0), np.delete(blocked.signal().mv, V1, axis=0))
    assert transplant(blocked, RBBB, asking_network(network, *RBBB), pool) == found


def test_a_reader_with_hard_answers_is_asked_the_same(blocked, pool):
    found = transplant(blocked, RBBB, asking_reader(ShallowReader(), *RBBB), pool)
    assert (found.flips, found.cells, found.before, found.same_class) == (True, ("V1 QRS",), None, False)


def test_an_answer_that_rests_on_nothing_does_not_go_with_all_cells(blocked, pool):
    def never(signals):
        return [Given(signal.mv[V1].max() > -1) for signal in signals]

    asked = transplant(blocked, RBBB, never, pool)
    assert asked.why.startswith("of the 3 nearest recordings without it")
    donors = {donor.record.signal().mv.tobytes() for donor in pool if donor.truth.values["conduction"] == "none"}

    def stubborn(signals):
        return [Given(signal.mv.tobytes() not in donors) for signal in signals]

    found = transplant(blocked, RBBB, stubborn, pool, Plan(most=2))
    assert (found.flips, len(found.cells), found.queries) == (False, 2, 1 + 3 + 28 + 27 + 2 + 5)


def test_cells_that_prove_needless_are_left_out(blocked, pool):
    donor = nearest(pool, blocked, beating(blocked.signal()), RBBB, has=False)[0]
    host, other = beating(blocked.signal()), donor.at(500)
    rows = {name: LEADS.index(name) for name in ("V2", "V3", "V4")}

    def changed(signal, lead):
        return not np.allclose(signal.mv[rows[lead]], host.mv[rows[lead]])

    def asking(signals):
        """V4 lowers the odds first, and V2 with V3 decides."""
        return [
            Given(not (changed(s, "V2") and changed(s, "V3")), 3.0 - 2 * changed(s, "V4") - changed(s, "V2"))
            for s in signals
        ]

    found = transplant(blocked, RBBB, asking, pool)
    assert other is not None
    assert found.flips
    assert sorted(name.split()[0] for name in found.cells) == ["V2", "V3"]


def test_what_has_no_transplant_says_why(blocked, pool):
    flat = Record(1, 1, 60, "male", "x", "made", (500,), lambda *_: Signal(np.zeros((12, 5000), np.float32), 500))

    def why(one, is_given, donors):
        found = transplant(one, RBBB, lambda signals: [Given(is_given)] * len(signals), donors)
        assert isinstance(found, NoTransplant)
        return found.why

    assert why(flat, True, pool) == NO_BEAT
    assert why(blocked, False, pool) == NOT_GIVEN
    assert why(blocked, None, pool) == FAILED
    assert why(blocked, True, ()) == NO_DONOR


def test_a_plan_says_what_it_asks_at_most_and_fits_a_budget():
    assert Plan(most=1).queries == 1 + 6 + 28 + 0 + 1 + 4
    assert Plan().queries == 1 + 6 + 28 * 29 // 2 + 27 + 1 + 4
    assert Plan.within(40) == Plan(most=1)
    assert Plan.within(67) == Plan(most=1)
    assert Plan.within(68, seed=3) == Plan(most=2, seed=3)
    assert Plan.within(10_000) == Plan()
    with pytest.raises(SettingError, match="asks up to 40 questions of a record, and 39 are allowed"):
        Plan.within(39)
    for wrong in ({"most": 0}, {"most": 29}, {"draws": 0}):
        with pytest.raises(SettingError, match="a transplant"):
            Plan(**wrong)


class Broken:
    name, inputs = "broken", frozenset({"signal"})

    def __init__(self, gives):
        self.gives = gives

    def read(self, cases):
        if self.gives is None:
            raise ValueError("no weights")
        yield from [Reading()] * self.gives


@pytest.mark.parametrize(("gives", "said"), [(None, "ValueError: no weights"), (1, "1 readings for 2 cases")])
def test_a_reader_that_breaks_is_one_sentence(blocked, gives, said):
    with pytest.raises(RunError, match=f"reader 'broken' did not read the changed recordings: {said}"):
        asking_reader(Broken(gives), *RBBB)([blocked.signal()] * 2)


def test_failed_calls_count_as_answers_that_stay(blocked, pool):
    assert isinstance(transplant(blocked, RBBB, asking_reader(ShallowReader(fails=1), *RBBB), pool), NoTransplant)

    def fails(signals):
        answers = ShallowReader().read([signal_case(signal) for signal in signals])
        given = [Given(answer.values["conduction"] == "rbbb") for answer in answers]
        return given if len(signals) in (1, 2, 3) else [Given(None)] * len(signals)

    found = transplant(blocked, RBBB, fails, pool, Plan(most=1))
    assert not found.flips
    assert not any(found.random)


def test_of_cells_that_move_an_answer_alike_the_largest_change_goes_first_and_a_failed_call_last(blocked, pool):
    host = beating(blocked.signal())

    def hard(signals):
        """Gives the answer of all but the three donors."""
        return [Given(len(signals) != 3) for _ in signals]

    found = transplant(blocked, RBBB, hard, pool, Plan(most=1))
    donor = next(one for one in pool if one.record.ecg_id == found.donor).at(500)
    sizes = {cell: np.square(grafted(host, donor, [cell]) - host.mv).sum() for cell in CELLS}
    assert found.cells == (" ".join(max(sizes, key=sizes.get)),)

    def failing(signals):
        told = [Given(True, 1.0) if place == 5 else Given(None) for place in range(len(signals))]
        return told if len(signals) == 28 else hard(signals)

    assert transplant(blocked, RBBB, failing, pool, Plan(most=1)).cells == (" ".join(CELLS[5]),)


def plain(mv, *beats):
    return Beating(np.asarray(mv, dtype=np.float32), 500, beats)


BEAT = Marks(after=100, before=700, p=200, qrs=300, j=350, t=500, is_usual=True)


def test_a_graft_fades_into_what_stands_beside_it_and_takes_the_hosts_level():
    host, donor = np.full((12, 1000), 3.0), np.full((12, 1000), 8.0)
    host[V1, :295] = 9
    donor[V1, :295], donor[V1, 300:] = -7, 10
    found = grafted(plain(host, BEAT), plain(donor, BEAT), [("V1", "QRS")])[V1]
    assert plain(host, BEAT).level(BEAT)[V1] == 3 + 6 / 2
    assert plain(donor, BEAT).level(BEAT)[V1] == 0.5
    shifted = 6 - 0.5
    assert found[300:350] == pytest.approx(10 + shifted)
    share = 0.5 + 0.5 * np.cos(np.pi * np.arange(1, 6) / 6)
    assert found[350:355] == pytest.approx(3 + share * (10 + shifted - 3), abs=1e-4)
    assert found[295:300] == pytest.approx(3 + share[::-1] * (8 + shifted - 3), abs=1e-4)
    assert np.array_equal(np.delete(found, np.arange(295, 355)), np.delete(host[V1], np.arange(295, 355)))


@pytest.mark.parametrize(("of_host", "of_donor", "end"), [(500, None, 500), (None, 480, 480), (500, 480, 500)])
def test_a_t_wave_lasts_as_long_as_the_longer_one(of_host, of_donor, end):
    host, donor = np.zeros((12, 1000)), np.zeros((12, 1000))
    donor[V1, 300:] = 2
    pair = plain(host, replace(BEAT, t=of_host)), plain(donor, replace(BEAT, t=of_donor))
    assert np.flatnonzero(grafted(*pair, [("V1", "T")])[V1] == 2).tolist() == list(range(380, end))
    neither = plain(host, replace(BEAT, t=None))
    assert ("V1", "T") not in exchangeable(neither, neither)


def test_beyond_a_donors_beat_its_last_sample_goes_on():
    short = replace(BEAT, before=400, t=390)
    donor = np.zeros((12, 1000))
    donor[V1, 399], donor[V1, 400:] = 2, 9
    found = grafted(plain(np.zeros((12, 1000)), BEAT), plain(donor, short), [("V1", "T")])[V1]
    assert found[400:500] == pytest.approx(2.0)


def test_the_shape_of_a_record_is_its_mean_beat_at_100_hz_on_its_level():
    mv = np.full((12, 1000), 5.0)
    mv[LEADS.index("V2"), 310:315] = 7
    mv[LEADS.index("II"), 300 - 125 : 300 - 120] = 6
    found = shape(plain(mv, BEAT))
    assert found.shape == (8, 70)
    assert found[3, 25 + 2] == pytest.approx(2.0)
    assert found[1, 0] == pytest.approx(1.0)
    assert found.sum() == pytest.approx(3.0, abs=1e-4)
    slower = shape(replace(plain(mv[:, ::5], replace(BEAT, after=20, before=140, p=40, qrs=60, j=70, t=100)), fs=100))
    assert slower[3] == pytest.approx(found[3], abs=1e-5)


@pytest.mark.parametrize("cell", CELLS)
def test_a_graft_changes_its_leads_alone_and_einthoven_holds(blocked, pool, cell):
    host, donor = beating(blocked.signal()), pool[0].at(500)
    mv = grafted(host, donor, [cell])
    rows = [LEADS.index(lead) for lead in GROUPS[cell[0]]]
    assert np.array_equal(np.delete(mv, rows, axis=0), np.delete(host.mv, rows, axis=0))
    changed = np.abs(mv - host.mv)[rows].max(axis=0) > 1e-6
    assert 0 < changed.mean() < 0.6
    assert mv == pytest.approx(consistent(mv), abs=1e-5)
    assert np.abs(np.diff(mv, axis=1)).max() < 1.5 * max(np.abs(np.diff(one.mv)).max() for one in (host, donor))


def test_all_cells_are_the_donors_beats_and_ones_own_change_nothing(blocked, pool):
    host, donor = beating(blocked.signal()), pool[0].at(500)
    one = replace(host, beats=host.beats[3:4])
    assert grafted(one, one, CELLS) == pytest.approx(host.mv, abs=1e-6)
    assert np.array_equal(grafted(host, donor, ()), host.mv)
    whole = grafted(host, donor, CELLS)
    assert donor.usual == donor.beats[1:-1]
    for beat, piece in list(zip(host.beats, donor.usual, strict=False))[1:-1]:
        begin, end = -(beat.qrs - beat.p), min(beat.t - beat.qrs, piece.before - piece.qrs)
        own = whole[:, beat.qrs + begin : beat.qrs + end] - host.level(beat)[:, None]
        given = donor.mv[:, piece.qrs + begin : piece.qrs + end] - donor.level(piece)[:, None]
        assert own == pytest.approx(given, abs=2e-5)


def test_a_p_wave_brings_its_pr_interval_and_goes_where_there_is_none(pool):
    fibrillating = beating(record({"AFIB"}, 500, 1)[0].signal())
    assert {beat.p for beat in fibrillating.beats} == {None}
    assert ("limb", "P") in exchangeable(fibrillating, pool[0].at(500))
    assert ("limb", "P") not in exchangeable(fibrillating, fibrillating)
    from measurements import measure

    slow = beating(record({"1AVB", "SR"}, 3, 1)[0].signal())
    usual = pool[0].at(500)
    before, after = (measure(mv, 500).pr.value for mv in (usual.mv, grafted(usual, slow, [(g, "P") for g in GROUPS])))
    assert before < 200 < after


def test_a_flat_lead_is_not_exchanged(blocked, pool):
    mv = blocked.signal().mv.copy()
    mv[V1] = 0
    cells = exchangeable(beating(Signal(mv, 500)), pool[0].at(500))
    assert len(cells) == 24
    assert not any(group == "V1" for group, _ in cells)


def test_donors_come_from_training_folds_by_lot_with_and_without(population):
    output = ("rhythm", "atrial_fibrillation")
    donors = donor_pool(population, [output], each=3)
    assert {donor.record.fold for donor in donors} == {"train"}
    assert sorted(bears(donor.truth, *output) for donor in donors) == [False] * 3 + [True] * 3
    again = donor_pool(population, [output, output], each=3)
    assert [one.record.ecg_id for one in donors] == [one.record.ecg_id for one in again]
    other = donor_pool(population, [output], each=3, seed=1)
    assert [one.record.ecg_id for one in donors] != [one.record.ecg_id for one in other]


def test_the_nearest_donor_comes_first_and_never_the_patient_himself(pool):
    own = pool[0].record
    found = nearest(pool, own, beating(own.signal()), RBBB, has=False)
    assert {donor.record.ecg_id for donor in found} == {1, 2}
    stranger = Record(7, 70, 60, "male", "test", "made", (500,), own._load)
    assert nearest(pool, stranger, beating(own.signal()), RBBB, has=False)[0].record is own


def test_without_training_folds_there_are_no_donors(population):
    class Untaught(type(population)):
        def __init__(self):
            super().__init__("1,66")
            del self.splits["train"]

    with pytest.raises(DatasetError, match="no recordings of training folds"):
        donor_pool(Untaught(), [RBBB])


def test_what_labels_leave_open_is_no_donor():
    truth = Truth(
        {"conduction": "rbbb", "other_findings": frozenset({"lvh"}), "rhythm": None},
        superclasses=frozenset({"CD"}),
        statements=frozenset({"CRBBB"}),
        accepted={"conduction": frozenset({"rbbb", "fascicular_block"})},
        allowed=frozenset({"high_voltage"}),
    )
    assert [bears(truth, "conduction", value) for value in ("rbbb", "fascicular_block", "lbbb")] == [True, None, False]
    assert [bears(truth, "other_findings", value) for value in ("lvh", "high_voltage", "rvh")] == [True, None, False]
    assert [bears(truth, "superclass", value) for value in ("CD", "MI")] == [True, False]
    assert [bears(truth, "statement", value) for value in ("CRBBB", "NORM")] == [True, False]
    assert bears(truth, "rhythm", "sinus") is None
    assert bears(Truth({}), "statement", "NORM") is bears(Truth({}), "superclass", "MI") is None


def test_a_reader_of_pictures_is_shown_the_changed_recording_on_its_page(blocked):
    case = viewed_case(View().for_inputs(frozenset({"image"})))(blocked.signal())
    assert case.images
    assert case.signal is None
    asked = asking_reader(PriorControl(), "rhythm", "sinus", viewed_case(View().for_inputs(frozenset({"signal"}))))
    assert asked([blocked.signal()])[0].is_given
    assert asked([]) == []


def test_changed_recordings_are_laid_out_as_the_unchanged_one_and_donors_as_themselves(blocked, pool):
    """A page's layout would tell of a change: here a tall complex that halves the gain."""

    class Gains:
        name, inputs = "gains", frozenset({"image"})

        def __init__(self):
            self.strips = []

        def read(self, cases):
            for case in cases:
                self.strips.append(case.images[0].strips)
                yield Reading(values={"conduction": "rbbb"})

    view = View().for_inputs(frozenset({"image"}))
    signal, reader = blocked.signal(), Gains()
    tall = Signal(np.clip(6 * signal.mv, -9, 9), signal.fs)
    asking = asking_reader(reader, *RBBB, viewed_case(view))
    asking([signal, tall])
    asking.like(signal)([signal, tall])
    whole, apart, again, like = reader.strips
    assert whole == again == like != apart
    signals = asking_reader(reader, *RBBB)
    assert signals.like(signal) is signals


def test_what_a_reader_tells_is_an_answer_and_its_odds(network, blocked):
    class Says:
        name, inputs = "says", frozenset({"signal"})

        def read(self, cases):
            del cases
            yield Reading(values={"conduction": "none"}, probabilities={"conduction": {"rbbb": 0.25, "none": 0.75}})
            yield Reading(values={"other_findings": frozenset({"lvh"})}, probabilities={"superclass": {"MI": 0.75}})
            yield Reading(values={"conduction": None})

    three = [blocked.signal()] * 3
    assert asking_reader(Says(), *RBBB)(three) == [Given(False, pytest.approx(-np.log(3))), Given(None), Given(None)]
    assert [one.is_given for one in asking_reader(Says(), "other_findings", "lvh")(three)] == [None, True, None]
    assert asking_reader(Says(), "superclass", "MI")(three)[1] == Given(True, pytest.approx(np.log(3)))
    with pytest.raises(UnknownNameError, match="rbbb"):
        asking_network(network, "conduction", "rbb")


def test_transplants_together_have_intervals_by_patient(blocked, pool, network):
    one = transplant(blocked, RBBB, asking_network(network, *RBBB), pool)
    stays = Transplant.from_json(one.to_json() | {"flips": False, "cells": ("V1 QRS", "V1 T"), "patient_id": 5})
    lonely = Transplant.from_json(one.to_json() | {"same_class": None, "patient_id": 6, "random": (True, False)})
    none = NoTransplant(3, 3, *RBBB, NO_BEAT)
    found = pooled([one] * 3 + [stays, lonely, none])
    assert found.n == found.flips.n == 5
    assert found.flips.value == 0.8
    assert found.flips.interval[0] < 0.5
    assert (found.same_class.n, found.same_class.value) == (4, 0)
    assert found.random.value == 0.1
    assert (found.above_same_class.n, found.above_random.value) == (4, 0.6)
    assert found.median_cells == 1
    assert found.cells == {"V1 QRS": 4}
    more = Transplant.from_json(one.to_json() | {"cells": ("V6 T", "V1 QRS", "V2 P")})
    assert list(pooled([one, more]).cells.items()) == [("V1 QRS", 2), ("V2 P", 1), ("V6 T", 1)]
    assert found.without == {NO_BEAT: 1}
    assert found_in(json.loads(json.dumps(none.to_json()))) == none
    json.dumps(found.to_json())
    nothing = pooled([none])
    assert (nothing.n, nothing.flips, nothing.median_cells) == (0, None, None)
