"""Weights and checkpoints of resnet1d that are forged or damaged."""

import json
import os
import re
import time

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from readers.resnet1d.config import training_config_from
from readers.resnet1d.network import EcgResNet
from readers.resnet1d.training import Watch, train_member
from readers.resnet1d.weights import Description, load_weights, save_weights
from readers.training_target import training_heads
from taxonomy.error import ReaderError
from tests.command import bench, is_one_sentence
from tests.training_noise import training_noise

TINY = training_config_from({"seeds": [3], "channels": [8, 8], "blocks": 1, "epochs": 3, "batch": 16, "patience": 0})
DEEP = '{"a":' * 100_000 + "1" + "}" * 100_000


@pytest.fixture
def weights(tmp_path):
    member = tmp_path / "best.safetensors"
    save_file(EcgResNet(TINY, training_heads()).state_dict(), member)
    path = tmp_path / "weights.safetensors"
    save_weights(path, [member], Description(TINY, {"dataset": "a test", "folds": "1-8"}))
    return path


def header_of(path):
    with safe_open(path, framework="pt") as archive:
        return archive.metadata()


def config(**changes):
    return {"config": json.dumps(TINY.to_json() | changes)}


@pytest.mark.slow
@pytest.mark.parametrize(
    "forged",
    [
        {"config": None}, {"heads": None}, {"members": None}, {"training": None}, {"preprocessing": None},
        {"config": "[]"}, {"config": "{"}, {"config": DEEP}, config(dropout=float("nan")), config(kernel="wide"),
        config(blocks=10**6), config(channels=[8] * 10**5), config(channels=[10**12, 8]), config(kernel=10**9),
        config(channels=[4096] * 16, blocks=64), config(seeds=[0] * 10**6),
        {"heads": "7"}, {"heads": DEEP}, {"heads": '{"rhythm": 1e999}'}, {"heads": '{"rhythm": [1, 2]}'},
        {"members": "many"}, {"members": "-1"}, {"members": "0"}, {"members": "1000000"}, {"members": "2"},
        {"training": "[1]"}, {"training": DEEP}, {"preprocessing": DEEP},
    ],
    ids=lambda forged: ",".join(f"{name}={str(value)[:30]}" for name, value in forged.items()),
)  # fmt: skip
def test_a_forged_header_is_one_sentence_in_seconds(weights, tmp_path, forged):
    header = {name: value for name, value in (header_of(weights) | forged).items() if value is not None}
    save_file(load_file(weights), weights, metadata=header)
    begun = time.monotonic()
    with pytest.raises(ReaderError, match=str(weights)) as error:
        load_weights(weights)
    assert time.monotonic() - begun < 20
    assert "\n" not in str(error.value) and len(str(error.value)) < 1000


@pytest.mark.parametrize(
    ("how", "said"),
    [("missing", "does not fit"), ("shape", "does not fit"), ("extra", "holds a tensor of no member: 'extra'"),
     ("nan", "not finite"), ("type", "does not fit|not finite|damaged|member"), ("folder", "damaged or not")],
)  # fmt: skip
def test_forged_tensors_are_one_sentence(weights, how, said):
    header, tensors = header_of(weights), load_file(weights)
    first = min(tensors)
    if how == "missing":
        del tensors[first]
    elif how == "shape":
        tensors[first] = torch.zeros(3, 5)
    elif how == "extra":
        tensors["extra"] = torch.zeros(3)
    elif how == "nan":
        tensors[first] = torch.full_like(tensors[first], float("nan"))
    elif how == "type":
        tensors = {name: value.to(torch.complex64) for name, value in tensors.items()}
    weights.unlink()
    if how == "folder":
        weights.mkdir()
    else:
        save_file(tensors, weights, metadata=header)
    with pytest.raises(ReaderError, match=said) as error:
        load_weights(weights)
    assert "\n" not in str(error.value)


@pytest.fixture(scope="module")
def noise():
    """A training set of noise: what is learned does not matter here."""
    return training_noise(32, 16)


