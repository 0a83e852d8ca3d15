import numpy as np
import pytest

from bench.dataset.describe import describe
from bench.dataset.phantom import Phantoms
from bench.dataset.ptbxl import PtbXl
from bench.dataset.verify import recording_problems, verify
from bench.storage import sha256

from ...physionet import microvolts, write_record


def quiet(done, total):
    return None


def kinds(folder):
    return verify(PtbXl(folder), quiet).counts()


def rewrite(folder, population, change):
    samples = microvolts(population, 9, 100)
    change(samples)
    write_record(folder, "records100/00000/00009_lr", samples, 100)


def test_phantoms_are_sound_and_keep_the_laws_of_the_limb_leads():
    found = verify(Phantoms("1,3"), quiet)
    assert (found.records, found.signals, found.problems) == (30, 30, ())


def test_the_known_spike_of_ptbxls_record_162_is_reported(ptbxl):
    record = ptbxl.record(162)
    if 500 not in record.rates:
        pytest.skip("record 162 is not at hand at 500 Hz")
    found = recording_problems("here", record.signal(500).mv)
    assert [problem.kind for problem in found] == ["goldberger", "goldberger"]


def test_missing_files_are_named_one_by_one(physionet_folder):
    found = verify(PtbXl(physionet_folder), quiet)
    assert not found.sound
    missing = {problem.where for problem in found.problems if problem.kind == "missing"}
    assert missing == {f"records100/00000/00{k}_lr.{end}" for k in (133, 134) for end in ("dat", "hea")}


def test_damage_is_told_from_peculiarity(physionet_folder):
    path = physionet_folder / "records100/00000/00009_lr.dat"
    raw = bytearray(path.read_bytes())
    raw[40] ^= 1
    path.write_bytes(raw)
    assert kinds(physionet_folder)["checksum"] == 1
    path.write_bytes(bytes(raw[:-10]))
    assert kinds(physionet_folder)["unreadable"] == 1


def test_a_published_checksum_is_held_against_the_file(physionet_folder):
    table = physionet_folder / "ptbxl_database.csv"
    (physionet_folder / "SHA256SUMS.txt").write_text(f"{sha256(table)} ptbxl_database.csv\n")
    assert "checksum" not in kinds(physionet_folder)
    table.write_text(table.read_text() + "\n")
    assert kinds(physionet_folder)["checksum"] == 1


def test_nan_flat_leads_and_broken_laws_are_peculiar(physionet_folder, population):
    def broken(samples):
        samples[2, 100:200] += 100
        samples[7] = 55
        samples[9, 5] = -32768

    rewrite(physionet_folder, population, broken)
    found = verify(PtbXl(physionet_folder), quiet)
    ours = {problem.kind: problem.sentence for problem in found.problems if problem.where.startswith("record 9,")}
    assert set(ours) == {"einthoven", "flat", "nan"}
    assert "III breaks the law in 100 samples, by up to 0.10 mV" in ours["einthoven"]
    assert ours["flat"] == "is flat in V2"
    assert ours["nan"] == "has samples without a value: V4 (1)"
    assert not any(p.serious for p in found.problems if p.where.startswith("record 9,"))


def test_an_all_nan_lead_is_flat_and_raises_nothing(population):
    mv = population.record(9).signal(100).mv.copy()
    mv[11] = np.nan
    assert {problem.kind for problem in recording_problems("here", mv)} == {"nan", "flat"}


def test_a_description_counts_what_is_there(physionet_folder):
    lines = describe(PtbXl(physionet_folder))
    assert lines["records"] == "6, 4 with a signal at hand"
    assert lines["rates"] == "100 Hz 4"
    assert lines["records with a signal by fold"] == "1 1, 9 1, 10 2"
    assert lines["labelled without measuring"].startswith("rate 0, rhythm 6, ")
    assert "CC BY 4.0" in lines["licence"]
