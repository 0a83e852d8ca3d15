"""Training of resnet1d: its order, precision, processes, interruptions and checkpoints."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from readers.resnet1d.checkpoint import Checkpoint, Trained, load_checkpoint, save_checkpoint
from readers.resnet1d.config import training_config_from
from readers.resnet1d.launch import launched, precision_of
from readers.resnet1d.loader import Order, Rows, _loading, derived_seed
from readers.resnet1d.network import EcgResNet
from readers.resnet1d.training import Training, Watch, train_member
from readers.training_target import training_heads
from taxonomy.error import SettingError
from tests.command import bench, is_one_sentence
from tests.training_noise import training_noise

SETTINGS = {"seeds": [3], "channels": [8, 8], "blocks": 1, "epochs": 3, "batch": 16, "patience": 0}
TINY = training_config_from(SETTINGS)
CUDA = torch.device("cuda")


@pytest.fixture(scope="module")
def noise():
    """A training set of noise, 40 records to train on and 16 to stop on: batches of 16, 16 and 8."""
    return training_noise(40, 16)


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_every_record_comes_once_an_epoch_in_an_order_of_its_own():
    order = Order(50, 3)
    seen = []
    for epoch in (1, 2, 1):
        order.set_epoch(epoch)
        seen.append(list(order))
    assert all(sorted(places) == list(range(50)) for places in seen)
    assert seen[0] == seen[2] != seen[1]
    assert list(Order(50, 4)) != list(Order(50, 3))


def test_every_use_epoch_and_process_has_randomness_of_its_own():
    cases = [(3, 1, "order", 0), (4, 1, "order", 0), (3, 2, "order", 0), (3, 1, "dropout", 0), (3, 1, "order", 1)]
    assert len({derived_seed(*case) for case in cases}) == len(cases)
    assert derived_seed(-3, 1, "order") == derived_seed(-3, 1, "order") >= 0


def test_a_batch_holds_copies_of_its_rows_alone(noise, tmp_path):
    np.save(tmp_path / "signals.npy", noise.signal)
    mapped = np.load(tmp_path / "signals.npy", mmap_mode="r")
    data = replace(noise, signal=mapped)
    batch = Rows(data, data.validation).__getitems__([3, 0])
    assert batch.rows.tolist() == [43, 40]
    assert torch.equal(batch.leads, torch.from_numpy(noise.signal[[43, 40]]))
    assert torch.equal(batch.side, torch.from_numpy(noise.side[[43, 40]]))
    batch.leads.zero_()
    assert data.signal[43].any()


@pytest.mark.parametrize(
    ("asked", "device", "has_bf16", "found"),
    [("auto", "cpu", False, "no"), ("auto", "cuda", True, "bf16"), ("auto", "cuda", False, "fp16"),
     ("bf16", "cpu", False, "bf16"), ("fp16", "cuda", True, "fp16"), ("no", "cuda", True, "no")],
)  # fmt: skip
def test_the_precision_is_what_the_device_has(monkeypatch, asked, device, has_bf16, found):
    monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda including_emulation: has_bf16)
    assert precision_of(asked, torch.device(device)) == found


def test_a_precision_that_the_device_lacks_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda including_emulation: False)
    with pytest.raises(SettingError, match="mixed_precision = 'bf16' is not what this GPU has"):
        precision_of("bf16", CUDA)
    if not torch.cuda.is_available():
        done = bench("train", "resnet1d", "--mixed-precision", "fp16", cwd=tmp_path)
        assert is_one_sentence(done, "mixed_precision = 'fp16' needs a GPU, and there is none")


def test_a_missing_accelerate_is_said_with_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "accelerate", None)
    done = bench("train", "resnet1d", cwd=tmp_path)
    assert is_one_sentence(
        done, "needs the extra 'train' (accelerate is missing): pip install 'ecg-reading-bench[train]'"
    )
    assert not (tmp_path / "training").exists()


def test_a_batch_that_processes_cannot_share_is_refused(monkeypatch):
    three = SimpleNamespace(num_processes=3, device=torch.device("cpu"))
    monkeypatch.setattr("accelerate.PartialState", lambda **how: three)
    with pytest.raises(SettingError, match="batch = 16 is not a multiple of 3 processes"):
        launched(TINY)


def test_the_scale_of_an_fp16_training_is_kept(tmp_path):
    def trained():
        network = EcgResNet(TINY, training_heads())
        averaged = torch.optim.swa_utils.AveragedModel(network)
        optimizer = torch.optim.AdamW(network.parameters())
        optimizer.zero_grad()
        network(torch.zeros(2, 12, 1000)).sum().backward()
        optimizer.step()
        return Trained(network, averaged, optimizer, torch.amp.GradScaler("cpu", init_scale=8.0))

    before, after = trained(), trained()
    before.scaler.load_state_dict({**before.scaler.state_dict(), "scale": 1024.0, "_growth_tracker": 7})
    save_checkpoint(tmp_path, before, Checkpoint(1, 0.5, 1))
    assert load_checkpoint(tmp_path, after, pytest.fail) == Checkpoint(1, 0.5, 1)
    found = after.scaler.state_dict()
    assert (found["scale"], found["_growth_tracker"]) == (1024.0, 7)


REGULARISED = {
    "channels": [8, 8, 8], "reduction": 2, "layer_pooling": True, "block_dropout": 0.2, "mixstyle": 0.5,
    "mixstyle_between": "domains", "label_smoothing": 0.1, "lead_loss": 0.5, "lead_loss_records": 1.0,
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"mixed_precision": "no"},
        {"mixed_precision": "bf16"},
        REGULARISED,
        {**REGULARISED, "mixstyle_between": "records"},
    ],
    ids=["float32", "bf16", "regularised", "records"],
)
def test_the_same_seed_gives_the_same_weights_whole_or_resumed(noise, tmp_path, changes):
    class Killed(BaseException):
        pass

    def kill(epoch):
        if epoch.number == 2:
            raise Killed

    noise = replace(noise, domain=np.arange(56) % 3)
    config = training_config_from({**SETTINGS, **changes})
    whole, again = (load_file(train_member(noise, config, 3, tmp_path / name, Watch())) for name in "ab")
    assert same(whole, again)
    with pytest.raises(Killed):
        train_member(noise, config, 3, tmp_path / "c", Watch(kill))
    assert same(whole, load_file(train_member(noise, config, 3, tmp_path / "c", Watch())))
    assert not same(whole, load_file(train_member(noise, config, 4, tmp_path / "d", Watch())))


@pytest.mark.slow
def test_a_training_that_comes_apart_is_one_sentence_and_leaves_no_weights(noise, tmp_path):
    heavy = replace(noise, weight=np.full_like(noise.weight, np.inf))
    with pytest.raises(SettingError, match="seed 0 came apart in epoch 1"):
        train_member(heavy, TINY, 0, tmp_path, Watch())
    assert not list(tmp_path.rglob("*.safetensors"))


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(REGULARISED))
def test_every_setting_reaches_the_training(noise, tmp_path, name):
    """Without it the weights are others; ``noise`` has two domains, one of them of a single record."""
    noise = replace(noise, domain=(np.arange(56) == 3).astype(np.int64))
    always = {**REGULARISED, "mixstyle": 1.0, "epochs": 1}
    left = {key: value for key, value in always.items() if key != name}
    with_it, without = (
        load_file(train_member(noise, training_config_from({**SETTINGS, **one}), 3, tmp_path / str(number), Watch()))
        for number, one in enumerate((always, left))
    )
    assert not same(with_it, without)


@pytest.mark.slow
def test_the_precision_reaches_the_steps(noise, tmp_path):
    single, half = (
        load_file(
            train_member(
                noise, training_config_from({**SETTINGS, "mixed_precision": name}), 3, tmp_path / name, Watch()
            )
        )
        for name in ("no", "bf16")
    )
    assert not same(single, half)
    assert all(half[name].dtype == single[name].dtype for name in single)


@pytest.mark.slow
def test_the_validation_reads_every_labelled_record_once(noise):
    known = {**noise.known, "superclass": np.arange(56) % 3 > 0}
    data = replace(noise, known=known)
    training = Training(data, TINY, 0, lambda done, total: None)
    rows = [row for batch in training.validation for row in batch.rows.tolist()]
    assert rows == [row for row in range(40, 56) if row % 3]
    assert 0 <= training.auroc() <= 1


@pytest.mark.slow
def test_batches_gathered_by_other_processes_are_the_same(noise, tmp_path, monkeypatch):
    """As for a GPU, but for the pinned memory, which needs one."""
    whole = load_file(train_member(noise, TINY, 3, tmp_path / "a", Watch()))
    loading = {name: value for name, value in _loading(CUDA).items() if name != "pin_memory"}
    assert loading["num_workers"] > 0
    monkeypatch.setattr("readers.resnet1d.loader._loading", lambda device: loading)
    assert same(whole, load_file(train_member(noise, TINY, 3, tmp_path / "b", Watch())))


@pytest.mark.slow
def test_an_epoch_tells_its_speed_and_its_waiting(noise, tmp_path):
    seen = []
    train_member(noise, TINY, 3, tmp_path, Watch(seen.append))
    assert all(epoch.run.rate > 0 and 0 <= epoch.run.waiting < 1 for epoch in seen)


def settings(folder, **changes):
    text = {"seeds": "[3]", "channels": "[8, 8]", "blocks": "1", "epochs": "3", "batch": "16", **changes}
    (folder / "tiny.toml").write_text("".join(f"{name} = {value}\n" for name, value in text.items()))


def command(folder, *launch, out="training", **env):
    words = ["bench", "train", "resnet1d", "--data", "phantoms:1,12"]
    words += ["--config", str(folder / "tiny.toml"), "--out", str(folder / out)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "ECG_BENCH_CACHE": str(folder / "cache"), **env}
    return {"args": [sys.executable, "-m", *launch, *words], "env": environment, "text": True}


@pytest.mark.slow
def test_ctrl_c_keeps_the_checkpoints_and_the_same_command_resumes(tmp_path):
    settings(tmp_path, epochs="6")
    whole = subprocess.run(**command(tmp_path, out="whole"), capture_output=True)
    assert whole.returncode == 0, whole.stderr
    with subprocess.Popen(
        **command(tmp_path, PYTHONUNBUFFERED="1"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as training:
        while not (line := training.stdout.readline()).startswith("epoch   2"):
            assert line
        training.send_signal(signal.SIGINT)
        _, said = training.communicate()
    assert training.returncode == 130
    assert said.strip() == "Stopped. What was finished is kept; the same command resumes."
    assert not (tmp_path / "training" / "weights.safetensors").exists()
    resumed = subprocess.run(**command(tmp_path), capture_output=True)
    assert resumed.returncode == 0, resumed.stderr
    assert "epoch   2/6" not in resumed.stdout and "epoch   6/6" in resumed.stdout
    assert same(*(load_file(tmp_path / name / "weights.safetensors") for name in ("whole", "training")))


TWICE = ("accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1",
         "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0", "-m")  # fmt: skip
"""Two processes, on processors by ACCELERATE_USE_CPU: ``--cpu`` starts a single one, whatever number is asked for."""


@pytest.mark.slow
def test_two_processes_share_the_steps_and_resume_to_the_same_weights(tmp_path):
    settings(tmp_path, epochs="2")
    with (tmp_path / "tiny.toml").open("a") as more:
        more.write('[phantoms]\nseed = 5\nstatements = ["AFLT"]\neach = 3\nothers = 2\n')
    told = command(tmp_path, *TWICE, ACCELERATE_USE_CPU="true")

    def trained():
        done = subprocess.run(**told, capture_output=True, timeout=300)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout.splitlines(), load_file(tmp_path / "training" / "weights.safetensors")

    said, whole = trained()
    assert said[:3] == [
        "2 processes on cpu, precision float32",
        "96 records to train on, 12 to stop on",
        "5 phantoms to train on beside them",
    ]
    assert [line[:11] for line in said if line.startswith("epoch")] == ["epoch   1/2", "epoch   2/2"]
    member = tmp_path / "training" / "member-3"
    assert len((member / "epochs.jsonl").read_text().splitlines()) == 2
    assert not list((tmp_path / "training").glob("*.npy"))
    for name in ("epoch-0002.safetensors", "finished"):
        (member / name).unlink()
    said, resumed = trained()
    assert [line[:11] for line in said if line.startswith("epoch")] == ["epoch   2/2"]
    assert same(whole, resumed)
    alone = subprocess.run(**command(tmp_path, out="alone"), capture_output=True)
    assert alone.stdout.startswith("1 process on cpu, precision float32\n")
    assert not same(whole, load_file(tmp_path / "alone" / "weights.safetensors"))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_trains_in_half_precision_and_does_not_wait(noise, tmp_path):
    seen = []
    begun = time.monotonic()
    config = training_config_from({**SETTINGS, "epochs": 20})
    best = train_member(noise, config, 3, tmp_path, Watch(seen.append))
    training = Training(noise, config, 3, lambda done, total: None)
    assert training.accelerator.device.type == "cuda" and training.accelerator.mixed_precision in {"bf16", "fp16"}
    assert len(seen) == 20 and time.monotonic() - begun < 60
    assert seen[-1].loss < seen[0].loss
    assert all(torch.isfinite(value).all() for value in load_file(best).values() if value.is_floating_point())
