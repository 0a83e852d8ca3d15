"""Models and adapters from strangers: templates that never end, sizes that nobody builds, files that are damaged."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from bench.experiment.experiments import Arm
from bench.experiment.running import ExperimentOptions, arm_config
from bench.finetune.config import finetune_config
from bench.run.options import RunOptions
from readers.registry import reader
from readers.vlm import template
from readers.vlm.option import LoadOptions
from readers.vlm.template import rendered
from taxonomy.error import BenchError, ReaderError, SettingError, StopReading

NESTED = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
DOUBLED = "{% set n = namespace(a='aaaa') %}{% for i in range(60) %}{% set n.a = n.a ~ n.a %}{% endfor %}"


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    """Two seconds are enough for a template; each test begins with a process of its own."""
    monkeypatch.setattr(template, "SECONDS", 2)
    template._renderer.cache_clear()
    yield
    template._renderer.cache_clear()


def with_template(gemma: Path, folder: Path, text: str) -> Path:
    shutil.copytree(gemma, folder)
    (folder / "chat_template.jinja").write_text(text)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (NESTED, "was stopped: it took more than 2 s"),
        ("{{ 'a' * 1000000000 }}", "(wrote 1,000,000,000 characters|raised MemoryError|was stopped)"),
        ("{{ 'a' * 100000000000 }}", "raised MemoryError"),
        ("{{ 'a' * 9000000 }}", "wrote 9,000,000 characters"),
        ("{{ 10 ** (10 ** 10) }}", "(raised|was stopped)"),
        (
            "{% set n = namespace(a='aaaaaaaa') %}{% for i in range(60) %}{% set n.a = n.a ~ n.a %}{% endfor %}",
            "(raised|was)",
        ),
        ("{{ raise_exception('no system turn') }}", "raised TemplateError: no system turn"),
        ("{{ 1 // 0 }}", "raised ZeroDivisionError"),
        ("{% for %}", "raised TemplateSyntaxError"),
        ("{{ messages.nothing.at_all }}", "raised UndefinedError"),
    ],
)
def test_a_template_that_does_not_end_or_raises_is_one_sentence_in_seconds(gemma, tmp_path, text, said):
    begun = time.monotonic()
    with pytest.raises(ReaderError, match=f"^the model's chat template {said}") as error:
        reader(f"hf:{with_template(gemma, tmp_path / 'hostile', text)}")
    assert "\n" not in str(error.value)
    assert time.monotonic() - begun < 30


@pytest.mark.slow
def test_a_template_that_waits_for_the_question_stops_the_run(gemma, tmp_path, cases):
    usual = (gemma / "chat_template.jinja").read_text()
    trap = "{% if messages[0]['role'] == 'system' %}" + NESTED + "{% endif %}" + usual
    hf = reader(f"hf:{with_template(gemma, tmp_path / 'hostile', trap)}")
    with pytest.raises(StopReading, match=r"^the model's chat template was stopped"):
        list(hf.read(cases(2)))


@pytest.mark.slow
def test_a_template_renders_as_the_processor_does_also_after_another_was_stopped(gemma):
    from transformers import AutoProcessor

    processor = AutoProcessor.from_pretrained(gemma)
    messages = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "Käse"}]}]
    with pytest.raises(ReaderError):
        rendered(NESTED, messages, {})
    settings = {**processor.tokenizer.special_tokens_map, "add_generation_prompt": True}
    ours = rendered(processor.chat_template, messages, settings)
    assert ours == processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)


def changed(folder: Path, name: str, **values) -> None:
    data = json.loads((folder / name).read_text())
    (folder / name).write_text(json.dumps(data | values))


def test_a_model_of_a_million_layers_is_refused(gemma, tmp_path):
    folder = tmp_path / "deep"
    shutil.copytree(gemma, folder)
    text = json.loads((folder / "config.json").read_text())["text_config"]
    changed(folder, "config.json", text_config=text | {"num_hidden_layers": 10**6})
    with pytest.raises(ReaderError, match="num_hidden_layers is 1000000, more than 2000"):
        reader(f"hf:{folder}")


def nested(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


@pytest.mark.parametrize("name", ["config.json", "processor_config.json", "tokenizer_config.json"])
@pytest.mark.parametrize("text", [nested(100_000), "[]", "{", '{"text_config": 7, "model_type": []}'])
def test_damaged_files_of_a_model_are_one_sentence(gemma, tmp_path, name, text):
    folder = tmp_path / "damaged"
    shutil.copytree(gemma, folder)
    (folder / name).write_text(text)
    try:
        reader(f"hf:{folder}")
    except BenchError as error:
        assert "\n" not in str(error)
    else:
        assert name != "config.json", "a processor does without some of its settings, a model without none"


def damaged_weights(path: Path, how: str) -> None:
    whole, tensors = path.read_bytes(), load_file(path)
    first = min(tensors)
    if how == "truncated":
        path.write_bytes(whole[: len(whole) // 2])
    elif how == "header":
        path.write_bytes(b"\xff" * 8 + whole[8:])
    elif how == "missing":
        save_file({name: value for name, value in tensors.items() if name != first}, path, {"format": "pt"})
    elif how == "shape":
        save_file(tensors | {first: torch.zeros(3, 5)}, path, {"format": "pt"})
    elif how == "extra":
        save_file(tensors | {"extra.weight": torch.zeros(3)}, path, {"format": "pt"})
    elif how == "finite":
        save_file(tensors | {first: torch.full_like(tensors[first], float("nan"))}, path, {"format": "pt"})


@pytest.mark.slow
@pytest.mark.parametrize("how", ["truncated", "header", "missing", "shape"])
def test_damaged_weights_of_a_model_stop_the_run_with_one_sentence(gemma, tmp_path, cases, how):
    folder = tmp_path / "damaged"
    shutil.copytree(gemma, folder)
    damaged_weights(folder / "model.safetensors", how)
    with pytest.raises(StopReading, match=r"^the weights of") as error:
        list(reader(f"hf:{folder}").read(cases(1)))
    assert "\n" not in str(error.value)


@pytest.fixture(scope="module")
def made(gemma, tmp_path_factory):
    """An adapter of the tiny model as ``bench finetune`` leaves it, untaught."""
    from readers.vlm.source import model_source

    folder = tmp_path_factory.mktemp("adapters") / "mine"
    config = finetune_config({"model": str(gemma), "lora": {"rank": 2}})
    from bench.finetune.setup import adapted

    source = model_source(str(gemma), LoadOptions())
    adapted(source, config).save_pretrained(str(folder), safe_serialization=True)
    taught = {"format": "binary", "renderer": "printed", "px_per_mm": 2, "condition": "full", "demography": False}
    manifest = {"base": source.shown, "base_version": source.version, "taught": taught, "load": {}, "made": {}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture
def adapter(made, tmp_path):
    return Path(shutil.copytree(made, tmp_path / "mine"))


@pytest.mark.slow
def test_an_adapter_that_nobody_changed_reads(adapter, cases):
    lora = reader(f"lora:{adapter}", {"max_tokens": "4"})
    assert len(list(lora.read(cases(1)))) == 1
    assert {"adapter", "peft", "transformers", "effective_dtype"} <= lora.details.keys()


@pytest.mark.parametrize(
    ("file", "values"),
    [
        ("manifest.json", {"base": 5}),
        ("manifest.json", {"taught": {}}),
        ("manifest.json", {"taught": {"format": "binary", "renderer": "printed", "px_per_mm": 10**9}}),
        ("manifest.json", {"taught": [1]}),
        ("manifest.json", {"load": "auto"}),
        ("manifest.json", {"load": {"max_pixels": -4}}),
        ("manifest.json", {"made": None}),
        ("adapter_config.json", {"base_model_name_or_path": None}),
        ("adapter_config.json", {"r": 10**9}),
        ("adapter_config.json", {"r": "many"}),
        ("adapter_config.json", {"peft_type": "IA3"}),
        ("adapter_config.json", {"target_modules": "(a*)*b"}),
        ("adapter_config.json", {"target_modules": None}),
        ("adapter_config.json", {"megatron_config": {}, "megatron_core": "antigravity"}),
        ("adapter_config.json", {"layer_replication": [[0, 10**9]]}),
        ("adapter_config.json", {"modules_to_save": ["lm_head"]}),
    ],
)
def test_what_an_adapter_says_wrongly_is_one_sentence(adapter, file, values):
    changed(adapter, file, **values)
    with pytest.raises(BenchError) as error:
        reader(f"lora:{adapter}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["manifest.json", "adapter_config.json"])
@pytest.mark.parametrize("text", ["", "{", "[]", "\x00", nested(100_000), '{"r": NaN}', '{"r": 1e999}'])
def test_metadata_of_an_adapter_that_is_no_json_is_one_sentence(adapter, name, text):
    (adapter / name).write_text(text)
    with pytest.raises(ReaderError, match=name.partition("_")[0].partition(".")[0]) as error:
        reader(f"lora:{adapter}")
    assert "\n" not in str(error.value)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["truncated", "header", "missing", "shape", "extra", "finite"])
def test_damaged_weights_of_an_adapter_stop_the_run_with_one_sentence(adapter, cases, how):
    damaged_weights(adapter / "adapter_model.safetensors", how)
    with pytest.raises(StopReading, match="adapter") as error:
        list(reader(f"lora:{adapter}", {"max_tokens": "4"}).read(cases(1)))
    assert "\n" not in str(error.value)


@pytest.fixture
def own_code(gemma, tmp_path):
    """A model with its author's code, and the file that this code leaves where it runs."""
    folder, proof = tmp_path / "own", tmp_path / "it-ran"
    shutil.copytree(gemma, folder)
    (folder / "own.py").write_text(f"import pathlib\npathlib.Path({str(proof)!r}).touch()\nclass Own: pass\n")
    changed(folder, "config.json", model_type="own", auto_map={"AutoConfig": "own.Own"})
    return folder, proof


