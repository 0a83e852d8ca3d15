import json
import subprocess
import sys
import tomllib
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from bench.dataset.phantom import Phantoms
from bench.training.rare_phantom import training_draws, with_phantoms
from bench.training.resnet1d import training_set
from phantoms.simulator import VERSION
from readers.contract import Case
from readers.contract_suite import check_reader
from readers.head import is_multi_label
from readers.resnet1d.augmentation import augment, mixed
from readers.resnet1d.config import read_training_config, training_config_from
from readers.resnet1d.dataset import TrainingSet
from readers.resnet1d.loss import loss_of, macro_auroc
from readers.resnet1d.network import EcgResNet, head_probabilities, split
from readers.resnet1d.preprocessing import prepare
from readers.resnet1d.reader import Resnet1dReader
from readers.resnet1d.training import Watch, train_member
from readers.resnet1d.weights import Description, load_weights, save_weights
from readers.training_target import training_heads
from taxonomy.axis import AXES, OTHER_FINDINGS
from taxonomy.error import ReaderError, SettingError, UnknownNameError
from taxonomy.statement import SUPERCLASSES
from tests.command import bench, is_one_sentence

TINY = training_config_from({"seeds": [3], "channels": [8, 8], "blocks": 1, "epochs": 3, "batch": 16, "patience": 0})


