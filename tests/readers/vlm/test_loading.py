"""Where a model's weights lie, what its manifest says of the machine, and what is made once with it."""

import json
import shutil
import weakref

import llguidance.hf
import pytest
import torch

from readers.registry import reader
from readers.vlm import loading, machine
from readers.vlm.generation import generate
from readers.vlm.loading import KEPT, load_vlm, weights
from readers.vlm.option import LoadOptions, VlmOptions
from readers.vlm.placement import check_adaptable, placement, refusal, weights_size
from readers.vlm.source import model_source
from taxonomy.error import ReaderError, SettingError, StopReading
from taxonomy.target import BINARY

SMALL = '{"cpu": "100KB"}'


def asked(folder, **options):
    return reader(f"hf:{folder}", {"max_tokens": "12", **options})


@pytest.fixture(scope="module")
def headless(gemma, tmp_path_factory):
    """The folder of a Gemma 3 as it is published: its encoder ends without the head that pools an image."""
    folder = tmp_path_factory.mktemp("headless") / "gemma"
    shutil.copytree(gemma, folder)
    data = json.loads((folder / "config.json").read_text())
    data["vision_config"]["vision_use_head"] = False
    (folder / "config.json").write_text(json.dumps(data))
    return folder


@pytest.mark.slow
def test_what_exceeds_the_memory_stays_on_disk_and_changes_no_answer(headless, cases):
    (case,) = cases(1, form=BINARY)
    room = weights_size(model_source(str(headless), LoadOptions()), LoadOptions()) * 9 // 10_000
    whole, parted = asked(headless), asked(headless, max_memory=f'{{"cpu": "{room}KB"}}')
    (expected,) = whole.read([case])
    assert not getattr(whole.loaded().model, "hf_device_map", {})
    (found,) = parted.read([case])
    vlm = parted.loaded()
    assert set(vlm.model.hf_device_map.values()) == {"cpu", "disk"}
    assert vlm.device == torch.device("cpu")
    assert found.raw == expected.raw
    for axis, chances in found.probabilities.items():
        assert chances == pytest.approx(expected.probabilities[axis], abs=1e-6)


def test_layers_that_cannot_be_kept_off_a_device_are_said(gemma, cases):
    with pytest.raises(StopReading, match=r"head\.attention computes only where they lie; give more memory"):
        list(asked(gemma, max_memory=SMALL).read(cases(1)))


def test_an_adapter_needs_its_whole_model_in_one_kind_of_memory(headless):
    source, options = model_source(str(headless), LoadOptions()), LoadOptions(max_memory=SMALL)
    check_adaptable(weights(source, LoadOptions()), "whole")
    with pytest.raises(ReaderError, match=r"needs all weights of 'parted' on GPUs"):
        check_adaptable(weights(source, options), "parted")


def test_a_model_is_let_go_of_before_the_next_is_loaded(gemma, monkeypatch):
    first = load_vlm(str(gemma), VlmOptions())
    assert load_vlm(str(gemma), VlmOptions()) is first
    before, there = weakref.ref(first.model), []
    del first

    def noted(*given):
        there.append(before() is not None)
        return weights(*given)

    monkeypatch.setattr(loading, "weights", noted)
    load_vlm(str(gemma), VlmOptions(max_tokens=7))
    assert there == [False]


def test_the_size_of_the_weights_is_known_before_they_are_read(gemma):
    source = model_source(str(gemma), LoadOptions())
    parameters = sum(part.numel() for part in load_vlm(str(gemma), VlmOptions()).model.parameters())
    assert weights_size(source, LoadOptions()) == 4 * parameters
    assert weights_size(source, LoadOptions(dtype="bfloat16")) == 2 * parameters
    assert parameters / 2 < weights_size(source, LoadOptions(quantization="4bit")) < parameters


def test_a_model_is_shared_only_where_it_is_asked_for_or_must_be(gemma):
    source = model_source(str(gemma), LoadOptions())
    assert placement(source, LoadOptions(device="cpu")) == {}
    shared = placement(source, LoadOptions(max_memory='{"0": "20GiB", "cpu": "1GB"}'))
    assert shared == {"device_map": "auto", "max_memory": {0: "20GiB", "cpu": "1GB"}}


def test_weights_that_fit_nowhere_are_said_with_what_to_turn(gemma):
    source = model_source(str(gemma), LoadOptions())
    one = str(refusal(source, LoadOptions(device="cuda:1"), {}))
    assert "memory of cuda:1" in one and "device=auto" in one and "quantization=4bit" in one
    every = str(refusal(source, LoadOptions(quantization="4bit"), {"device_map": "auto"}))
    assert "all devices together" in every and "4bit" not in every and "device=auto" not in every


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ('{"gpu": "20GiB"}', "'gpu'"),
        ('{"0": "plenty"}', "'plenty'"),
        ('{"0": 20}', "'20'"),
        ("20GiB", "option max_memory"),
    ],
)
def test_memory_that_is_none_is_refused(gemma, given, said):
    with pytest.raises(SettingError, match=said):
        asked(gemma, max_memory=given)


def test_a_chosen_device_and_memory_by_device_contradict_each_other(gemma):
    with pytest.raises(SettingError, match=r"leave out device = 'cpu'"):
        asked(gemma, device="cpu", max_memory=SMALL)


def test_a_device_that_is_not_there_is_said(gemma, cases):
    with pytest.raises(ReaderError, match=r"such as cuda:1 or cpu, not 'the big one'"):
        _ = asked(gemma, device="the big one").details
    with pytest.raises(StopReading, match=r"device = 'cuda:63' is not there: torch finds \d+ GPU"):
        list(asked(gemma, device="cuda:63").read(cases(1)))


def test_the_manifest_names_what_decides_an_answer(gemma):
    details = asked(gemma, device="cpu").details
    assert details["torch"] == torch.__version__
    assert (details["device_kind"], details["effective_dtype"], details["dtype"]) == ("cpu", "float32", "auto")
    assert {"transformers", "torchvision"} <= details.keys()
    assert not {"llguidance", "peft", "bitsandbytes"} & details.keys()
    assert asked(gemma, dtype="float16").details["effective_dtype"] == "float16"
    assert "llguidance" in asked(gemma, structured="schema").details
    assert asked(gemma, device="cuda:1").details["device_kind"] == "cuda"
    assert asked(gemma, device="cuda:1").details["effective_dtype"] == "bfloat16"
    assert details.keys() - asked(gemma).options.kept.keys() >= machine.MADE_WITH & details.keys()


def test_the_constraint_has_its_tokenizer_made_once(gemma, cases, monkeypatch):
    made, make = [], llguidance.hf.from_tokenizer
    monkeypatch.setattr(llguidance.hf, "from_tokenizer", lambda *a, **k: made.append(k) or make(*a, **k))
    KEPT.let_go()
    vlm = asked(gemma, structured="schema").loaded()
    some = cases(1, form=BINARY)
    for _ in range(2):
        generate(vlm, vlm.chat.encode(some), [case.prompt.schema for case in some], 0)
    assert len(made) == 1
