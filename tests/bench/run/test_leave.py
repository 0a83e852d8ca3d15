"""A run folder of a stranger's grants no leave to run code: the command line alone does."""

import json

import pytest

from bench.dataset import Selection
from bench.run.folder import RunFolder
from bench.run.job import prepared, run_job
from bench.run.options import RunOptions
from bench.run.settings import settings_from
from bench.run.submission import Origin, submit
from taxonomy.error import BenchError

from ...command import bench, is_one_sentence
from ...loopback.server import Running, Server

OWN = """
import pathlib
pathlib.Path("proof").touch()

class Own:
    name, inputs = "own", frozenset()
    def read(self, cases):
        raise RuntimeError("no model here")
"""


@pytest.fixture
def run(tmp_path):
    """A finished run of majority over the whole test split."""
    job = prepared(RunOptions("majority", selection=Selection("phantoms:1,66"), out=tmp_path / "runs"))
    run_job(job)
    return job.folder.path


def forged(run, **changed):
    """Change settings as a careful forger does: the run id follows."""
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["settings"] |= changed
    manifest["run_id"] = settings_from(manifest["settings"]).run_id
    (run / "manifest.json").write_text(json.dumps(manifest))
    return run


def test_a_folder_that_names_a_function_runs_nothing(run, tmp_path):
    folder = forged(run, reader="os:system", options={"command": "touch proof"})
    refused = bench("retry", folder, cwd=tmp_path)
    assert is_one_sentence(refused, "which is not installed, and leave to run its code is given on the command line")
    named = bench("retry", folder, "--reader", "os:system", cwd=tmp_path)
    assert is_one_sentence(named, "'os:system' is a"), named.stderr
    assert not (tmp_path / "proof").exists()


def test_a_class_of_a_folder_is_not_even_imported_until_it_is_named(run, tmp_path, monkeypatch):
    (tmp_path / "own_of_a_stranger.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    folder = forged(run, reader="own_of_a_stranger:Own", reader_details={})
    assert is_one_sentence(bench("retry", folder, cwd=tmp_path), "name it with --reader own_of_a_stranger:Own")
    other = bench("retry", folder, "--reader", "majority", cwd=tmp_path)
    assert is_one_sentence(other, "the run was made by reader 'own_of_a_stranger:Own', not by 'majority'")
    assert not (tmp_path / "proof").exists()
    done = bench("retry", folder, "--reader", "own_of_a_stranger:Own", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "0 of 66 readings are failed calls" in done.stdout
    assert (tmp_path / "proof").exists()


def a_model_with_own_code(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    proof = str(tmp_path / "proof")
    (folder / "own.py").write_text(f"import pathlib\npathlib.Path({proof!r}).touch()\nclass Own: pass\n")
    (folder / "config.json").write_text(json.dumps({"model_type": "own", "auto_map": {"AutoConfig": "own.Own"}}))
    return str(folder)


def test_a_folder_does_not_grant_leave_to_run_a_models_code(run, tmp_path):
    model = a_model_with_own_code(tmp_path)
    folder = forged(run, reader=f"hf:{model}", options={"remote_code": model})
    said = "leave to run a model's code is given on the command line alone"
    assert is_one_sentence(bench("retry", folder, cwd=tmp_path), said)
    assert is_one_sentence(bench("retry", folder, "--option", "remote_code=another", cwd=tmp_path), said)
    assert is_one_sentence(bench("retry", folder, "--option", "batch=2", cwd=tmp_path), "options of its run")
    assert not (tmp_path / "proof").exists()
    bench("retry", folder, "--option", f"remote_code={model}", cwd=tmp_path)
    assert (tmp_path / "proof").exists()


def test_a_submission_does_not_grant_it_either(run, population, tmp_path):
    model = a_model_with_own_code(tmp_path)
    folder = forged(run, reader="hf", options={"model": model, "remote_code": model})
    assert RunFolder(folder).settings().reader == "hf"
    with pytest.raises(BenchError, match="its options hold remote_code"):
        submit(folder, tmp_path / "results", population, Origin("A. Nobody"))
    assert not (tmp_path / "proof").exists()


def test_a_folder_does_not_have_a_key_sent_to_its_address(run, tmp_path):
    with Running(Server()) as server:
        granted = {"base_url": server.openai_url, "key_variable": "MY_API_KEY"}
        folder = forged(run, reader="openai:m", options=granted, reader_details={})
        env = {"MY_API_KEY": "sk-test-abcdefgh12345678"}
        said = "leave to send requests to an address is given on the command line alone"
        assert is_one_sentence(bench("retry", folder, cwd=tmp_path, **env), said)
        address = ("--option", f"base_url={server.openai_url}")
        said = "leave to send a key is given on the command line alone"
        assert is_one_sentence(bench("retry", folder, *address, cwd=tmp_path, **env), said)
        both = (*address, "--option", "key_variable=MY_API_KEY")
        assert is_one_sentence(bench("retry", folder, *both, cwd=tmp_path, **env), "has changed since")
        assert not server.headers
