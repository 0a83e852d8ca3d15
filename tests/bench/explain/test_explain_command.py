"""``bench explain`` as it is typed: what it refuses, and what it scores."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from bench.dataset import open_dataset
from tests.command import bench, is_one_sentence
from tests.tiny.eye import folder_of

ROOT = Path(__file__).parents[3]

READER = ("explain", "--reader", "resnet1d", "--sample", "6")


def refused(words, said, cwd):
    return is_one_sentence(bench(*words, cwd=cwd), said)


def test_an_unknown_method_target_layer_or_paper_names_the_nearest(tmp_path):
    assert refused((*READER, "--method", "salency"), "saliency", tmp_path)
    assert refused((*READER, "--target", "conduction=lbb"), "lbbb", tmp_path)
    for reader in (READER, ("explain", "--reader", "digitizer", "--sample", "2")):
        assert refused((*reader, "--target", "lbbb"), "AXIS=VALUE, here conduction=lbbb", tmp_path)
    assert refused((*READER, "--layer", "trunc"), "trunk", tmp_path)
    assert refused((*READER, "--show", "salency"), "saliency", tmp_path)
    assert refused((*READER, "--paper", "6x3"), "6x2", tmp_path)


def test_what_is_wrong_is_said_before_anything_is_asked(tmp_path):
    done = bench(*READER, "--method", "salency", cwd=tmp_path)
    assert "resnet1d," not in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_measured(tmp_path):
    (tmp_path / "file").touch()
    words = ("explain", "--reader", "resnet1d", "--method", "saliency", "--target", "rhythm=sinus", "--each", "1")
    done = bench(*words, "--out", "file", cwd=tmp_path)
    assert is_one_sentence(done, "file/explain-resnet1d-")
    assert "known truth" not in done.stderr


def test_a_gradient_method_on_a_black_box_names_those_that_work(tmp_path):
    words = ("explain", "--reader", "digitizer", "--method", "saliency", "--sample", "2")
    assert refused(words, "leads_and_segments", tmp_path)


def test_a_reader_that_is_shown_no_trace_is_refused(tmp_path):
    assert refused(("explain", "--reader", "majority", "--sample", "2"), "shown no trace", tmp_path)


def test_without_a_reader_the_command_says_what_to_do(tmp_path):
    done = bench("explain", cwd=tmp_path)
    assert done.returncode == 2
    assert "--reader resnet1d" in done.stderr


def test_an_unknown_command_names_the_nearest(tmp_path):
    done = bench("explain", "scor", cwd=tmp_path)
    assert done.returncode == 2
    assert "score" in done.stderr


def test_an_option_before_a_command_that_does_not_heed_it_is_refused(tmp_path):
    done = bench("explain", "--reader", "resnet1d", "score", "maps.npz", cwd=tmp_path)
    assert done.returncode == 2
    assert "--reader" in done.stderr


def test_no_right_answer_is_told_with_what_to_do(tmp_path):
    words = (*READER, "--target", "conduction=pre_excitation", "--method", "saliency")
    assert refused(words, "larger sample", tmp_path)


@pytest.fixture
def maps(tmp_path):
    """Maps of every record of the small population: the energy of its signal, as a stranger would write them."""
    records = list(open_dataset("phantoms:1,66"))[:3]
    levels = [record.signal().mv.reshape(12, 1000, -1).mean(axis=2) ** 2 for record in records]
    path = tmp_path / "energy.npz"
    ids = np.array([record.ecg_id for record in records])
    np.savez(path, maps=np.array(levels, dtype=np.float32), ids=ids, target="rhythm=sinus")
    return path


def test_maps_made_elsewhere_are_scored(maps, tmp_path):
    done = bench("explain", "score", maps, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)
    assert row["method"] == "energy"
    assert row["answers"] == 3
    assert row["clinical"]["above_energy"]["value"] == pytest.approx(0, abs=0.02)
    assert row["verdict"]["word"] == "cannot tell"


def test_maps_made_elsewhere_are_scored_on_a_network(maps, tmp_path):
    done = bench("explain", "score", maps, "--reader", "resnet1d", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "energy" in done.stdout


def test_damaged_maps_are_one_sentence(tmp_path):
    path = tmp_path / "maps.npz"
    np.savez(path, maps=np.full((1, 12, 1000), np.nan, dtype=np.float32), ids=np.array([1]), target="rhythm=sinus")
    assert refused(("explain", "score", path), "NaN", tmp_path)
    path.write_text("no archive")
    assert refused(("explain", "score", path), "cannot be read", tmp_path)
    assert refused(("explain", "score", tmp_path / "none.npz"), "do not exist", tmp_path)
    assert refused(("explain", "score", path, "--reader", "digitizer"), "black box", tmp_path)


@pytest.mark.slow
def test_the_self_test_is_right_throughout(tmp_path):
    done = bench("explain", "selftest", "--method", "saliency", "--method", "occlusion_cell", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "22 of 22 verdicts are right" in done.stdout


RUN = (
    "explain", "--reader", "resnet1d", "--data", "phantoms:1,66", "--target", "rhythm=sinus", "--method", "saliency",
    "--method", "gradient_times_input", "--each", "4", "--transplants", "1", "--no-concepts", "--pictures", "2",
)  # fmt: skip


def explained(out):
    """Return what ``explain.json`` of the one page in a folder says, without times."""
    (path,) = out.glob("explain-*/explain.json")
    data = json.loads(path.read_text())
    for row in data["rows"]:
        row["seconds"] = 0
    return data


@pytest.mark.slow
def test_a_killed_explanation_goes_on_and_ends_as_one_that_was_not(tmp_path):
    whole = bench(*RUN, "--out", tmp_path / "whole", cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr
    (known,) = (tmp_path / "whole").glob("known-truth-*.json")
    (tmp_path / "killed").mkdir()
    shutil.copy(known, tmp_path / "killed")
    words = [sys.executable, "-m", "bench", *RUN, "--out", str(tmp_path / "killed")]
    with subprocess.Popen(words, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}) as process:
        until = time.monotonic() + 120
        while time.monotonic() < until and process.poll() is None:
            judged = list((tmp_path / "killed").glob("explain-*/judged/figures.jsonl"))
            if judged and judged[0].read_bytes().count(b"\n") >= 3:
                break
            time.sleep(0.02)
        process.kill()
    assert not list((tmp_path / "killed").glob("explain-*/explain.json"))
    again = bench(*RUN, "--out", tmp_path / "killed", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert "answers are already judged" in again.stderr
    assert explained(tmp_path / "killed") == explained(tmp_path / "whole")


@pytest.mark.slow
def test_the_page_and_the_card_of_a_network(tmp_path):
    done = bench(*RUN, "--paper", "3x4", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (folder,) = {path.parent for path in tmp_path.glob("runs/*/explain.md")}
    assert "1 of 4: known truth, by 2 methods" in done.stderr and "4 of 4, after " in done.stderr
    assert "\nsaliency: " in done.stdout or "saliency, gradient_times_input: " in done.stdout
    text = (folder / "explain.md").read_text()
    assert "## Which maps deserve belief" in text
    assert "## Gallery" in text
    links = re.findall(r"\]\((pictures/[^)]*)\)", text)
    assert links and all((folder / link).is_file() for link in links)
    card = bench("explain", "card", folder, cwd=tmp_path)
    assert card.returncode == 0, card.stderr
    assert "shown of a recording: the signal of twelve leads at 100 Hz" in (folder / "MODEL_CARD.md").read_text()


@pytest.mark.slow
def test_the_page_of_a_black_box_and_its_price(tmp_path):
    words = (
        "explain", "--reader", "digitizer", "--data", "phantoms:1,66", "--target", "rhythm=sinus", "--each", "1",
        "--max-queries", "100",
    )  # fmt: skip
    priced = bench(*words, "--dry-run", cwd=tmp_path)
    assert priced.returncode == 0, priced.stderr
    assert "calls no API" in priced.stdout
    assert not (tmp_path / "runs").exists()
    done = bench(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (folder,) = [path.parent for path in tmp_path.glob("runs/*/explain.md")]
    data = json.loads((folder / "explain.json").read_text())
    assert data["questions"] <= 100
    assert data["rows"][0]["verdict"]["word"] in ("cannot tell", "no better than amplitude")


@pytest.mark.slow
def test_the_page_of_an_open_model_has_maps_of_its_image_tokens(tmp_path):
    words = (
        "explain", "--reader", f"hf:{folder_of(tmp_path)}", "--option", "structured=schema", "--option",
        "max_tokens=40", "--format", "binary", "--px-per-mm", "2", "--target",
        "normality=abnormal", "--target", "normality=normal",
        "--method", "leads_and_segments", "--method", "gradient_times_ink", "--each", "1", "--max-queries", "200",
    )  # fmt: skip
    done = bench(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (path,) = tmp_path.glob("runs/*/explain.json")
    data = json.loads(path.read_text())
    assert [row["method"] for row in data["rows"]] == ["leads_and_segments", "gradient_times_ink"]
    assert data["method"] == "gradient_times_ink"
    assert "the ink of the traces" in (path.parent / "explain.md").read_text()


@pytest.mark.slow
def test_maps_of_image_tokens_ask_no_more_than_the_budget(tmp_path):
    words = (
        "explain", "--reader", f"hf:{folder_of(tmp_path)}", "--option", "structured=schema", "--option",
        "max_tokens=40", "--format", "binary", "--px-per-mm", "2", "--data", "phantoms:1,66", "--split", "all",
        "--target", "normality=abnormal", "--target", "normality=normal", "--method", "segment", "--method",
        "gradient_times_ink", "--each", "4", "--max-queries", "130", "--pictures", "0",
    )  # fmt: skip
    done = bench(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (readings,) = tmp_path.glob("runs/*/readings.jsonl")
    assert 100 < readings.read_text().count("\n") <= 130


def test_maps_of_image_tokens_need_an_open_model(tmp_path):
    words = ("explain", "--reader", "digitizer", "--target", "rhythm=sinus", "--method", "gradient_times_ink")
    assert refused(words, "needs the weights of an open model", tmp_path)


def test_a_budget_below_the_least_and_options_of_networks_are_refused_for_a_black_box(tmp_path):
    words = ("explain", "--reader", "digitizer", "--target", "rhythm=sinus", "--split", "all")
    assert refused((*words, "--max-queries", "5"), "--max-queries 5 is below", tmp_path)
    assert refused((*words, "--layer", "trunk"), "black box", tmp_path)
    assert refused((*READER, "--max-queries", "50"), "shows its gradients", tmp_path)


def test_a_dry_run_of_a_network_says_what_would_be_explained(tmp_path):
    done = bench(*READER, "--split", "all", "--target", "rhythm=sinus", "--dry-run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "right answers" in done.stdout
    assert not list(tmp_path.iterdir())
