"""The seven experiments: what they are, what they would take, and one of them run from end to end."""

import json

import pytest

from bench.dataset import Selection
from bench.experiment.estimate import estimates, model_shape
from bench.experiment.experiments import experiments, experiments_named
from bench.experiment.result import read_results
from bench.experiment.running import ExperimentOptions, arm_config, run_options
from bench.finetune.config import read_settings
from bench.report.experiment_page import SIDE_HEADINGS, side_row
from bench.run.options import RunOptions
from readers.vlm.option import LoadOptions
from readers.vlm.source import model_source
from taxonomy.error import FileError, UnknownNameError

from ...command import bench

SETTINGS = """
[task]
px_per_mm = 2
limit = 64
[training]
epochs = 2
batch = 16
at_once = 16
learning_rate = 0.002
workers = 0
validation = 8
max_tokens = 12
gradient_checkpointing = false
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    path = tmp_path_factory.mktemp("settings") / "small.toml"
    path.write_text(SETTINGS)
    return path


@pytest.fixture(scope="module")
def finished(gemma, settings, tmp_path_factory):
    """Return the folder of the binary experiment, run from the command line with its ablation."""
    out = tmp_path_factory.mktemp("experiments")
    words = ["experiment", "binary", "--model", str(gemma), "--config", str(settings), "--limit", "12"]
    asked = ["--image-ceiling", "", "--option", "max_tokens=12", "--option", "batch=12", "--out", str(out)]
    done = bench(*words, *asked, cwd=out)
    assert done.returncode == 0, done.stderr
    return out, done.stdout


def test_there_are_seven_in_their_order():
    names = [
        "zero-shot",
        "flat-label",
        "binary",
        "sparse-taxonomy",
        "dense-taxonomy",
        "image-preprocessing",
        "twelve-leads",
    ]
    assert list(experiments()) == names
    assert [one.name for one in experiments_named("all")] == names
    with pytest.raises(UnknownNameError, match="Did you mean 'dense-taxonomy'"):
        experiments_named("dense-taxonomie")


def test_each_arm_is_taught_and_asked_as_its_name_says():
    options = ExperimentOptions("some/model", RunOptions(""))
    told = {
        (one.name, arm.name): (run_options(one, arm, options).reader.partition(":")[0], arm_config(arm, options).task)
        for one in experiments().values()
        for arm in one.arms
    }
    assert told["zero-shot", "free text"][0] == "hf" and told["flat-label", "flat"][0] == "lora"
    shown = {name: (task.format, task.renderer) for name, (_, task) in told.items()}
    assert shown["sparse-taxonomy", "sparse"] == ("sparse", "printed")
    assert shown["image-preprocessing", "stacked"] == ("dense", "stacked")
    assert shown["twelve-leads", "leads"] == ("dense", "leads")


@pytest.mark.slow
def test_it_ends_in_its_table_and_the_one_side_by_side(finished):
    out, said = finished
    table = (out / "binary" / "table.md").read_text()
    assert "normality" in table and "majority" in table and "n = 12 phantoms, simulated" in table
    page = (out / "side_by_side.md").read_text()
    assert "binary: binary" in page and "follows the numbers" in page
    assert (out / "side_by_side.png").stat().st_size > 5000
    assert "binary: binary" in said and str(out / "side_by_side.md") in said


@pytest.mark.slow
def test_the_verdict_is_that_of_the_ablation_on_the_taught_model(finished):
    out, _ = finished
    (result,) = read_results(out)
    evidence = json.loads((out / "binary" / "gemma" / "binary" / "ablation" / "evidence.json").read_text())
    assert {axis["axis"]: axis["verdict"] for axis in evidence["axes"]} == dict(result.verdicts)
    assert list(result.verdicts) == ["normality"]
    assert [axis.axis for axis in result.score.asked] == ["normality"]
    assert len(side_row(result)) == len(SIDE_HEADINGS)
    assert (out / "binary" / "gemma" / "binary" / "adapter_model.safetensors").is_file()


@pytest.mark.slow
def test_a_second_time_it_does_nothing_anew(finished, gemma, settings):
    out, _ = finished
    before = {path: path.read_bytes() for path in out.rglob("readings.jsonl")}
    words = ["experiment", "binary", "--model", str(gemma), "--config", str(settings), "--limit", "12"]
    asked = ["--image-ceiling", "", "--option", "max_tokens=12", "--option", "batch=12", "--out", str(out)]
    done = bench(*words, *asked, cwd=out)
    assert "already fine-tuned" in done.stdout
    assert len(before) == 8 and before == {path: path.read_bytes() for path in out.rglob("readings.jsonl")}


@pytest.mark.slow
def test_a_dry_run_counts_the_models_own_tokens_and_weights(gemma, settings, tmp_path):
    options = ExperimentOptions(
        str(gemma),
        RunOptions("", selection=Selection("phantoms:1,66", limit=12)),
        read_settings(settings),
        out=tmp_path,
    )
    one, twelve = (estimates(experiments_named(name), options)[0] for name in ("dense-taxonomy", "twelve-leads"))
    assert twelve.prompt - one.prompt > 11 * 4
    assert twelve.training_hours > one.training_hours > 0
    (untaught, _) = estimates(experiments_named("zero-shot"), options)
    assert untaught.training_hours == 0 and untaught.asking_hours > 0
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_the_shape_is_that_of_the_loaded_model(gemma):
    from transformers import AutoModelForImageTextToText

    from bench.finetune.setup import adapted

    options = ExperimentOptions(str(gemma), RunOptions(""))
    config = arm_config(experiments_named("dense-taxonomy")[0].arms[0], options)
    source = model_source(str(gemma), LoadOptions())
    shape = model_shape(source, config)
    model = AutoModelForImageTextToText.from_pretrained(gemma)
    assert shape.parameters == sum(part.numel() for part in model.parameters())
    taught = sum(part.numel() for part in adapted(source, config).parameters() if part.requires_grad)
    assert shape.adapter_parameters == taught


@pytest.mark.parametrize("written", ["{}", '{"score": []}', '{"score": 5}', "[]", "{", "[" * 100_000])
def test_a_result_that_cannot_be_read_is_said(tmp_path, written):
    (tmp_path / "binary" / "binary").mkdir(parents=True)
    (tmp_path / "binary" / "binary" / "result.json").write_text(written)
    with pytest.raises(FileError, match=r"result\.json (is not a result of an experiment|cannot be read)"):
        read_results(tmp_path)


@pytest.mark.parametrize(
    ("words", "said"),
    [(["binary"], "needs a model: --model"), (["binray", "--model", "x"], "Did you mean 'binary'")],
)
def test_bad_input_is_said(words, said, tmp_path):
    done = bench("experiment", *words, cwd=tmp_path)
    assert done.returncode == 2 and said in done.stderr.splitlines()[-1]


def test_the_list_says_what_each_asks(tmp_path):
    done = bench("experiment", "--list", cwd=tmp_path)
    assert done.returncode == 0
    assert all(name in done.stdout for name in experiments())
