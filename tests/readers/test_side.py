"""The side inputs of resnet1d: what they tell, what they cannot, and that they reach the answer."""

import json
import math

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from bench.training.elevated_phantom import elevated_phantoms, relabel
from measurements import measure
from phantoms.injury import j_levels
from phantoms.population import of_statements
from readers.contract import Case
from readers.head import corrected_limits, fitted_reading
from readers.resnet1d.augmentation import hidden, mixed_side
from readers.resnet1d.config import training_config_from
from readers.resnet1d.network import EcgResNet
from readers.resnet1d.reader import Resnet1dReader
from readers.resnet1d.side import NAMES, SIDES, VOLTAGE, network_input, places, side_inputs
from readers.resnet1d.weights import Description, load_weights, save_weights
from readers.training_target import targets, training_heads
from taxonomy.error import ReaderError, SettingError

CONFIG = training_config_from({"channels": [8, 8], "blocks": 1, "side": list(SIDES), "seeds": [3]})


def simulated(code, seed, fs=500.0):
    rhythm = set() if code in {"AFIB", "PACE"} else {"SR"}
    return of_statements(frozenset({code} | rhythm), seed).simulated(fs=fs)


def side_of(code, seed, fs=500.0):
    phantom = simulated(code, seed, fs)
    return dict(zip(NAMES, network_input(phantom.mv, phantom.fs)[0].side.tolist(), strict=True))


def test_every_side_input_of_a_recording_in_mv_is_known():
    assert all(math.isfinite(value) for value in side_of("NORM", 1).values())


def test_a_recording_of_twice_the_voltage_differs_in_voltage_and_spikes_alone():
    phantom = simulated("NORM", 2)
    once, twice = (network_input(phantom.mv * gain, phantom.fs)[0].side for gain in (1, 2))
    assert twice[list(places(["voltage"]))] - once[list(places(["voltage"]))] == pytest.approx(np.log(2), abs=1e-4)
    # A notch of noise can move an onset by one sample.
    assert twice[list(places(["rhythm", "intervals"]))] == pytest.approx(
        once[list(places(["rhythm", "intervals"]))], abs=0.03
    )


def test_amplitude_is_unknown_of_z_scored_leads_and_spikes_of_slow_sampling():
    leads = network_input(*(lambda p: (p.mv, p.fs))(simulated("NORM", 3)))[0].leads
    unscaled = side_inputs(measure(leads, 100), None, leads, 100)
    assert np.isnan(unscaled[list(places(["voltage", "spikes"]))]).all()
    assert np.isfinite(unscaled[list(places(["rhythm", "intervals"]))]).all()
    slow = side_of("NORM", 3, fs=250.0)
    assert all(math.isnan(slow[name]) for name in SIDES["spikes"])
    assert all(math.isfinite(slow[name]) for name in VOLTAGE)


def test_pacing_spikes_stand_out_of_all_that_is_no_spike():
    paced = [side_of("PACE", seed)["log spike over the 90% quantile"] for seed in range(12)]
    others = [
        side_of(code, seed)["log spike over the 90% quantile"] for code in ("NORM", "CLBBB") for seed in range(12)
    ]
    assert min(paced) > max(others)


def test_fibrillation_is_irregular_without_a_p_wave_and_sinus_rhythm_is_neither():
    fibrillating, sinus = ([side_of(code, seed) for seed in range(12)] for code in ("AFIB", "NORM"))
    assert min(one["log RR change"] for one in fibrillating) > max(one["log RR change"] for one in sinus)
    assert sum(one["has P"] for one in fibrillating) <= 1
    assert all(one["has P"] for one in sinus)


def test_no_beat_and_no_lead_leave_rhythm_and_intervals_unknown():
    side = network_input(np.zeros((12, 5000), dtype=np.float32), 500)[0].side
    assert np.isnan(side[list(places(["rhythm", "intervals"]))]).all()