@pytest.fixture(scope="module")
def trained(noise, tmp_path_factory):
    """The folder and the weights of a training that nothing disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    return folder, load_file(train_member(noise, TINY, 3, folder, Watch()))


def copied(folder, target):
    target.mkdir()
    for path in folder.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    return target


def damage(path, how):
    whole = path.read_bytes()
    if how == "empty":
        path.write_bytes(b"")
    elif how == "truncated":
        path.write_bytes(whole[: len(whole) // 2])
    elif how == "header":
        path.write_bytes(b"\xff" * 8 + whole[8:])
    elif how == "state":
        save_file(load_file(path), path, metadata={"state": DEEP})
    elif how == "type":
        save_file(load_file(path), path, metadata={"state": '{"epoch": "two"}'})
    elif how == "optimizer":
        save_file({n: v for n, v in load_file(path).items() if "exp_avg" not in n}, path, metadata=header_of(path))
    elif how == "shape":
        save_file(load_file(path) | {"model.heads.bias": torch.zeros(2)}, path, metadata=header_of(path))


@pytest.mark.slow
@pytest.mark.parametrize("how", ["empty", "truncated", "header", "state", "type", "optimizer", "shape"])
def test_a_damaged_checkpoint_is_set_aside_and_the_one_before_goes_on_to_the_same_weights(
    noise, trained, tmp_path, how
):
    whole, expected = trained
    folder, said, epochs = copied(whole, tmp_path / "member"), [], []
    damage(folder / "epoch-0003.safetensors", how)
    found = load_file(train_member(noise, TINY, 3, folder, Watch(epochs.append, say=said.append)))
    assert len(said) == 1 and "set aside, the training goes on from the checkpoint before" in said[0]
    assert [epoch.number for epoch in epochs] == [3]
    assert (folder / "epoch-0003.safetensors.damaged").is_file()
    assert all(torch.equal(expected[name], found[name]) for name in expected)


@pytest.mark.slow
@pytest.mark.parametrize("names", [["best"], ["epoch-0002", "epoch-0003"]])
def test_where_no_whole_checkpoint_is_left_the_training_begins_again_and_says_so(noise, trained, tmp_path, names):
    whole, expected = trained
    folder, said, epochs = copied(whole, tmp_path / "member"), [], []
    for name in names:
        damage(folder / f"{name}.safetensors", "truncated")
    found = load_file(train_member(noise, TINY, 3, folder, Watch(epochs.append, say=said.append)))
    assert "set aside, the training begins again" in said[-1]
    assert [epoch.number for epoch in epochs] == [1, 2, 3]
    assert all(torch.equal(expected[name], found[name]) for name in expected)


def settings(folder, **changes):
    text = {"seeds": "[3]", "channels": "[8, 8]", "blocks": "1", "epochs": "1", **changes}
    (folder / "tiny.toml").write_text("".join(f"{name} = {value}\n" for name, value in text.items()))


def training(folder, *words):
    cache = str(folder / "cache")
    return bench("train", "resnet1d", "--config", "tiny.toml", *words, cwd=folder, ECG_BENCH_CACHE=cache)


@pytest.mark.slow
def test_a_folder_of_another_training_is_refused_with_what_differs(tmp_path):
    settings(tmp_path)
    done = training(tmp_path)
    assert done.returncode == 0, done.stderr
    settings(tmp_path, dropout="0.5")
    assert is_one_sentence(training(tmp_path), "holds another training (dropout is 0.3, not 0.5); name another --out")
    settings(tmp_path)
    assert is_one_sentence(training(tmp_path, "--data", "phantoms:2,66"), "holds another training (dataset is ")
    settings(tmp_path, epochs="2", seeds="[3, 4]")
    assert is_one_sentence(training(tmp_path, "--member", "4"), "(epochs is 1, not 2)")
    settings(tmp_path, seeds="[3, 4]")
    done = training(tmp_path, "--member", "4")
    assert done.returncode == 0 and "weights of 2 members" in done.stdout
    (tmp_path / "training" / "training.json").unlink()
    assert is_one_sentence(training(tmp_path), "holds checkpoints but no training.json")


@pytest.mark.slow
def test_a_training_says_how_long_it_takes_yet(tmp_path):
    settings(tmp_path, epochs="2")
    said = training(tmp_path).stdout.splitlines()
    (first,) = [line for line in said if line.startswith("epoch   1/2")]
    (last,) = [line for line in said if line.startswith("epoch   2/2")]
    assert re.search(r"loss \d.*at most 0:\d\d:\d\d left$", first) and "left" not in last


def test_a_second_training_of_a_member_is_refused_at_once(tmp_path):
    from bench.storage import held

    settings(tmp_path)
    with held(tmp_path / "training" / "member-3"):
        assert is_one_sentence(training(tmp_path), "another run is writing to training/member-3")


def test_an_output_that_cannot_be_written_is_one_sentence(tmp_path):
    settings(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere" / "at-all")
    for out in ("file", "link", "/proc/training"):
        assert is_one_sentence(training(tmp_path, "--out", out), "cannot be written"), out


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_an_output_that_is_read_only_is_one_sentence(tmp_path):
    settings(tmp_path)
    (tmp_path / "locked").mkdir(mode=0o555)
    assert is_one_sentence(training(tmp_path, "--out", "locked"), "cannot be written")