@pytest.fixture(scope="module")
def examples(population, tmp_path_factory):
    """A training set of 48 records that teach and 24 that stop."""
    patch = pytest.MonkeyPatch()
    patch.setenv("ECG_BENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
    whole = training_set(population, None, lambda done, total: None)
    patch.undo()
    rows = np.concatenate([whole.train[:48], whole.validation[:24]])
    return TrainingSet(
        np.ascontiguousarray(whole.signal[rows]),
        whole.side[rows],
        {head: part[rows] for head, part in whole.targets.items()},
        {head: part[rows] for head, part in whole.known.items()},
        whole.weight[rows],
        np.arange(48),
        np.arange(48, 72),
    )


@pytest.fixture(scope="module")
def shipped():
    return Resnet1dReader()


@pytest.fixture(scope="module")
def cases(population):
    records = population.cohort(limit=20)
    return [Case(f"c{k}", *_parts(record.signal(100))) for k, record in enumerate(records)]


def _parts(signal):
    return signal.mv, signal.fs


def test_preparing_gives_z_scored_leads_of_ten_seconds_at_100_hz(population):
    prepared = prepare(*_parts(population.record(9).signal(500)))
    assert prepared.shape == (12, 1000)
    assert np.allclose(prepared.mean(axis=1), 0, atol=0.05)
    assert np.allclose(prepared.std(axis=1), 1, atol=0.05)


def test_preparing_hardly_depends_on_rate_or_unit(population):
    records = population.cohort(limit=20)
    agreement = []
    for record in records:
        fine, coarse = (prepare(*_parts(record.signal(fs))) for fs in (500, 100))
        agreement += [np.corrcoef(a, b)[0, 1] for a, b in zip(fine, coarse, strict=True)]
    assert np.median(agreement) > 0.97
    assert np.allclose(
        prepare(records[0].signal(500).mv * 1000, 500.0), prepare(*_parts(records[0].signal(500))), atol=1e-3
    )


def test_flat_leads_gaps_and_odd_lengths_are_prepared(population):
    mv = population.record(9).signal(100).mv.copy()
    mv[3], mv[5, 200:260], mv[7] = 0, np.nan, np.nan
    prepared = prepare(mv, 100.0)
    assert np.isfinite(prepared).all()
    assert not prepared[3].any()
    assert not prepared[7].any()
    assert not prepare(mv[:, :600], 100.0)[:, 600:].any()
    assert prepare(np.tile(mv, 2), 100.0).shape == (12, 1000)
    with pytest.raises(ValueError, match="80 Hz"):
        prepare(mv, 50.0)


def test_every_axis_but_the_measured_ones_has_a_head():
    heads = training_heads()
    assert set(heads) == {"superclass", "statement"} | {a.name for a in AXES} - {"rate", "axis"}
    outputs = EcgResNet(TINY, heads)(torch.zeros(2, 12, 1000))
    chances = split(head_probabilities(outputs, heads), heads)
    for head, chance in chances.items():
        assert chance.shape == (2, len(heads[head]))
        if not is_multi_label(head):
            assert torch.allclose(chance.sum(dim=1), torch.ones(2))


def test_what_is_unlabelled_adds_nothing_to_the_loss(examples):
    outputs = torch.randn(72, sum(len(values) for values in training_heads().values()))
    targets = {head: torch.from_numpy(t) for head, t in examples.targets.items()}
    nothing = {head: torch.zeros(72, dtype=torch.bool) for head in targets}
    assert not loss_of(outputs, targets, nothing, TINY).any()
    some = nothing | {"rhythm": torch.from_numpy(examples.known["rhythm"])}
    assert (loss_of(outputs, targets, some, TINY) > 0).tolist() == examples.known["rhythm"].tolist()


def test_augmentation_changes_records_and_follows_its_generator():
    signal = torch.randn(6, 12, 1000)
    first, again = (augment(signal, TINY, torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(first, again)
    assert not torch.equal(first, signal)
    _, other, share = mixed(signal, 0.5, torch.Generator().manual_seed(5))
    assert sorted(other.tolist()) == list(range(6))
    assert (share >= 0.5).all()


FEW = training_config_from({"phantoms": {"seed": 5, "statements": ["AFLT", "INJIN"], "each": 3, "others": 2}}).phantoms


def silent(done, total):
    """Show no progress."""


@pytest.fixture(scope="module")
def mixed_examples(examples):
    """The same training set with eight phantoms."""
    return with_phantoms(examples, FEW, silent)


def test_phantoms_enter_the_training_records_alone(examples, mixed_examples):
    assert mixed_examples.validation.tolist() == examples.validation.tolist()
    assert mixed_examples.train.tolist() == [*examples.train.tolist(), *range(72, 80)]
    assert np.array_equal(mixed_examples.signal[:72], examples.signal)
    assert mixed_examples.signal.shape == (80, 12, 1000)


def test_phantoms_are_labelled_with_what_they_were_made_for(mixed_examples):
    heads = training_heads()
    statements, rhythm = (mixed_examples.targets[head][72:] for head in ("statement", "rhythm"))
    assert statements[:3, heads["statement"].index("AFLT")].all()
    assert rhythm[:3, heads["rhythm"].index("atrial_flutter")].all()
    assert statements[3:6, heads["statement"].index("INJIN")].all()
    assert mixed_examples.known["rhythm"][72:].all()


def test_phantoms_are_prepared_as_recordings_are(mixed_examples):
    first = next(iter(training_draws(FEW))).simulated()
    assert np.array_equal(mixed_examples.signal[72], prepare(first.mv, first.fs))


def test_a_seed_decides_the_phantoms_of_a_training(examples, mixed_examples):
    again = with_phantoms(examples, FEW, silent)
    assert np.array_equal(again.signal, mixed_examples.signal)
    assert [one.seed for one in training_draws(replace(FEW, seed=6))] != [one.seed for one in training_draws(FEW)]
    more = {one.seed for one in training_draws(replace(FEW, each=4, others=5))}
    assert more > {one.seed for one in training_draws(FEW)}


def test_no_population_of_the_same_seed_holds_a_phantom_of_the_training():
    population = Phantoms(f"{FEW.seed},20")
    seeds = {population.draw(number).seed for number in range(len(population))}
    assert seeds.isdisjoint(one.seed for one in training_draws(FEW))


@pytest.mark.slow
def test_phantoms_teach_by_their_weight(examples, tmp_path):
    def taught(weight, of_another_label, folder):
        data = with_phantoms(examples, replace(FEW, weight=weight), silent)
        if of_another_label:
            data.targets["statement"][72:] = 1 - data.targets["statement"][72:]
        once = training_config_from({**TINY.to_json(), "epochs": 1})
        return load_file(train_member(data, once, 3, tmp_path / folder, Watch()))["heads.bias"]

    assert torch.equal(taught(0.0, False, "a"), taught(0.0, True, "b"))
    assert not torch.equal(taught(1.0, False, "c"), taught(1.0, True, "d"))


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"each": -3}, r"setting of \[phantoms\] each must be greater than or equal to 1, not -3"),
        ({"others": -1}, r"setting of \[phantoms\] others must be greater than or equal to 0, not -1"),
        ({"seed": -1}, r"setting of \[phantoms\] seed must be greater than or equal to 0, not -1"),
        ({"weight": "much"}, r"setting of \[phantoms\] weight must be a number, not 'much'"),
        ({"statements": []}, r"setting of \[phantoms\] statements = \[\] cannot be used"),
        (7, "training setting phantoms must be an object, not 7"),
    ],
)
def test_settings_of_phantoms_that_cannot_be_used_are_named(part, said):
    with pytest.raises(SettingError, match=said):
        training_config_from({"phantoms": part})