def test_a_network_told_nothing_answers_as_one_whose_side_inputs_are_all_unknown():
    network = EcgResNet(CONFIG, training_heads()).eval()
    leads = torch.randn(2, 12, 1000, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert torch.equal(network(leads), network(leads, torch.full((2, len(NAMES)), torch.nan)))


@pytest.mark.parametrize("group", SIDES)
def test_each_group_reaches_the_logits_and_no_other_does(group):
    config = training_config_from({**CONFIG.to_json(), "side": [group]})
    network = EcgResNet(config, training_heads()).eval()
    if network.in_mv is not None:
        torch.nn.init.normal_(network.in_mv.weight)
    leads, side = torch.randn(1, 12, 1000), torch.zeros(1, len(NAMES))
    with torch.inference_mode():
        for one in SIDES:
            changed = side.clone()
            changed[:, list(places([one]))] = 0.7
            assert torch.equal(network(leads, side), network(leads, changed)) == (one != group)


def test_side_inputs_are_standardised_over_those_that_are_known():
    side = torch.tensor([[1.0] * len(NAMES), [3.0] * len(NAMES), [torch.nan] * len(NAMES)])
    features = EcgResNet(CONFIG, training_heads()).side
    features.standardise(side)
    assert torch.equal(features.mean, torch.full((len(NAMES),), 2.0))
    assert torch.equal(features.scale, torch.ones(len(NAMES)))


def test_what_is_hidden_in_training_is_hidden_together():
    generator = torch.Generator().manual_seed(1)
    lost = torch.isnan(hidden(torch.zeros(4000, len(NAMES)), 0.3, generator))
    for groups in (("voltage", "spikes"), ("rhythm", "intervals")):
        part = lost[:, list(places(groups))]
        assert torch.equal(part.all(dim=1), part.any(dim=1))
        assert part[:, 0].float().mean().item() == pytest.approx(0.3, abs=0.03)


def test_mixing_with_an_unknown_value_changes_nothing():
    side = torch.tensor([[1.0, torch.nan, 1.0], [3.0, 2.0, torch.nan]])
    mixed = mixed_side(side, torch.tensor([1, 0]), torch.tensor([0.75, 0.75]))
    assert torch.allclose(mixed, torch.tensor([[1.5, torch.nan, 1.0], [2.5, 2.0, torch.nan]]), equal_nan=True)


def test_a_finding_is_reported_from_its_limit_and_probabilities_stay():
    numbers = measure(simulated("NORM", 4).mv, 500)
    limits = corrected_limits({"other_findings": {"lvh": 0.02, "long_qt": 0.5}}, 0.5)
    assert limits["other_findings"] == {"lvh": pytest.approx(0.1), "long_qt": pytest.approx(0.5)}
    chances = {"other_findings": {"lvh": 0.11, "long_qt": 0.3, "rvh": 0.4}}
    told = fitted_reading(numbers, chances, limits=limits)
    assert told.values["other_findings"] == {"lvh"}
    assert told.probabilities["other_findings"] == chances["other_findings"]
    assert fitted_reading(numbers, chances).values["other_findings"] == frozenset()


def test_a_value_is_chosen_by_how_far_it_is_above_its_limit():
    numbers = measure(simulated("NORM", 4).mv, 500)
    chances = {"rhythm": {"sinus": 0.7, "paced": 0.3}}
    assert fitted_reading(numbers, chances, limits={"rhythm": {"paced": 0.1}}).values["rhythm"] == "paced"
    assert fitted_reading(numbers, chances, limits=corrected_limits({"rhythm": {"paced": 0.1}}, 0)).values[
        "rhythm"
    ] == "sinus"  # fmt: skip


@pytest.fixture
def weights(tmp_path):
    member = tmp_path / "best.safetensors"
    save_file(EcgResNet(CONFIG, training_heads()).state_dict(), member)
    path = tmp_path / "weights.safetensors"
    save_weights(path, [member], Description(CONFIG, {"dataset": "a test"}, limits={"other_findings": {"lvh": 0.1}}))
    return path


def test_side_inputs_and_limits_survive_the_weights_file_and_reach_a_reading(weights):
    assert load_weights(weights).limits == {"other_findings": {"lvh": 0.1}}
    reader = Resnet1dReader(str(weights))
    reader.ensemble.members[0].heads.weight.data.normal_(generator=torch.Generator().manual_seed(2))
    phantom = simulated("NORM", 5)
    seen, numbers = network_input(phantom.mv, phantom.fs)
    case = Case("c", signal=phantom.mv, fs=500)
    (read,) = reader.read([case])
    told = fitted_reading(numbers, _chances(reader, seen.leads, seen.side), 6, reader.ensemble.limits)
    assert read == told
    assert read.probabilities != fitted_reading(numbers, _chances(reader, seen.leads, None), 6).probabilities


def _chances(reader, leads, side):
    row = reader.probabilities(leads[None], None if side is None else side[None])[0].astype(np.float64)
    heads = reader.ensemble.heads
    parts = np.split(row, np.cumsum([len(values) for values in heads.values()])[:-1])
    return {h: dict(zip(v, part.tolist(), strict=True)) for (h, v), part in zip(heads.items(), parts, strict=True)}


@pytest.mark.parametrize(
    "limits",
    [7, {"rhythm": 3}, {"rhythm": {"paced": 0.0}}, {"rhythm": {"paced": "much"}}, {"rhythm": {"pacd": 0.5}}],
)
def test_limits_that_are_none_are_refused(weights, limits):
    with safe_open(weights, framework="pt") as archive:
        header = archive.metadata()
    save_file(load_file(weights), weights, metadata=header | {"limits": json.dumps(limits)})
    with pytest.raises(ReaderError, match=r"header of the weights file .* is invalid: .*limit"):
        load_weights(weights)


def test_weights_of_other_side_inputs_are_refused(weights):
    with safe_open(weights, framework="pt") as archive:
        header = archive.metadata()
    other = json.loads(header["side"]) | {"measurements": "1.1.0"}
    save_file(load_file(weights), weights, metadata=header | {"side": json.dumps(other)})
    with pytest.raises(
        ReaderError,
        match=r"was trained with side inputs of version 1 by measurements 1\.1\.0, and these are version 1 by",
    ):
        load_weights(weights)


@pytest.mark.parametrize(("name", "value"), [("0.side.scale", 0.0), ("0.stem.1.running_var", -1.0)])
def test_a_spread_that_is_none_is_refused(weights, name, value):
    with safe_open(weights, framework="pt") as archive:
        header = archive.metadata()
    tensors = load_file(weights)
    tensors[name][0] = value
    save_file(tensors, weights, metadata=header)
    with pytest.raises(ReaderError, match=f"holds a spread of {value}, which is none, in {name[2:]}"):
        load_weights(weights)


def test_a_gap_beside_an_offset_is_no_spike():
    phantom = simulated("NORM", 6)
    gapped = phantom.mv + np.float32(3)
    gapped[:, 1000:1300] = np.nan
    whole, gap = (network_input(mv, phantom.fs)[0].side[list(places(["spikes"]))] for mv in (phantom.mv, gapped))
    assert gap == pytest.approx(whole, abs=0.3)


def test_an_unknown_group_of_side_inputs_is_named():
    with pytest.raises(SettingError, match="'amplitude'"):
        training_config_from({"side": ["amplitude"]})


def test_raised_st_is_an_injury_exactly_where_two_neighbouring_leads_reach_the_limits():
    found = list(elevated_phantoms(5, 36))
    assert len({one.draw.seed for one in found}) == 36
    assert 9 < sum(one.injured is not None for one in found) < 36
    for one in found:
        highest = j_levels(one.draw.heart, one.draw.seed).max()
        assert highest >= 0.1 if one.injured else highest < 0.35


def test_raised_st_is_labelled_on_the_axes_that_it_decides():
    hot, known = targets([])
    heads = training_heads()
    hot = {head: np.zeros((2, len(values)), dtype=np.float32) for head, values in heads.items()}
    known = {head: np.ones(2, dtype=np.bool_) for head in heads}
    found = list(elevated_phantoms(5, 18))
    relabel(next(one for one in found if one.injured), 0, hot, known)
    relabel(next(one for one in found if not one.injured), 1, hot, known)
    assert {head for head in heads if known[head][0]} == {
        "rhythm", "conduction", "ischemia_stage", "ischemia_territory"
    }  # fmt: skip
    assert {head for head in heads if known[head][1]} == {"rhythm", "conduction"}
    assert hot["ischemia_stage"][0, heads["ischemia_stage"].index("acute")] == 1
    assert hot["ischemia_territory"][0].sum() == 1
