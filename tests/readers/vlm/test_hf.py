"""The hf reader on a tiny Gemma 3 of real classes: what is asked, what is read, how likely each value is."""

import json
import shutil

import pytest
import torch
from transformers import AutoModelForImageTextToText

from readers.contract_suite import check_reader
from readers.registry import reader
from readers.vlm.chat import Chat
from readers.vlm.likelihood import value_probabilities
from readers.vlm.source import model_source
from taxonomy.axis import AXES, axis_named
from taxonomy.error import ReaderError, StopReading
from taxonomy.parsing import parse
from taxonomy.reading import SUPERCLASS, Reading
from taxonomy.statement import superclass_of
from taxonomy.target import BINARY, DENSE, FLAT, FORMATS, SPARSE
from taxonomy.writing import written


def asked(folder, **options):
    return reader(f"hf:{folder}", {"max_tokens": "400", **{name: str(value) for name, value in options.items()}})


@pytest.fixture(scope="module")
def vlm(gemma):
    return asked(gemma).loaded()


@pytest.mark.slow
def test_it_keeps_the_contract(gemma, cases):
    checks = check_reader(asked(gemma, structured="schema"), cases(3, form=BINARY))
    assert [check for check in checks if check.problem] == []


@pytest.mark.slow
def test_answers_come_in_order_whatever_the_batch(gemma, cases):
    """Batches are filled up on the left, so a case's answer must not depend on its neighbours."""
    some = cases(3)
    together = list(asked(gemma, batch=3, max_tokens=24).read(some))
    alone = [next(iter(asked(gemma, batch=1, max_tokens=24).read([case]))) for case in some]
    assert [reading.raw for reading in together] == [reading.raw for reading in alone]
    for one, other in zip(together, alone, strict=True):
        for axis, chances in one.probabilities.items():
            assert chances == pytest.approx(other.probabilities[axis], abs=1e-4)


@pytest.mark.slow
def test_an_answer_within_the_schema_is_always_read(gemma, cases):
    """Free text of an untrained model is no answer; held to the schema, only its reading can be wrong."""
    (case,) = cases(1, form=SPARSE)
    free = next(iter(asked(gemma, max_tokens=60).read([case])))
    held = next(iter(asked(gemma, structured="schema", max_tokens=2000).read([case])))
    assert free.error is not None
    assert held.error is None and not held.problems and len(held.values) == len(AXES)
    assert json.loads(held.raw or "").keys() == case.prompt.schema["properties"].keys()


@pytest.mark.parametrize("form", [FLAT, BINARY], ids=lambda form: form.name)
def test_only_what_is_asked_for_is_answered(gemma, cases, form):
    (reading,) = asked(gemma, structured="schema", max_tokens=2000).read(cases(1, form=form))
    assert reading.values.keys() == set(form.axes)
    assert reading.probabilities.keys() - {SUPERCLASS} == set(form.axes)


@pytest.mark.slow
def test_twelve_images_go_into_one_prompt(gemma, cases):
    page, leads = cases(1), cases(1, renderer="leads")
    one, twelve = (next(iter(asked(gemma, max_tokens=4).read(part))) for part in (page, leads))
    assert twelve.usage.input_tokens - one.usage.input_tokens > 11 * 4
    chat = Chat.of(asked(gemma).loaded().chat.processor, asked(gemma).options)
    assert len(chat.encode(leads).tensors["pixel_values"]) == 12


@pytest.mark.slow
def test_examples_stand_before_the_question_each_with_its_page(gemma, cases):
    (plain,), (few,) = cases(1), cases(1, shots=2)
    chat = asked(gemma).loaded().chat
    one, three = chat.encode([plain]), chat.encode([few])
    assert (len(one.tensors["pixel_values"]), len(three.tensors["pixel_values"])) == (1, 3)
    text = chat.processor.tokenizer.decode(three.tensors["input_ids"][0])
    places = [text.index(shot.answer[:40]) for shot in few.shots]
    assert places == sorted(places) and places[-1] < text.rindex("Read this ECG.")
    assert three.tokens[0] > 2 * (one.tokens[0] - len(few.prompt.system))
    (reading,) = asked(gemma, max_tokens=4).read([few])
    assert reading.usage.input_tokens == three.tokens[0]


