import numpy as np

from bench.dataset.describe import describe
from bench.dataset.ptbxl import PtbXl
from bench.dataset.verify import recording_problems, verify
from bench.storage import sha256

from ...physionet import write_record


def quiet(done, total):
    return None


def kinds(folder):
    return verify(PtbXl(folder), quiet).counts()


def rewrite(folder, population, change):
    samples = population.samples(9, 100).copy()
    change(samples)
    write_record(folder, "records100/00000/00009_lr", samples, 100)


def test_the_embedded_sample_is_sound_but_for_the_known_spike_of_record_162(population):
    found = verify(population, quiet)
    assert found.sound
    assert found.signals == 632
    assert {problem.where for problem in found.problems} == {"record 162, 500 Hz"}
    assert found.counts() == {"goldberger": 2}


def test_missing_files_are_named_one_by_one(physionet_folder):
    found = verify(PtbXl(physionet_folder), quiet)
    assert not found.sound
    missing = {problem.where for problem in found.problems if problem.kind == "missing"}
    assert missing == {f"records100/00000/0000{k}_lr.{end}" for k in (1, 2) for end in ("dat", "hea")}


def test_damage_is_told_from_peculiarity(physionet_folder, population):
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


def test_a_description_counts_what_is_there(population, physionet_folder):
    lines = describe(population)
    assert lines["records"] == "488, 488 with a signal at hand"
    assert "NORM 286" in lines["superclass of the diagnosis"]
    assert "CC BY 4.0" in lines["licence"]
    assert describe(PtbXl(physionet_folder))["records"] == "6, 4 with a signal at hand"