def test_an_unknown_statement_or_setting_of_phantoms_is_named():
    with pytest.raises(UnknownNameError, match=r"unknown statement of \[phantoms\] 'AFL': choose from 1AVB, .*AFLT"):
        training_config_from({"phantoms": {"statements": ["AFL"]}})
    with pytest.raises(
        UnknownNameError, match=r"unknown setting of \[phantoms\] 'count': choose from each, elevated, others"
    ):
        training_config_from({"phantoms": {"count": 3}})


def test_settings_of_phantoms_survive_the_header_of_a_weights_file(tmp_path):
    path = tmp_path / "rare.toml"
    path.write_text('[phantoms]\nstatements = ["PACE"]\neach = 7\n')
    settings = read_training_config(path)
    assert (settings.phantoms.statements, settings.phantoms.each) == (("PACE",), 7)
    assert training_config_from(json.loads(json.dumps(settings.to_json()))) == settings


def test_the_shipped_reader_is_taught_phantoms_and_that_of_pages_is_not():
    assert read_training_config().phantoms is not None
    assert read_training_config(Path(str(files("readers.resnet1d") / "page.toml"))).phantoms is None
    assert load_weights().training["phantoms"]["records"] == 4100
    assert "phantoms" not in load_weights(Path(str(files("readers.resnet1d") / "page.safetensors"))).training


def test_a_training_with_an_unknown_statement_ends_before_it_starts(tmp_path):
    (tmp_path / "bad.toml").write_text('[phantoms]\nstatements = ["XYZ"]\n')
    done = bench("train", "resnet1d", "--config", "bad.toml", cwd=tmp_path)
    assert is_one_sentence(done, "unknown statement of [phantoms] 'XYZ'")


@pytest.mark.slow
def test_a_training_with_phantoms_ends_and_its_weights_say_which(tmp_path):
    (tmp_path / "tiny.toml").write_text(
        "seeds = [3]\nchannels = [8, 8]\nblocks = 1\nepochs = 1\n"
        '[phantoms]\nseed = 5\nstatements = ["AFLT", "INJIN"]\neach = 3\nothers = 2\nweight = 0.5\n'
    )
    done = bench("train", "resnet1d", "--config", "tiny.toml", cwd=tmp_path, ECG_BENCH_CACHE=str(tmp_path / "cache"))
    assert done.returncode == 0, done.stderr
    assert "528 records to train on, 66 to stop on" in done.stdout
    assert "8 phantoms to train on beside them" in done.stdout
    ensemble = load_weights(tmp_path / "training" / "weights.safetensors")
    assert ensemble.training["phantoms"] == {"records": 8, "version": VERSION, "seed": 5, "weight": 0.5}
    assert ensemble.training["training_records"] == 528
    assert ensemble.config.phantoms.statements == ("AFLT", "INJIN")


@pytest.mark.slow
def test_a_resumed_training_ends_with_the_weights_of_an_undisturbed_one(examples, tmp_path):
    class Killed(BaseException):
        pass

    def kill(epoch):
        if epoch.number == 2:
            raise Killed

    seen = []
    whole = load_file(train_member(examples, TINY, 3, tmp_path / "a", Watch(seen.append)))
    with pytest.raises(Killed):
        train_member(examples, TINY, 3, tmp_path / "b", Watch(kill))
    resumed = load_file(train_member(examples, TINY, 3, tmp_path / "b", Watch(seen.append)))
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    assert [epoch.number for epoch in seen] == [1, 2, 3, 3]
    assert len(list((tmp_path / "b").glob("epoch-*.safetensors"))) == 2


