"""Several models side by side: who takes part in which arm, what fails alone, and what the final table says."""

import json

import pytest

from bench.dataset import Selection
from bench.experiment.comparing import arm_key, gaps_over_untaught
from bench.experiment.experiments import experiments, experiments_named
from bench.experiment.model import ModelUnderTest, models_named
from bench.experiment.result import read_results
from bench.experiment.running import ExperimentOptions, arm_folder, run_experiment, run_options
from bench.report.experiment_page import accuracy_rows, label_rows, write_experiment, write_side_by_side
from bench.run.folder import RunFolder
from bench.run.options import RunOptions
from readers.control import ABNORMAL
from taxonomy.axis import AXES
from taxonomy.error import BenchError, FileError, SettingError

from ...command import bench, is_one_sentence
from ...loopback.server import Running, Server
from .controls import Failing

CONTROLS = "tests.bench.experiment.controls"
API = "openai:gpt-5.4"


@pytest.fixture
def server(monkeypatch):
    with Running(Server()) as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.openai_url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test-abcdefgh12345678")
        yield running


SHARED = Selection("phantoms:1,66", limit=30)


@pytest.fixture(scope="module")
def played(tmp_path_factory, population):
    """Return the folder of the zero-shot experiment played by two controls, with its pages."""
    out = tmp_path_factory.mktemp("played")
    (one,) = experiments_named("zero-shot")
    for name in ("Prior", "Abnormal"):
        model = ExperimentOptions(f"{CONTROLS}:{name}", RunOptions("", selection=SHARED), ablation=False, out=out)
        assert [arm.result.arm for arm in run_experiment(one, model)] == ["free text", "within the schema"]
    results = read_results(out)
    gaps = gaps_over_untaught(results, out / "runs", population, draws=200)
    write_experiment(out / one.name, one, results, gaps)
    write_side_by_side(out, results, gaps)
    return out


def test_a_name_tells_an_open_model_from_a_reader(tmp_path):
    (tmp_path / "a:b").mkdir()
    open_models = ["google/gemma-3-4b-it", "hf:google/gemma-3-4b-it", str(tmp_path / "a:b")]
    assert [ModelUnderTest.named(name).is_open for name in open_models] == [True] * 3
    assert ModelUnderTest.named("hf:google/gemma-3-4b-it") == ModelUnderTest.named("google/gemma-3-4b-it")
    api, other = ModelUnderTest.named(API), ModelUnderTest.named(f"{CONTROLS}:Prior")
    assert (api.reader, api.folder, api.why_untaught()) == (API, "openai-gpt-5.4", "not fine-tuned: behind an API")
    assert other.why_untaught() == "not fine-tuned: no open model"
    with pytest.raises(SettingError, match="lora:adapters/flat is an adapter, which is taught already"):
        ModelUnderTest.named("lora:adapters/flat")


def test_an_option_with_a_prefix_is_for_one_kind_of_reader():
    written = {"seed": "1", "hf:batch": "4", "api:max_tokens": "4096", "openai:max_tokens": "8000"}
    open_model, api, anthropic = models_named(["a/b", API, "anthropic:claude-opus-4-8"], written)
    assert open_model.options(written) == {"seed": "1", "batch": "4"}
    assert api.options(written) == {"seed": "1", "max_tokens": "8000"}
    assert anthropic.options(written) == {"seed": "1", "max_tokens": "4096"}
    with pytest.raises(SettingError, match="--option hf:batch is for a reader 'hf', which no --model has"):
        models_named([API], written)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("zero-shot", "--model", "a/b", "--model", "a/b"), "--model a/b is given twice"),
        (("zero-shot", "--model", "a/b", "--model", "a-b"), "have the same folder's name"),
        (("flat-label", "--model", API), "has no arm in 'flat-label', whose arms are all fine-tuned (not fine-tuned:"),
        (("flat-label", "--model", API, "--dry-run"), "has no arm in 'flat-label'"),
        (("zero-shot", "--model", "lora:x"), "is an adapter, which is taught already"),
        (("zero-shot", "--model", f"{CONTROLS}:Prior", "--model", f"{CONTROLS}:Nobody"), "has no 'Nobody'"),
        (("zero-shot", "--model", f"{CONTROLS}:Prior", "--max-cost", "1"), "--max-cost is for readers behind an API"),
        (("zero-shot", "--model", f"{CONTROLS}:Prior", "--option", "api:seed=1"), "for a reader 'api', which no"),
    ],
)
def test_what_can_be_told_before_is_refused_before_anything_is_asked(words, said, tmp_path):
    done = bench("experiment", *words, "--limit", "3", cwd=tmp_path)
    assert is_one_sentence(done, said), done.stderr
    assert not list(tmp_path.iterdir())


