"""No recording, table row or report of another source lies in the tree; and the scan finds them where they do."""

import base64
import csv
import lzma
import re
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from taxonomy.statement import statements

from .physionet import microvolts, write_folder
from .provenance import Published, files_of, scan

ROOT = Path(__file__).parents[1]

TERMS = frozenset(
    {
        "DIG", "LNGQT", "NORM", "LVH", "LAFB", "IRBBB", "1AVB", "CRBBB", "CLBBB", "LPFB", "RVH", "ILBBB", "SEHYP",
        "3AVB", "2AVB", "HVOLT", "SR", "AFIB", "STACH", "SARRH", "SBRAD", "SVARR", "AFLT", "SVTAC", "PSVT",
    }
)  # fmt: skip
"""Statements whose description is the name of the finding, which has no other."""

ROW = "77,12345.0,61.0,1,,,,,,,befund in eigenen worten,\"{'NORM': 100.0" + ", 'SR': 0.0}\",MID,,10,a,b\n"
REPORT = " ".join(
    (
        "Sinusrhythmus,",
        "Lagetyp normal,",
        "periphere Niederspannung.",
    )
)
"""Made up, in the form of PTB-XL's, and broken where a line of this file would be found itself."""


def planted(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def whats(paths, published=None):
    return [found.what for found in scan(paths, published)]


@pytest.mark.slow
def test_nothing_of_others_lies_in_the_tree():
    assert scan(files_of(ROOT)) == []


@pytest.fixture(scope="module")
def published(ptbxl_folder):
    return Published(ptbxl_folder)


@pytest.mark.slow
def test_nothing_of_ptbxl_lies_in_the_tree(published):
    assert scan(files_of(ROOT), published) == []


def test_the_scan_looks_at_every_package_and_at_the_tests():
    seen = {path.relative_to(ROOT).parts[0] for path in files_of(ROOT)}
    assert {"bench", "measurements", "phantoms", "readers", "renderers", "taxonomy", "tests", "docs", "results"} <= seen


@pytest.fixture
def samples(population):
    return microvolts(population, 3, 100)


def test_recordings_are_found_by_their_form(population, samples, tmp_path):
    folder = write_folder(tmp_path / "ptbxl", population, (3,), with_signal=(3,))
    for path in (*folder.rglob("*.dat"), *folder.rglob("*.hea")):
        assert f"a file of recordings by its name {path.suffix}" in whats([path])
    block = lzma.compress(np.diff(samples).tobytes())
    written = "\n".join(",".join(map(str, sample)) for sample in samples.T)
    for name, content, said in (
        ("fold01.bin", block, "a binary file that is neither a picture nor weights"),
        ("notes.txt", samples.tobytes(), "a binary file"),
        ("fold01.xz", block, "a file of recordings by its name .xz"),
        ("block.py", f'BLOCK = "{base64.b64encode(block).decode()}"\n', "an encoded block"),
        ("block.json", f'{{"block": "{block.hex()}"}}\n', "an encoded block"),
        ("block.md", base64.encodebytes(block).decode(), "an encoded block"),
        ("lead.json", f'{{"II": {samples[1].tolist()}}}\n', "a run of numbers"),
        ("leads.csv", written, "a run of numbers"),
    ):
        found = whats([planted(tmp_path, name, content)])
        assert any(one.startswith(said) for one in found), (name, found)


def test_recordings_are_found_among_weights_and_behind_a_picture(samples, tmp_path):
    picture = (ROOT / "docs" / "pictures" / "clean.png").read_bytes()
    assert whats([planted(tmp_path, "a.png", picture)]) == []
    assert whats([planted(tmp_path, "b.png", picture + samples.tobytes())]) == ["a picture with something behind it"]
    for name, array in (("c", samples[:, :640]), ("d", samples.astype(np.float32))):
        save_file({"w": array.copy(), "ours": np.ones((8, 320), np.float16)}, tmp_path / f"{name}.safetensors")
        assert whats([tmp_path / f"{name}.safetensors"]) == ["an array 'w' that may hold recordings"]


def test_rows_and_reports_are_found_by_their_form(population, tmp_path):
    folder = write_folder(tmp_path / "ptbxl", population, (3, 4))
    assert "rows of a table like PTB-XL's" in whats([folder / "ptbxl_database.csv"])
    assert whats([planted(tmp_path, "rows.txt", f"some records\n{ROW}")]) == ["rows of a table like PTB-XL's"]
    assert whats([planted(tmp_path, "case.md", f"A case:\n{REPORT}\n")]) == ["the text of a report in German"]
    assert whats([planted(tmp_path, "ours.md", "Sinus rhythm, the Linkstyp, and nothing else.\n")]) == []


def test_a_file_of_ptbxl_is_found_under_another_name(published, tmp_path):
    files = [path for of_size in published.files.values() for path in of_size]
    chosen = [next((path for path in files if path.match(kind)), None) for kind in ("*.dat", "*.hea", "scp_*.csv")]
    if None in chosen:
        pytest.skip(f"there is no recording, or no scp_statements.csv, in {published.folder}")
    for path in chosen:
        assert "a file of PTB-XL" in whats([planted(tmp_path, "notes.txt", path.read_bytes())], published)
    assert "a table of PTB-XL" in whats([tmp_path / "notes.txt"])


def test_rows_and_reports_of_ptbxl_are_found_in_a_text_of_ours(published, tmp_path):
    row = max(published.rows, key=lambda row: len(row["report"]))
    told = f"As we know:\n{row['report'].upper().replace(' ', ' - ')} -- and so on.\n"
    assert any(one.startswith("words of a report") for one in whats([planted(tmp_path, "a.md", told)], published))
    line = f"{row['ecg_id']},{row['patient_id']},{row['age']},{row['sex']},,\n"
    assert "a row of PTB-XL's table" in whats([planted(tmp_path, "b.csv", line)], published)
    time = f"at {row['recording_date']}\n"
    assert whats([planted(tmp_path, "c.md", time)], published) == ["the time of a recording of PTB-XL"]
    assert whats([planted(tmp_path, "d.md", "at 1984-11-09 25:00:00\n")], published) == []


def test_the_statements_are_described_in_our_own_words(ptbxl_folder):
    table = ptbxl_folder / "scp_statements.csv"
    if not table.is_file():
        pytest.skip(f"there is no scp_statements.csv in {ptbxl_folder}")
    with table.open(newline="", encoding="utf-8") as content:
        published = {row[""]: row for row in csv.DictReader(content)}
    columns = ("description", "SCP-ECG Statement Description")
    same = {
        code
        for code, one in statements().items()
        if words(one.description) in [words(published[code][column]) for column in columns]
    }
    assert same <= TERMS


def words(text):
    return re.findall(r"\w+", text.lower())