@pytest.mark.slow
def test_a_network_learns_what_is_there_to_learn(examples, tmp_path):
    losses = []
    train_member(
        examples, training_config_from({**TINY.to_json(), "epochs": 8, "mixup": 0}), 1, tmp_path, Watch(losses.append)
    )
    assert losses[-1].loss < 0.75 * losses[0].loss


@pytest.mark.slow
def test_a_training_that_does_not_improve_stops(examples, tmp_path):
    seen = []
    patient = training_config_from({**TINY.to_json(), "epochs": 40, "patience": 2, "learning_rate": 1e-9})
    train_member(examples, patient, 1, tmp_path, Watch(seen.append))
    assert len(seen) < 40


def test_macro_auroc_is_the_mean_over_classes_that_occur():
    truth = np.array([[1, 0, 0], [0, 0, 1], [0, 0, 1]], dtype=np.float32)
    score = np.array([[0.9, 0.5, 0.4], [0.2, 0.5, 0.3], [0.1, 0.5, 0.6]], dtype=np.float32)
    assert macro_auroc(truth, score) == pytest.approx((1 + 0.5) / 2)


def test_the_shipped_weights_are_those_of_the_shipped_configuration():
    path = files("readers.resnet1d") / "weights.safetensors"
    assert len(path.read_bytes()) < 10e6
    ensemble = load_weights()
    assert ensemble.config == read_training_config()
    assert len(ensemble.members) == len(ensemble.config.seeds)
    assert ensemble.training["folds"] == "folds 1 to 8, stopped on fold 9"


@pytest.mark.slow
def test_the_shipped_reader_keeps_the_contract(shipped, cases):
    assert [check.problem for check in check_reader(shipped, cases[:3])] == [None] * 8


def test_the_shipped_reader_answers_every_axis_with_probabilities(shipped, cases):
    for reading in shipped.read(cases):
        assert set(reading.values) == {axis.name for axis in AXES}
        assert set(reading.probabilities) == {axis.name for axis in AXES} | {"superclass"}
        assert set(reading.probabilities["superclass"]) == set(SUPERCLASSES)
        for axis in AXES:
            chances = reading.probabilities[axis.name]
            if not axis.is_set:
                assert sum(chances.values()) == pytest.approx(1, abs=1e-4)
                assert reading.values[axis.name] == max(chances, key=chances.get)


def test_weights_of_an_older_taxonomy_answer_without_the_value_that_is_gone(cases):
    older = Resnet1dReader(str(files("readers.resnet1d") / "page.safetensors"))
    assert "prolonged_pr" in older.ensemble.heads["other_findings"]
    assert "prolonged_pr" not in OTHER_FINDINGS.values
    for reading in older.read(cases[:5]):
        assert set(reading.probabilities["other_findings"]) == set(OTHER_FINDINGS.values)
        assert reading.values["other_findings"] <= set(OTHER_FINDINGS.values)


@pytest.mark.slow
def test_a_case_is_read_the_same_to_the_last_digit_whatever_it_stands_beside(shipped, cases):
    together = [reading.to_json() for reading in shipped.read(cases)]
    assert together[:4] == [next(iter(shipped.read([case]))).to_json() for case in cases[:4]]


@pytest.mark.slow
def test_the_shipped_reader_tells_normal_from_abnormal_on_the_test_fold(shipped, population):
    records = population.cohort()
    signals = (record.signal(100) for record in records)
    readings = shipped.read(Case(str(k), s.mv, s.fs) for k, s in enumerate(signals))
    chance = np.array([reading.probabilities["superclass"]["NORM"] for reading in readings])
    truth = np.array(["NORM" in population.truth(record).statements for record in records], dtype=np.float32)
    assert macro_auroc(truth[:, None], chance[:, None]) > 0.85


@pytest.fixture
def own_weights(tmp_path):
    member = tmp_path / "best.safetensors"
    save_file(EcgResNet(TINY, training_heads()).state_dict(), member)
    path = tmp_path / "weights.safetensors"
    save_weights(path, [member], Description(TINY, {"dataset": "a test", "folds": "1-8"}))
    return path