def test_a_reader_without_a_key_is_refused_before_another_model_is_asked(tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    words = ("--model", f"{CONTROLS}:Prior", "--model", API, "--limit", "3")
    done = bench("experiment", "zero-shot", *words, cwd=tmp_path)
    assert is_one_sentence(done, "OPENAI_API_KEY"), done.stderr
    assert not list(tmp_path.rglob("readings.jsonl"))


def test_readers_take_part_in_the_untaught_arms_alone():
    api, open_model = (ExperimentOptions(name, RunOptions("")) for name in (API, "some/model"))
    told = {
        one.name: ([arm.name for arm in api.arms(one)], len(open_model.arms(one))) for one in experiments().values()
    }
    assert told.pop("zero-shot") == (["free text", "within the schema"], 2)
    assert all(not own and every for own, every in told.values())


def test_both_zero_shot_arms_are_what_they_say_for_either_kind_of_reader():
    (one,) = experiments_named("zero-shot")
    free, schema = one.arms
    api, open_model = (ExperimentOptions(name, RunOptions("")) for name in (API, "some/model"))
    assert [run_options(one, arm, api).options for arm in one.arms] == [
        {"structured": "text"},
        {"structured": "schema"},
    ]
    assert run_options(one, free, open_model).options == {}  # as ever, so that runs of earlier versions go on
    assert run_options(one, schema, open_model).options == {"structured": "schema"}


def test_dense_is_taught_with_reasoning_and_without():
    (one,) = experiments_named("dense-taxonomy")
    assert {arm.name: arm.task["format"] for arm in one.arms} == {
        "without reasoning": "dense-no-reasoning",
        "with reasoning": "dense",
    }


def test_the_final_table_of_controls_is_exactly_what_they_play(played):
    out = played
    results = read_results(out)
    assert [(one.arm, one.model) for one in results[:2]] == [
        ("free text", f"{CONTROLS}:Abnormal"),
        ("free text", f"{CONTROLS}:Prior"),
    ]
    cohort = SHARED.cohort()
    rows = {row[0]: row for row in accuracy_rows(results[:2])}
    for axis in AXES:
        truths = [cohort.truth(record) for record in cohort]
        labelled = [truth for truth in truths if truth.values[axis.name] is not None]
        right = sum(truth.accepts(axis.name, ABNORMAL[axis.name]) for truth in labelled) / len(labelled)
        _, n, majority, abnormal, prior = rows[axis.name]
        assert n == str(len(labelled)) and prior == majority
        assert abnormal.split()[0] == f"{100 * right:.1f}%" and abnormal.endswith("↓")
    figures = {row[0]: row[1:] for row in label_rows(results[:2])}
    assert figures["findings per ECG, answered"] == ("6.00", "0.00")
    assert figures["two head labels of the diagnosis, answered"] == ("0.0%", "100.0%")
    assert figures["macro-F1"][1].split()[0] == figures["macro-F1, always the majority"][1]
    assert figures["macro-F1"][0] < figures["macro-F1"][1]
    page = (out / "zero-shot" / "table.md").read_text()
    assert "| axis | n | majority | free text, " in page and "not fine-tuned" not in page
    assert (out / "zero-shot" / "table.png").stat().st_size > 5000


def test_the_final_table_is_there_as_data(played):
    out = played
    arms = json.loads((out / "side_by_side.json").read_text())["arms"]
    prior = next(arm for arm in arms if arm["model"].endswith("Prior") and arm["arm"] == "free text")
    assert prior["axes"]["rhythm"]["difference"] == 0 and prior["untaught"] == "not fine-tuned: no open model"
    assert prior["labels"]["head_share"]["answered"] == 1 and prior["labels"] == prior["majority"]
    assert "Prior: not fine-tuned: no open model." in (out / "side_by_side.md").read_text()


def test_an_arm_is_compared_with_the_same_model_untaught(played, population):
    out = played
    abnormal, prior = (one for one in read_results(out) if one.arm == "free text")
    taught = type(prior)(**{**vars(prior), "experiment": "dense-taxonomy", "model": abnormal.model})
    (key, gaps), *others = gaps_over_untaught([abnormal, taught], out / "runs", population, draws=200).items()
    assert key == arm_key(taught) and not others
    for name, gap in gaps.items():
        if name != "ischemia":  # which is compared, and is no row of the table
            first, second = (one.accuracies[name].accuracy for one in (taught, abnormal))
            assert gap.accuracy.difference == pytest.approx(first - second, abs=1e-5)
    assert gaps["rhythm"].accuracy.is_shown and gaps["rhythm"].accuracy.interval[0] > 0.5
    alone = gaps_over_untaught([taught], out / "runs", population, draws=200)
    assert not alone  # there is nothing to compare it with


@pytest.mark.slow
def test_a_model_that_fails_loses_no_other_result_and_is_said_at_the_end(tmp_path, monkeypatch):
    models = ("--model", f"{CONTROLS}:Failing", "--model", f"{CONTROLS}:Prior", "--no-ablation", "--limit", "12")
    done = bench("experiment", "zero-shot", *models, "--out", "out", cwd=tmp_path)
    assert done.returncode == 2
    *_, last = done.stderr.strip().splitlines()
    assert f"zero-shot: free text, {CONTROLS}:Failing: the weights of 'played' do not fit" in done.stderr
    assert last == "Error: 2 arms are not finished, each as said above; the same command goes on with them"
    results = read_results(tmp_path / "out")
    assert {one.model for one in results} == {f"{CONTROLS}:Prior"} and len(results) == 2
    assert "Not finished: free text, " in (tmp_path / "out" / "zero-shot" / "table.md").read_text()
    monkeypatch.setattr(Failing, "is_mended", True)
    again = bench("experiment", "zero-shot", *models, "--out", "out", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert f"zero-shot: {CONTROLS}:Prior" in again.stdout and "two head" in again.stdout
    assert "resuming: 6 of 12 readings are there" in again.stdout and len(read_results(tmp_path / "out")) == 4
    assert "Not finished" not in (tmp_path / "out" / "zero-shot" / "table.md").read_text()


def test_a_single_failure_is_the_last_sentence(tmp_path):
    options = ExperimentOptions(
        f"{CONTROLS}:Failing",
        RunOptions("", selection=Selection("phantoms:1,66", limit=6)),
        ablation=False,
        out=tmp_path,
    )
    (one,) = experiments_named("zero-shot")
    first = next(iter(run_experiment(one, options)))
    assert first.sentence.startswith("the weights of 'played'") and first.arm == "free text"


@pytest.mark.slow
def test_one_limit_on_cost_holds_over_all_arms_and_models(server, tmp_path):
    models = ("--model", API, "--model", "openai:gpt-5.4-mini", "--model", f"{CONTROLS}:Prior")
    words = ("experiment", "zero-shot", *models, "--no-ablation", "--limit", "8", "--concurrency", "1", "--out", "out")
    (tmp_path / "free").mkdir()
    free = bench(*words, "--max-cost", "50", cwd=tmp_path / "free")
    assert free.returncode == 0, free.stderr
    whole = paid(tmp_path / "free")
    assert whole > 0
    (tmp_path / "short").mkdir()
    limit = 0.6 * whole
    done = bench(*words, "--max-cost", f"{limit:.6f}", cwd=tmp_path / "short")
    assert done.returncode == 2 and "cost" in done.stderr
    assert 0 < paid(tmp_path / "short") <= limit
    assert {one.model for one in read_results(tmp_path / "short" / "out")} >= {f"{CONTROLS}:Prior"}


def test_a_spent_limit_is_told_as_it_was_given(server, tmp_path):
    words = (
        "experiment",
        "zero-shot",
        "--model",
        "openai:gpt-4o",
        "--limit",
        "3",
        "--no-ablation",
        "--config",
        "s.toml",
    )
    (tmp_path / "s.toml").write_text("[task]\npx_per_mm = 3\n")
    done = bench(*words, "--concurrency", "1", "--max-cost", "0.1", "--out", "out", cwd=tmp_path)
    assert done.returncode == 2, done.stdout
    first, second = sorted(RunFolder(path.parent).paid() for path in tmp_path.glob("out/runs/*/manifest.json"))
    sentence = next(line for line in done.stderr.splitlines() if "within the schema" in line)
    assert "stopped before exceeding --max-cost 0.1: " in sentence
    assert f"{first + second:.2f} dollars are spent ({second:.2f} of them by other runs under the same" in sentence


def paid(folder):
    return sum(RunFolder(path.parent).paid() for path in folder.glob("out/runs/*/manifest.json"))


def test_a_dry_run_prices_readers_and_sends_nothing(server, tmp_path):
    words = ("--model", API, "--model", f"{CONTROLS}:Prior", "--limit", "4", "--dry-run")
    done = bench("experiment", "all", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"{API}: not fine-tuned: behind an API" in done.stdout
    assert "in all: 32 readings to ask in 8 runs" in done.stdout and "dollars" in done.stdout
    assert "Nothing was run." in done.stdout
    assert not server.counts and not list(tmp_path.rglob("readings.jsonl"))


def test_results_and_adapters_of_one_model_without_a_folder_of_its_own_are_found(played, tmp_path):
    out = played
    written = json.loads(next(out.glob("zero-shot/*/free-text/result.json")).read_text())
    earlier = {name: value for name, value in written.items() if name not in ("labels", "majority", "untaught")}
    folder = tmp_path / "dense-taxonomy" / "with-reasoning"
    folder.mkdir(parents=True)
    (folder / "result.json").write_text(json.dumps(earlier))
    (found,) = read_results(tmp_path)
    assert found.labels is None and label_rows([found])[0][1:] == ("-",)
    anew = tmp_path / "dense-taxonomy" / "some-model" / "with-reasoning"
    anew.mkdir(parents=True)
    (anew / "result.json").write_text(json.dumps(written))
    (found,) = read_results(tmp_path)
    assert found.labels is not None  # asked again, it replaces the earlier result
    (one,) = experiments_named("dense-taxonomy")
    arm = one.arms[1]
    own, other = (ExperimentOptions(name, RunOptions(""), out=tmp_path) for name in ("some/model", "another/model"))
    assert arm_folder(one, arm, own) == tmp_path / "dense-taxonomy" / "some-model" / "with-reasoning"
    (folder / "finetune.toml").write_text('model = "some/model"\n')
    assert arm_folder(one, arm, own) == folder
    assert arm_folder(one, arm, other).parent.name == "another-model"


def test_a_result_whose_label_figures_are_damaged_is_said(played, tmp_path):
    out = played
    written = json.loads(next(out.glob("zero-shot/*/free-text/result.json")).read_text())
    written["labels"]["macro_f1"] = "much"
    folder = tmp_path / "zero-shot" / "model" / "free-text"
    folder.mkdir(parents=True)
    (folder / "result.json").write_text(json.dumps(written))
    with pytest.raises(FileError, match=r"result\.json is not a result of an experiment"):
        read_results(tmp_path)


def test_an_unknown_reader_is_an_error_of_ours():
    with pytest.raises(BenchError):
        ModelUnderTest.named("nowhere:at-all").why_untaught()


@pytest.mark.slow
def test_an_open_model_is_taught_beside_one_behind_an_api_that_is_not(gemma, server, tmp_path):
    (tmp_path / "small.toml").write_text(
        "[task]\npx_per_mm = 2\nlimit = 32\n[training]\nepochs = 1\nbatch = 16\nat_once = 16\nworkers = 0\n"
        "validation = 4\nmax_tokens = 12\ngradient_checkpointing = false\n"
    )
    options = (
        "--config",
        "small.toml",
        "--limit",
        "6",
        "--no-ablation",
        "--option",
        "hf:max_tokens=12",
        "--out",
        "out",
    )
    models = ("--model", str(gemma), "--model", API, "--max-cost", "5")
    for name in ("zero-shot", "binary"):
        done = bench("experiment", name, *models, *options, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    found = [(one.experiment, one.arm, one.model) for one in read_results(tmp_path / "out")]
    untaught = [("zero-shot", arm, model) for arm in ("free text", "within the schema") for model in ("gemma", API)]
    assert found == [*untaught, ("binary", "binary", "gemma")]
    assert f"{API}: not fine-tuned: behind an API." in (tmp_path / "out" / "binary" / "table.md").read_text()
    page = (tmp_path / "out" / "side_by_side.md").read_text()
    assert f"{API}: not fine-tuned: behind an API." in page and "Accuracy minus that of the same model untaught" in page
    assert (tmp_path / "out" / "binary" / "gemma" / "binary" / "adapter_model.safetensors").is_file()