def test_the_resolution_that_the_model_sees_is_reported(gemma, cases):
    (case,) = cases(1, px_per_mm=6)
    width, height = case.images[0].size
    (reading,) = asked(gemma, max_tokens=4).read([case])
    assert reading.usage.cost == 0
    assert reading.usage.px_per_mm == pytest.approx(6 * min(64 / width, 64 / height), abs=0.01)


def test_images_are_scaled_down_to_what_is_asked_for(gemma, cases):
    (case,) = cases(1)
    chat = Chat.of(asked(gemma).loaded().chat.processor, asked(gemma, max_pixels=2000).options)
    image = chat._scaled(case.images[0])
    width, height = case.images[0].size
    assert image.size[0] * image.size[1] <= 2000
    assert image.size[0] / image.size[1] == pytest.approx(width / height, rel=0.05)


def brute_force(gemma, chat, case, text):
    """Return the log-probability of each token of a text behind a prompt, in one pass without a cache."""
    model = AutoModelForImageTextToText.from_pretrained(gemma).eval()
    prompt = chat.encode([case]).tensors
    ids = torch.tensor([chat.answer(text, ends=False).ids])
    more = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "token_type_ids": torch.zeros_like(ids)}
    whole = {name: torch.cat([prompt[name], value], dim=1) for name, value in more.items()}
    with torch.inference_mode():
        logits = model(**whole, pixel_values=prompt["pixel_values"]).logits[0]
    start = prompt["input_ids"].shape[1]
    chances = logits[start - 1 : -1].log_softmax(dim=-1)
    return chances.gather(1, ids[0][:, None])[:, 0]


@pytest.mark.slow
def test_probabilities_are_those_of_the_whole_text(gemma, vlm, cases):
    """The cache, the filling and the common beginning change nothing: a plain pass over prompt and answer agrees."""
    some = cases(2)
    own = parse('{"rate": "tachycardia", "rhythm": "atrial_fibrillation"}')
    found = value_probabilities(vlm, vlm.chat.encode(some), [own, Reading()], DENSE)[0]
    before = {"rate": "tachycardia", "rhythm": "atrial_fibrillation"}
    texts = {value: written({**before, "axis": value}).until("axis") for value in axis_named("axis").values}
    scores = torch.stack([brute_force(gemma, vlm.chat, some[0], text).sum() for text in texts.values()])
    assert list(found["axis"].values()) == pytest.approx(scores.softmax(dim=0).tolist(), abs=1e-4)


def test_in_a_sparse_answer_the_normal_value_is_what_is_left(gemma, vlm, cases):
    some = cases(1, form=SPARSE)
    found = value_probabilities(vlm, vlm.chat.encode(some), [Reading()], SPARSE)[0]
    texts = {value: written({"rate": value}, SPARSE).until("rate") for value in ("bradycardia", "tachycardia")}
    abnormal = {value: brute_force(gemma, vlm.chat, some[0], text).sum().exp() for value, text in texts.items()}
    total = float(sum(abnormal.values()))
    assert found["rate"]["normal"] == pytest.approx(1 - total, abs=1e-4)
    assert found["rate"]["bradycardia"] == pytest.approx(float(abnormal["bradycardia"]), abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
def test_every_axis_of_the_format_has_probabilities(vlm, cases, form):
    found = value_probabilities(vlm, vlm.chat.encode(cases(2, form=form)), [Reading(), Reading()], form)[1]
    for axis in map(axis_named, form.axes):
        assert found[axis.name].keys() == set(axis.values)
        if not axis.is_set:
            assert sum(found[axis.name].values()) == pytest.approx(1, abs=1e-4)
    if SUPERCLASS in found:
        mi = sum(chance for code, chance in found["diagnosis"].items() if superclass_of(code) == "MI")
        assert found[SUPERCLASS]["MI"] == pytest.approx(mi, abs=1e-4)


@pytest.mark.slow
def test_sampling_follows_its_seed(gemma, cases):
    some = cases(2)

    def texts(**options):
        return [r.raw for r in asked(gemma, max_tokens=12, probabilities="off", **options).read(some)]

    warm = texts(temperature=1, seed=1)
    assert warm == texts(temperature=1, seed=1)
    assert warm != texts(temperature=1, seed=2)
    assert texts() == texts(seed=2)


# --- bad input -------------------------------------------------------------------------------------------------------


def test_a_model_without_images_is_refused(tmp_path):
    from transformers import LlamaConfig

    LlamaConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=1, vocab_size=8).save_pretrained(tmp_path)
    with pytest.raises(ReaderError, match="not an image-text-to-text model"):
        asked(tmp_path)


