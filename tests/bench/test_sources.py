"""A training on several datasets, each with its weight."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from bench.dataset.challenge import Challenge
from bench.dataset.phantom import Phantoms
from bench.dataset.ptbxl import PtbXl
from bench.progress import Observer
from bench.training.resnet1d import training_set
from bench.training.several import joined
from bench.training.source import Source, sources_of, sources_record
from bench.training.training import Plan, train
from readers.resnet1d.config import training_config_from
from readers.resnet1d.reader import Resnet1dReader
from readers.resnet1d.training import Watch, train_member
from readers.resnet1d.weights import load_weights
from readers.taught import taught_in
from taxonomy.error import DatasetError, SettingError
from tests.challenge import tracing, write_challenge
from tests.command import bench, is_one_sentence
from tests.physionet import write_folder

TINY = {"seeds": [3], "channels": [8, 8], "blocks": 1, "epochs": 1, "batch": 8, "patience": 0,
        "finding_correction": 0.5}  # fmt: skip


def silent(done, total):
    """Show no progress."""


@pytest.fixture
def georgia(tmp_path):
    """Twenty records of Georgia, a few in each of several folds."""
    for number in range(20):
        says = "Dx: 426783006" if number % 2 else "Dx: 164889003"
        write_challenge(tmp_path / "georgia" / f"E{number:05d}.hea", (says,), tracing(10, seed=number))
    return Challenge(str(tmp_path / "georgia"))


@pytest.fixture
def copied(tmp_path, population):
    """PTB-XL's folder, and a folder of the Challenge's form that holds its copy."""
    write_challenge(tmp_path / "challenge" / "HR00001.hea")
    chosen = [next(iter(population.in_folds((fold,)))).ecg_id for fold in ("train", "val")]
    return PtbXl(write_folder(tmp_path / "ptbxl", population, chosen)), Challenge(str(tmp_path / "challenge"))


def test_weights_are_those_of_the_datasets_in_their_order(georgia):
    phantoms = Phantoms("1,2")
    assert [one.weight for one in sources_of([phantoms, georgia], (), None)] == [1.0, 1.0]
    assert [one.weight for one in sources_of([phantoms, georgia], (1.0, 2.5), None)] == [1.0, 2.5]
    with pytest.raises(SettingError, match="--weight is given 1 times and --data 2"):
        sources_of([phantoms, georgia], (2.0,), None)


def test_an_extra_file_is_of_ptbxl_where_there_are_several_datasets(georgia, copied, tmp_path):
    ptbxl, _ = copied
    path = tmp_path / "more.npz"
    assert [one.extra for one in sources_of([georgia, ptbxl], (), path)] == [None, path]
    assert sources_of([georgia], (), path)[0].extra == path
    with pytest.raises(SettingError, match="--extra holds records of PTB-XL, which is none of the 2 datasets"):
        sources_of([georgia, Phantoms("1,2")], (), path)


def test_a_recording_that_two_datasets_hold_is_refused(georgia, copied, tmp_path):
    ptbxl, copy = copied
    for pair in ((ptbxl, copy), (copy, ptbxl)):
        with pytest.raises(SettingError, match=r"is in (ptbxl|challenge) too.*name folders that share no recording"):
            sources_of(pair, (), None)
    with pytest.raises(SettingError, match="record E00000 of challenge is in challenge too"):
        sources_of([georgia, Challenge(str(tmp_path / "georgia"))], (), None)
    with pytest.raises(SettingError, match="of challenge-lenient is in challenge too"):
        sources_of([georgia, Challenge(f"{tmp_path / 'georgia'},lenient")], (), None)
    with pytest.raises(SettingError, match="of phantoms-1-4 is in phantoms-1-2 too"):
        sources_of([Phantoms("1,2"), Phantoms("1,4")], (), None)
    assert len(sources_of([georgia, ptbxl, Phantoms("1,2"), Phantoms("2,2")], (), None)) == 4


def test_the_same_ids_in_two_folders_are_other_recordings_where_the_signals_differ(georgia, tmp_path):
    for number in range(20):
        write_challenge(tmp_path / "other" / f"E{number:05d}.hea", samples=tracing(10, seed=100 + number))
    write_challenge(tmp_path / "other" / "E00099.hea")
    other = Challenge(str(tmp_path / "other"))
    assert {record.ecg_id for record in other} > {record.ecg_id for record in georgia}
    assert len(sources_of([georgia, other], (), None)) == 2


def test_the_record_of_a_training_names_every_dataset(georgia, tmp_path, monkeypatch):
    monkeypatch.setenv("ECG_BENCH_CACHE", str(tmp_path / "cache"))
    sources = sources_of([Phantoms("1,2"), georgia], (1.0, 0.5), None)
    sets = [training_set(one.dataset, None, silent, 1) for one in sources]
    found = json.loads(json.dumps(sources_record(sources, sets)))
    assert [one["weight"] for one in found["datasets"]] == [1.0, 0.5]
    assert (
        found["training_records"]
        == sum(one["training_records"] for one in found["datasets"])
        == 16 + len(sets[1].train)
    )
    assert found["datasets"][1]["dataset"] == "challenge 2021-1.0.3"
    assert taught_in(found) == {
        "phantoms-1-2": {"train", "val"},
        "challenge": {f"georgia-{fold}" for fold in range(1, 10)},
    }
    assert sources_record(sources[:1], sets[:1])["dataset"] == f"phantoms-1-2 {sources[0].dataset.version}"


def test_a_dataset_without_records_to_stop_on_teaches_beside_another(tmp_path, monkeypatch):
    monkeypatch.setenv("ECG_BENCH_CACHE", str(tmp_path / "cache"))
    write_challenge(tmp_path / "georgia" / "E00000.hea", samples=tracing(10))
    lonely = Challenge(str(tmp_path / "georgia"))
    assert lonely.record("E00000").fold == "georgia-8"
    with pytest.raises(DatasetError, match=r"needs records of fold 9 of georgia of challenge that have a signal"):
        train(Plan(training_config_from(TINY), (Source(lonely),), None, tmp_path / "alone"), Observer())


@pytest.mark.slow
def test_weights_multiply_the_loss_of_a_datasets_records(tmp_path, monkeypatch):
    monkeypatch.setenv("ECG_BENCH_CACHE", str(tmp_path / "cache"))
    first, other = (training_set(Phantoms(f"{seed},2"), None, silent, 1) for seed in (1, 2))
    config = training_config_from({**TINY, "mixup": 0})

    def taught(weight, of_another_label, folder):
        data = joined([first, other], [1.0, weight])
        if of_another_label:
            data.targets["statement"][data.domain == 1] = 1 - data.targets["statement"][data.domain == 1]
        return load_file(train_member(data, config, 3, tmp_path / folder, Watch()))["heads.bias"]

    assert torch.equal(taught(0.0, False, "a"), taught(0.0, True, "b"))
    assert not torch.equal(taught(1.0, False, "c"), taught(1.0, True, "d"))


@pytest.mark.slow
def test_a_training_on_two_datasets_ends_resumes_and_says_what_it_was_taught(georgia, tmp_path):
    (tmp_path / "tiny.toml").write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in TINY.items()))
    words = ["train", "resnet1d", "--config", "tiny.toml", "--config", "mixstyle", "--config", "label-smoothing"]
    words += ["--data", "phantoms:1,4", "--data", f"challenge:{georgia.folder}", "--weight", "1", "--weight", "2.5"]
    told = {"cwd": tmp_path, "ECG_BENCH_CACHE": str(tmp_path / "cache")}
    done = bench(*words, **told)
    assert done.returncode == 0, done.stderr
    counts = [len(georgia.cohort(split)) for split in ("train", "val")]
    assert (
        f"challenge (folds 1 to 8 of georgia, weight 2.5): {counts[0]} to train on, {counts[1]} to stop on"
        in done.stdout
    )
    assert f"{32 + counts[0]} records to train on, {4 + counts[1]} to stop on" in done.stdout
    path = tmp_path / "training" / "weights.safetensors"
    reader = Resnet1dReader(str(path))
    assert all(georgia.is_taught(record, reader.taught_on) for record in georgia.cohort("train"))
    assert not any(georgia.is_taught(record, reader.taught_on) for record in georgia.cohort("test"))
    ensemble = load_weights(path)
    assert ensemble.config.label_smoothing == 0.1
    assert min(limit for values in ensemble.limits.values() for limit in values.values()) > 0.05, "as far as smoothing"
    assert bench(*words, **told).returncode == 0
    assert is_one_sentence(bench(*words[:-1], "3", **told), "holds another training (other datasets)")
    assert is_one_sentence(bench(*words[:-4], **told), "holds another training (other datasets)")
    assert is_one_sentence(bench(*words[:-6], **told), "holds another training (dataset is None, not 'phantoms-1-4")


@pytest.mark.slow
def test_a_training_from_before_there_were_such_settings_goes_on(tmp_path):
    (tmp_path / "tiny.toml").write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in TINY.items()))
    words = ["train", "resnet1d", "--config", "tiny.toml", "--data", "phantoms:1,2"]
    told = {"cwd": tmp_path, "ECG_BENCH_CACHE": str(tmp_path / "cache")}
    assert bench(*words, **told).returncode == 0
    path = tmp_path / "training" / "training.json"
    kept = json.loads(path.read_text())
    assert kept["dataset"].startswith("phantoms-1-2 ") and "datasets" not in kept
    for name in ("reduction", "mixstyle", "label_smoothing", "layer_pooling"):
        del kept[name]
    path.write_text(json.dumps(kept))
    assert bench(*words, **told).returncode == 0
    assert is_one_sentence(bench(*words, "--config", "layers", **told), "layer_pooling is False, not True")


@pytest.mark.slow
def test_without_records_that_tell_the_last_epoch_counts(tmp_path, monkeypatch):
    monkeypatch.setenv("ECG_BENCH_CACHE", str(tmp_path / "cache"))
    data = training_set(Phantoms("1,2"), None, silent, 1)
    alike = {head: part.copy() for head, part in data.targets.items()}
    alike["superclass"][data.validation] = [1, 0, 0, 0, 0]
    nothing_left = {head: part & ~np.isin(np.arange(18), data.validation) for head, part in data.known.items()}
    assert data.can_stop
    config, seen = training_config_from({**TINY, "epochs": 3, "patience": 1}), []
    for name, blind in (("a", replace(data, targets=alike)), ("b", replace(data, known=nothing_left))):
        assert not blind.can_stop
        best = load_file(train_member(blind, config, 3, tmp_path / name, Watch(seen.append)))
        last = load_file(tmp_path / name / "epoch-0003.safetensors")
        assert all(torch.equal(best[key], last[f"averaged.module.{key}"]) for key in best)
    assert [(epoch.number, epoch.auroc, epoch.best) for epoch in seen] == [(n, None, True) for n in (1, 2, 3)] * 2
