"""Checkpoints that a crash or a disk has damaged: set aside, said, and gone on from the one before."""

import json

import pytest
import torch
from safetensors.torch import save_file

from bench.dataset import open_dataset
from bench.finetune.checkpoint import last_checkpoint, set_damaged_aside
from bench.finetune.finetuning import finetune
from bench.progress import Observer
from bench.storage import held
from tests.command import bench, is_one_sentence

from .test_finetuning import settings


def write_checkpoint(out, step, best=None):
    folder = out / "checkpoints" / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    state = {"global_step": step, "log_history": [{"loss": float("nan")}]}
    state["best_model_checkpoint"] = str(out / "elsewhere" / f"checkpoint-{best or step}")
    save_file({"a": torch.zeros(3)}, folder / "adapter_model.safetensors")
    torch.save({"state": {0: torch.ones(5)}}, folder / "optimizer.pt")
    torch.save({"cpu": torch.ones(5)}, folder / "rng_state.pth")
    (folder / "trainer_state.json").write_text(json.dumps(state))
    return folder


@pytest.fixture
def out(tmp_path):
    write_checkpoint(tmp_path, 3)
    write_checkpoint(tmp_path, 12)
    return tmp_path


def test_whole_checkpoints_are_left_alone(out):
    said: list[str] = []
    set_damaged_aside(out, said.append)
    assert not said and last_checkpoint(out).name == "checkpoint-12"


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 100_000, '{"global_step": "x"}', '{"global_step": 12}'])
def test_a_damaged_state_is_set_aside(out, text):
    said: list[str] = []
    (out / "checkpoints" / "checkpoint-12" / "trainer_state.json").write_text(text)
    set_damaged_aside(out, said.append)
    assert len(said) == 1 and "set aside, the fine-tuning goes on from checkpoint-3" in said[0]
    assert (out / "checkpoints" / "damaged-checkpoint-12").is_dir() and last_checkpoint(out).name == "checkpoint-3"


@pytest.mark.parametrize("name", ["adapter_model.safetensors", "optimizer.pt", "rng_state.pth"])
@pytest.mark.parametrize("how", ["gone", "empty", "truncated"])
def test_damaged_tensors_are_set_aside(out, name, how):
    path, said = out / "checkpoints" / "checkpoint-12" / name, list[str]()
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(b"" if how == "empty" else path.read_bytes()[:-100])
    set_damaged_aside(out, said.append)
    if (name, how) == ("rng_state.pth", "gone"):
        assert not said, "a launch on several devices has one for each of them"
    else:
        assert len(said) == 1 and "goes on from checkpoint-3" in said[0] and "\n" not in said[0]


def test_a_bit_that_fell_over_in_the_optimizer_is_found(out):
    path, said = out / "checkpoints" / "checkpoint-12" / "optimizer.pt", list[str]()
    content = bytearray(path.read_bytes())
    content[content.index(torch.ones(5).numpy().tobytes())] ^= 1
    path.write_bytes(content)
    set_damaged_aside(out, said.append)
    assert len(said) == 1


def test_a_checkpoint_whose_best_one_is_damaged_goes_with_it(tmp_path):
    said: list[str] = []
    write_checkpoint(tmp_path, 3)
    write_checkpoint(tmp_path, 6, best=3)
    (tmp_path / "checkpoints" / "checkpoint-3" / "optimizer.pt").write_bytes(b"")
    set_damaged_aside(tmp_path, said.append)
    assert len(said) == 2 and "its best checkpoint, checkpoint-3, is not whole" in said[0]
    assert said[1].endswith("begins again") and last_checkpoint(tmp_path) is None


@pytest.mark.slow
def test_a_fine_tuning_goes_on_behind_a_damaged_checkpoint_and_tells_loss_and_time(gemma, tmp_path, monkeypatch):
    from bench.finetune import trainer

    class Killed(BaseException):
        pass

    steps = trainer.ScoredTrainer.training_step

    def dying(self, *args, **kwargs):
        if self.state.global_step >= 7:
            raise Killed
        return steps(self, *args, **kwargs)

    out, said = tmp_path / "mine", list[str]()
    monkeypatch.setattr(trainer.ScoredTrainer, "training_step", dying)
    with pytest.raises(Killed):
        finetune(settings(gemma), open_dataset("phantoms:1,66"), out, Observer(say=said.append))
    monkeypatch.undo()
    told = [line for line in said if line.startswith("step ") and "left" in line]
    assert told and all("  loss " in line and "at most 0:" in line for line in told)
    last = last_checkpoint(out)
    (last / "optimizer.pt").write_bytes(b"")
    said.clear()
    finetune(settings(gemma), open_dataset("phantoms:1,66"), out, Observer(say=said.append))
    assert any(f"{last.name} is damaged" in line for line in said)
    assert (out / "manifest.json").is_file()


def test_a_second_fine_tuning_in_a_folder_is_refused(gemma, tmp_path):
    with held(tmp_path / "mine"):
        done = bench("finetune", "--model", gemma, "--out", "mine", cwd=tmp_path)
    assert is_one_sentence(done, "another run is writing to mine")


def test_an_output_that_cannot_be_written_is_one_sentence(gemma, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere" / "at-all")
    for out in ("file", "link", "/proc/mine"):
        assert is_one_sentence(bench("finetune", "--model", gemma, "--out", out, cwd=tmp_path), "cannot be written")