def test_a_folder_without_a_processor_is_refused(gemma, tmp_path):
    for name in ("config.json", "model.safetensors"):
        shutil.copy(gemma / name, tmp_path)
    with pytest.raises(ReaderError, match=r"no (usable )?processor"):
        asked(tmp_path)


def test_code_of_a_models_author_is_refused_unless_it_is_named(gemma, tmp_path):
    folder = tmp_path / "own"
    shutil.copytree(gemma, folder)
    data = json.loads((folder / "config.json").read_text())
    proof = tmp_path / "it-ran"
    (folder / "own.py").write_text(f"import pathlib\npathlib.Path({str(proof)!r}).touch()\nclass Own: pass\n")
    data |= {"model_type": "own", "auto_map": {"AutoConfig": "own.Own"}}
    (folder / "config.json").write_text(json.dumps(data))
    with pytest.raises(ReaderError, match="needs its own code, which runs only with"):
        asked(folder)
    with pytest.raises(ReaderError, match="its own code"):
        asked(folder, remote_code="another/model")
    assert not proof.exists()


def test_pickled_weights_are_refused(gemma, tmp_path):
    folder = tmp_path / "pickled"
    shutil.copytree(gemma, folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ReaderError, match="pickled weights are not read"):
        asked(folder)


@pytest.mark.parametrize(
    ("name", "said"),
    [("./nowhere", "does not exist"), ("nobody/no-such-model", "cannot be found or read"), ("", "needs a model")],
)
def test_a_model_that_is_not_there_is_said(name, said):
    with pytest.raises(ReaderError, match=said):
        reader(f"hf:{name}" if name else "hf")


def test_a_folder_that_holds_no_model_is_said(tmp_path):
    with pytest.raises(ReaderError, match=r"no config\.json"):
        asked(tmp_path)


def test_images_beyond_the_context_stop_the_run_with_what_to_turn(gemma, tmp_path, cases):
    folder = tmp_path / "short"
    shutil.copytree(gemma, folder)
    data = json.loads((folder / "config.json").read_text())
    data["text_config"]["max_position_embeddings"] = 512
    (folder / "config.json").write_text(json.dumps(data))
    with pytest.raises(StopReading, match=r"\(12 images\).*exceed the 512 of 'short'.*max_pixels"):
        list(asked(folder).read(cases(1, renderer="leads")))


def test_a_full_memory_stops_the_run_with_what_to_turn(gemma, cases, monkeypatch):
    def full(*args, **kwargs):
        raise torch.OutOfMemoryError("CUDA out of memory")

    hf = asked(gemma)
    monkeypatch.setattr(hf.loaded().model, "generate", full)
    with pytest.raises(StopReading, match=r"memory of cpu is full: --option batch=N"):
        list(hf.read(cases(1)))


def test_four_bits_without_a_gpu_are_refused(gemma, cases):
    with pytest.raises(StopReading, match="needs a GPU and the package bitsandbytes"):
        list(asked(gemma, quantization="4bit").read(cases(1)))


def test_the_version_is_that_of_the_weights(gemma, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(gemma, other)
    options = asked(gemma).options
    assert model_source(str(gemma), options).version == model_source(str(other), options).version
    weights = other / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\1\0")
    assert model_source(str(gemma), options).version != model_source(str(other), options).version


def test_without_its_packages_it_says_what_to_install(gemma, monkeypatch):
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "llguidance" else find(name))
    with pytest.raises(ReaderError, match=r"llguidance is missing\): pip install 'ecg-reading-bench\[vlm\]'"):
        asked(gemma)
