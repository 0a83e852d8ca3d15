"""``bench read``: a person's own ECGs, read or drawn, without a word about the person."""

import json
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from bench.dataset.phantom import Phantoms
from measurements import measure

from ..command import bench, is_one_sentence
from ..physionet import microvolts
from .dataset.recording import files


@pytest.fixture(scope="module")
def samples():
    return microvolts(Phantoms("1,66"), 3, 500)


@pytest.fixture(scope="module")
def folder(samples, tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    files.write_wfdb(folder / "a", samples)
    files.write_scp(folder / "b.scp", samples)
    files.write_csv(folder / "c.csv", samples)
    return folder


def test_axes_probabilities_and_numbers_are_printed_with_the_notice(folder):
    done = bench("read", "a.hea", "b.scp", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "a.hea: WFDB record, 500 Hz, 10 s" in done.stdout
    assert "b.scp: SCP-ECG, 500 Hz, 10 s\n  III, aVR, aVL, aVF computed from I and II" in done.stdout
    assert "rhythm" in done.stdout and "QRS duration" in done.stdout
    assert "no medical device" in done.stdout and "not for patients" in done.stdout
    assert "Erika" not in done.stdout + done.stderr


def test_json_says_what_the_network_and_the_measurements_say(folder, samples):
    done = bench("read", "a.hea", "--json", cwd=folder)
    data = json.loads(done.stdout)
    (one,) = data["recordings"]
    assert data["notice"].startswith("This is no medical device")
    assert (one["file"], one["kind"], one["reader"], one["seconds"]) == ("a.hea", "WFDB record", "resnet1d", 10)
    numbers = measure((samples / 1000).astype(np.float32), 500)
    assert one["measurements"]["heart_rate"] == pytest.approx(numbers.heart_rate.value, abs=0.5)
    assert sum(one["probabilities"]["diagnosis"].values()) == pytest.approx(1, abs=1e-3)
    assert one["values"].keys() >= {"rate", "rhythm", "axis", "conduction", "diagnosis"}


@pytest.mark.parametrize("reader", ["digitizer", "measurements", "majority"])
def test_readers_of_pictures_and_numbers_read_too_and_those_of_nothing_do_not(reader, folder):
    done = bench("read", "a.hea", "--reader", reader, "--json", cwd=folder)
    if reader == "majority":
        assert is_one_sentence(done, "reader 'majority' looks at no signal and no picture")
    else:
        (one,) = json.loads(done.stdout)["recordings"]
        assert (one["reader"], one["values"]["rate"]) == (reader, "normal")


def test_nothing_is_sent_to_a_service(folder):
    done = bench("read", "a.hea", "--reader", "openai:gpt-5.4", cwd=folder, OPENAI_API_KEY="none")
    assert is_one_sentence(done, "reader 'openai:gpt-5.4' sends what it reads to a service")


def test_pictures_say_their_resolution_and_are_written_whole(folder, tmp_path):
    done = bench(
        "read", folder / "a.hea", folder / "b.scp", "--draw", "--renderer", "printed,clean", "--out", "p", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    names = ["01_a-hea_clean.png", "01_a-hea_printed.png", "02_b-scp_clean.png", "02_b-scp_printed.png"]
    assert sorted(path.name for path in (tmp_path / "p").iterdir()) == names
    from PIL import Image

    with Image.open(tmp_path / "p" / names[1]) as picture:
        picture.load()
        assert picture.info["dpi"] == pytest.approx((6 * 25.4, 6 * 25.4), abs=0.1)
    assert "no medical device" in done.stdout
    assert b"Erika" not in b"".join(path.read_bytes() for path in (tmp_path / "p").iterdir())


def test_the_leads_are_drawn_one_by_one_and_told_as_json(folder, tmp_path):
    done = bench("read", folder / "a.hea", "--draw", "--renderer", "leads", "--json", cwd=tmp_path)
    (one,) = json.loads(done.stdout)["recordings"]
    assert len(one["pictures"]) == 12
    assert all((tmp_path / path).is_file() for path in one["pictures"])


def test_a_csv_file_is_told_its_rate_and_unit(folder):
    done = bench("read", "c.csv", "--fs", "500", "--unit", "uV", "--json", cwd=folder)
    assert json.loads(done.stdout)["recordings"][0]["fs"] == 500
    assert is_one_sentence(bench("read", "c.csv", cwd=folder), "c.csv does not say its sampling rate")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("no.dcm",), "no.dcm is missing"),
        (
            ("a.hea", "c.csv", "--unit", "uV"),
            "a.hea is a file of kind WFDB record, which says that itself: leave --unit out",
        ),
        (("c.csv", "--fs", "500", "--unit", "furlong"), "gives voltages in 'furlong': units that are read are mV"),
        (("a.hea", "--at", "8"), "--at 8 leaves 2 of the 10 s"),
        (("a.hea", "--at", "-1"), "--at"),
        (("a.hea", "--reader", "nobody"), "unknown reader 'nobody'"),
        (("a.hea", "--renderer", "printd"), "unknown renderer 'printd'"),
        (("a.hea", "--renderer", "clean"), "--renderer decides nothing here"),
        (("a.hea", "--out", "p"), "--out decides nothing here"),
        (("a.hea", "--draw", "--reader", "resnet1d"), "--reader and --option decide nothing with --draw"),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_is_written(words, said, folder):
    before = sorted(folder.iterdir())
    done = bench("read", *words, cwd=folder)
    assert is_one_sentence(done, said), done.stderr
    assert not done.stdout and sorted(folder.iterdir()) == before


def test_nothing_is_read_when_one_of_the_files_cannot_be(folder, tmp_path):
    (tmp_path / "bad.scp").write_bytes(struct.pack("<HI", 0, 99))
    done = bench("read", folder / "a.hea", tmp_path / "bad.scp", cwd=tmp_path)
    assert is_one_sentence(done, "bad.scp is no whole SCP-ECG file: it is cut off or damaged")
    assert not done.stdout


def test_a_terminal_asks_for_what_a_csv_file_does_not_say(folder, monkeypatch):
    answers = iter(["500", "uV"])
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.prompt", lambda question: next(answers))
    done = bench("read", "c.csv", cwd=folder)
    assert done.returncode == 0 and "c.csv: CSV, 500 Hz, 10 s" in done.stdout
    assert next(answers, None) is None


def test_recordings_of_other_hospitals_are_read(shared_data, tmp_path):
    headers = sorted((Path(shared_data) / "other_domains").rglob("*.hea"))
    if not headers:
        pytest.skip(f"there are no Challenge recordings in {shared_data}")
    done = bench("read", *headers[::20], "--json", cwd=tmp_path)
    found = json.loads(done.stdout)["recordings"]
    assert len(found) == len(headers[::20])
    assert all(one["values"]["rhythm"] for one in found)