def test_a_manifest_grants_no_leave_to_run_code(own_code, adapter):
    folder, proof = own_code
    changed(adapter, "adapter_config.json", base_model_name_or_path=str(folder))
    changed(adapter, "manifest.json", base=str(folder), load={"remote_code": str(folder)})
    with pytest.raises(ReaderError, match="needs its own code, which runs only with"):
        reader(f"lora:{adapter}")
    assert not proof.exists()


def test_a_configuration_file_grants_no_leave_to_run_code(tmp_path):
    granting = {"model": "some/model", "load": {"remote_code": "some/model"}}
    with pytest.raises(SettingError, match=r"sets remote_code: leave .* is given on the command line alone"):
        finetune_config(granting)
    run = RunOptions(reader="")
    with pytest.raises(SettingError, match="sets remote_code"):
        arm_config(Arm("a", {}), ExperimentOptions("some/model", run, {"load": granting["load"]}))


def test_leave_of_the_command_line_counts_and_is_not_kept():
    allowed = finetune_config({"model": "some/model"}, {"remote_code": "some/model"})
    assert allowed.load.remote_code == "some/model"
    assert "remote_code" not in allowed.toml() and "remote_code" not in json.dumps(allowed.outcome)
    run = RunOptions(reader="", options={"remote_code": "some/model"})
    assert arm_config(Arm("a", {}), ExperimentOptions("some/model", run)).load.remote_code == "some/model"


@pytest.mark.slow
def test_a_torchvision_of_another_build_is_one_sentence(gemma, tmp_path):
    path = [part for part in os.environ["PYTHONPATH"].split(os.pathsep) if "torchvision_for_cpu" not in part]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[3]), *path])}
    command = [sys.executable, "-m", "bench", "run", "--reader", f"hf:{gemma}", "--sample", "1"]
    fits = subprocess.run([sys.executable, "-c", "import torchvision"], env=env, capture_output=True, check=False)
    if fits.returncode == 0:
        pytest.skip("torchvision is of torch's own build here")
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: torchvision does not fit the torch that is installed")
    assert done.stderr.count("\n") == 1