def test_weights_of_ones_own_are_read(own_weights, cases):
    reader = Resnet1dReader(str(own_weights))
    assert len(list(reader.read(cases[:2]))) == 2
    assert reader.details["weights"] != Resnet1dReader().details["weights"]


def test_missing_damaged_and_foreign_weights_are_told(own_weights, tmp_path):
    with pytest.raises(ReaderError, match="does not exist"):
        load_weights(tmp_path / "none.safetensors")
    whole = own_weights.read_bytes()
    own_weights.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ReaderError, match="damaged or not a safetensors file"):
        load_weights(own_weights)
    own_weights.write_bytes(b"PK\x03\x04 a pickle from somewhere")
    with pytest.raises(ReaderError, match="damaged or not a safetensors file"):
        load_weights(own_weights)
    save_file({"a": torch.zeros(2)}, own_weights, metadata={"format": "pt"})
    with pytest.raises(ReaderError, match="not a weights file of resnet1d: its format is 'pt'"):
        load_weights(own_weights)


def test_weights_of_another_preprocessing_or_shape_are_refused(own_weights):
    from safetensors import safe_open

    with safe_open(own_weights, framework="pt") as archive:
        header = archive.metadata()
    tensors = load_file(own_weights)
    other = json.loads(header["preprocessing"]) | {"band_hz": [1, 30]}
    save_file(tensors, own_weights, metadata=header | {"preprocessing": json.dumps(other)})
    with pytest.raises(ReaderError, match="trained with different preprocessing"):
        load_weights(own_weights)
    wider = json.loads(header["config"]) | {"channels": [16, 16]}
    save_file(tensors, own_weights, metadata=header | {"config": json.dumps(wider)})
    with pytest.raises(ReaderError, match="does not fit its own configuration"):
        load_weights(own_weights)


def test_a_header_that_names_no_heads_is_told(own_weights):
    from safetensors import safe_open

    with safe_open(own_weights, framework="pt") as archive:
        header = archive.metadata()
    tensors = load_file(own_weights)
    for heads, said in (
        ({"rhythm": 8}, "'rhythm' has 8 outputs without names; taxonomy 1.0.0 had 7"),
        ({"rhythm": ["sinus", "sinus"]}, "'rhythm' must be a list of different value names"),
        ({}, "names no heads"),
    ):
        save_file(tensors, own_weights, metadata=header | {"heads": json.dumps(heads)})
        with pytest.raises(ReaderError, match=f"header of the weights file .* is invalid: .*{said}"):
            load_weights(own_weights)


def test_gradients_reach_the_leads_by_public_names(shipped, cases):
    network = shipped.network()
    seen = network.prepare(cases[0])
    leads, side = (torch.from_numpy(part)[None] for part in (seen.leads, seen.beside))
    assert network.heads == shipped.ensemble.heads
    network.logits(leads.requires_grad_(), side)[0, network.place("rhythm", "sinus")].backward()
    assert leads.grad.shape == (1, 12, 1000)
    assert leads.grad.abs().sum() > 0


def test_a_configuration_is_checked(tmp_path):
    with pytest.raises(UnknownNameError, match=r"unknown training setting 'epoch'.*Did you mean 'epochs'"):
        training_config_from({"epoch": 3})
    with pytest.raises(SettingError, match="epochs must be a whole number, not 'many'"):
        training_config_from({"epochs": "many"})
    path = tmp_path / "bad.toml"
    path.write_text("epochs = ")
    with pytest.raises(SettingError, match="cannot be read"):
        read_training_config(path)
    assert (
        tomllib.loads((files("readers.resnet1d") / "config.toml").read_text())["epochs"]
        == read_training_config().epochs
    )


def test_the_shipped_reader_is_built_without_torch_and_knows_its_folds():
    code = (
        "import sys; from readers.resnet1d.reader import Resnet1dReader; "
        "print(sorted(Resnet1dReader().taught_on['ptbxl']), 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[1, 2, 3, 4, 5, 6, 7, 8, 9] False\n"
