"""Maps that were made elsewhere: what is scored, and what is refused in one sentence."""

import io
import os
import subprocess
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from bench.explain.belief import map_file
from bench.explain.belief.judging import rows
from bench.explain.belief.map_file import read_maps, rows_of_maps, scored
from bench.explain.belief.verdict import LEAST_PATIENTS
from bench.explain.maps.gradient import integrated_gradients
from readers.contract import Case
from readers.torch_reader import TorchReader
from taxonomy.error import BenchError, FileError, UnknownNameError
from tests.bench.explain.test_metric import Late


def saved(path, **arrays):
    given = {"maps": np.ones((2, 12, 1000), np.float32), "ids": np.array([1, 2]), "target": np.array("rhythm=sinus")}
    np.savez(path, **{name: value for name, value in (given | arrays).items() if value is not None})
    return path


@pytest.fixture
def file(tmp_path):
    return tmp_path / "maps.npz"


@pytest.fixture(scope="module")
def network():
    return TorchReader(Late().eval(), {"rhythm": ("sinus", "paced")}, fs=100).network()


@pytest.fixture(scope="module")
def ids(population):
    return np.array([record.ecg_id for record in population.cohort("test")][:3])


def shown(network, population, ecg_id):
    signal = population.record(ecg_id).signal()
    return network.prepare(Case("", signal=signal.mv, fs=signal.fs))


def test_the_true_map_is_told_from_a_flat_one(file, network, population, ids):
    seen = [shown(network, population, one) for one in ids.tolist()]
    true = np.stack([integrated_gradients(network, one, 0) for one in seen])
    own = scored(read_maps(saved(file, maps=true, ids=ids)), population, network)
    assert all(one.deletion > one.energy.deletion for one in own)
    assert all(0 < one.area < 1 for one in own)
    assert {one.method for one in own} == {"maps"}
    flat = scored(read_maps(saved(file, maps=np.ones_like(true), ids=ids)), population, network)
    assert [one.mass for one in flat] == pytest.approx([one.area for one in flat])
    assert all(one.deletion == 0 for one in flat)
    (told,) = rows("torch", own)
    assert told.verdict.because == "no known truth"
    assert told.clinical.area.value == pytest.approx(np.mean([one.area for one in own]), abs=1e-5)


def test_maps_without_a_reader_have_mass_and_pointing_at_any_rate(file, population, ids):
    each = np.array(["rhythm=sinus"] * 3)
    found = read_maps(saved(file, maps=np.ones((3, 12, 2500), np.float64), ids=ids, target=each))
    for one in scored(found, population):
        assert one.mass == pytest.approx(one.area)
        assert one.energy.mass is not None
        assert one.deletion is None
        assert one.random is None


def test_maps_of_random_weights_give_the_sanity_check(file, population, ids):
    noise = np.random.default_rng(0).random((2, 3, 12, 1000)).astype(np.float32)
    same = scored(read_maps(saved(file, maps=noise[0], ids=ids, random=noise[0])), population)
    other = scored(read_maps(saved(file, maps=noise[0], ids=ids, random=noise[1])), population)
    assert all(one.random > 0.99 for one in same)
    assert all(abs(one.random) < 0.1 for one in other)


STRANGER = """
import sys
import numpy as np

out, kind, ids = sys.argv[1], sys.argv[2], np.array(sys.argv[3].split(","), dtype=int)
chance = np.random.default_rng(0)
maps = chance.random((len(ids), 12, 1000))
if kind == "worst":
    maps[:, 1, 400:600] = 0
more = {} if kind == "alone" else {"random": maps if kind == "same" else chance.random(maps.shape)}
np.savez_compressed(out, maps=maps, ids=ids, target="rhythm=sinus", **more)
assert not {name.split(".")[0] for name in sys.modules} & {"torch", "bench", "scipy"}
"""


OPEN = ("other", "worst")
"""Archives that are scored with the reader they explain."""


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (
            "alone",
            "cannot tell: no known truth, since evidence is planted for methods that run here alone; nor is there "
            "'random' in the archive or the reader they explain, by which they could fail",
        ),
        ("other", "cannot tell: no known truth, since evidence is planted for methods that run here alone"),
        ("same", "fails the sanity check"),
        ("worst", "no better than amplitude"),
    ],
)
def test_a_strangers_archive_has_a_verdict_or_why_not(kind, said, file, network, population):
    sinus = [one for one in population.cohort("test") if population.truth(one).values["rhythm"] == "sinus"]
    ids = ",".join(str(one.ecg_id) for one in sinus[: LEAST_PATIENTS + 2])
    subprocess.run([sys.executable, "-I", "-c", STRANGER, str(file), kind, ids], check=True)
    found = read_maps(file)
    if kind == "other":
        true = [integrated_gradients(network, shown(network, population, one), 0) for one in found.ids]
        found = replace(found, maps=np.stack(true))
    (told,) = rows_of_maps("mine", scored(found, population, network if kind in OPEN else None))
    assert str(told.verdict) == said
    assert told.patients == LEAST_PATIENTS + 2
    assert told.clinical.verdict == told.verdict
    assert (told.random is None) == (kind == "alone")


def test_few_maps_of_a_stranger_say_how_few(file, population, ids):
    noise = np.random.default_rng(0).random((3, 12, 1000))
    (told,) = rows_of_maps("mine", scored(read_maps(saved(file, maps=noise, ids=ids)), population))
    assert str(told.verdict).endswith("n = 3 patients, fewer than 10")


def nan():
    maps = np.ones((2, 12, 1000))
    maps[1, 6, 7] = np.nan
    return maps


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"maps": None}, "has no array 'maps'"),
        ({"target": None}, "has no array 'target'"),
        ({"maps": np.ones((2, 11, 1000))}, r"maps has shape \(2, 11, 1000\), not \(n, 12, samples\)"),
        ({"maps": np.ones((12, 1000))}, r"maps has shape \(12, 1000\)"),
        ({"maps": np.ones((0, 12, 1000)), "ids": np.zeros(0, int)}, r"maps has shape \(0, 12, 1000\)"),
        ({"maps": np.ones((2, 12, 1000), int)}, "values of type int64, not floating-point"),
        ({"maps": nan()}, "maps holds NaN or infinity, first in number 2, lead V1, sample 7"),
        ({"maps": np.full((2, 12, 1000), 1e300)}, "maps holds NaN or infinity"),
        ({"random": np.ones((2, 12, 500))}, r"random has shape \(2, 12, 500\), and maps \(2, 12, 1000\)"),
        ({"ids": np.array([1, 2, 3])}, r"ids has shape \(3,\).* each of 2 maps"),
        ({"ids": np.array([1.0, 2.0])}, "ids has shape .* type float64"),
        ({"ids": np.array([1, "a"], dtype=object)}, "ids.npy in .* holds objects"),
        ({"target": np.array(["rhythm=sinus"] * 3)}, r"target has shape \(3,\)"),
        ({"target": np.array(3)}, "target has shape .* one text such as 'conduction=lbbb'"),
    ],
)
def test_an_archive_that_is_not_as_it_must_be_is_one_sentence(file, arrays, said):
    with pytest.raises(FileError, match=said) as caught:
        read_maps(saved(file, **arrays))
    assert "\n" not in str(caught.value)


def test_an_unknown_target_names_the_nearest(file, network, population, ids):
    with pytest.raises(UnknownNameError, match=r"unknown target 'conduction=lbb'.*Did you mean 'conduction=lbbb'"):
        read_maps(saved(file, target=np.array("conduction=lbb")))
    found = read_maps(saved(file, ids=ids[:2], target=np.array("conduction=lbbb")))
    with pytest.raises(UnknownNameError, match="unknown head of the network 'conduction'"):
        scored(found, population, network)


def test_an_unknown_record_and_another_length_are_one_sentence(file, network, population, ids):
    with pytest.raises(FileError, match="map 2 of maps is of an unknown record 99999"):
        scored(read_maps(saved(file, ids=np.array([ids[0], 99999]))), population, network)
    with pytest.raises(FileError, match="map 1 of maps is of an unknown record '1'"):
        scored(read_maps(saved(file, ids=np.array(["1", "2"]))), population, network)
    short = saved(file, maps=np.ones((2, 12, 999)), ids=ids[:2])
    with pytest.raises(FileError, match=r"has 999 samples, and the reader's network is shown 1000 \(100 Hz\)"):
        scored(read_maps(short), population, network)
    coarse = saved(file, maps=np.ones((2, 12, 100)), ids=ids[:2])
    with pytest.raises(FileError, match=r"has 100 samples, 10\.0 Hz; at least 40 Hz are needed"):
        scored(read_maps(coarse), population)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 broken"])
def test_a_file_that_is_no_archive_is_one_sentence(file, content):
    file.write_bytes(content)
    with pytest.raises(FileError, match="cannot be read as a NumPy archive of maps"):
        read_maps(file)


@pytest.mark.parametrize("shape", ["-" * 9000 + "1,", "(" * 4000 + ")" * 4000 + ","])
def test_a_header_that_is_nested_too_deeply_is_one_short_sentence(file, shape):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({shape})}}\n".encode()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("maps.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    with pytest.raises(FileError, match="cannot be read as a NumPy archive of maps: ") as refused:
        read_maps(file)
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 400 + len(str(file))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_a_pipe_is_not_waited_for(file):
    os.mkfifo(file)
    with pytest.raises(FileError, match="is no regular file"):
        read_maps(file)


def test_a_file_that_is_not_there_is_one_sentence(file):
    with pytest.raises(FileError, match="do not exist"):
        read_maps(file)


def test_an_array_that_says_to_be_larger_than_it_is_takes_no_memory(file):
    whole = io.BytesIO()
    np.save(whole, np.ones((2, 12, 1000)))
    lying = whole.getvalue().replace(b"(2, 12, 1000)", b"(2, 12, 10**9)"[:13])
    big = io.BytesIO()
    np.lib.format.write_array_header_1_0(big, {"descr": "<f8", "fortran_order": False, "shape": (10**6, 12, 10**6)})
    for content in (big.getvalue() + b"\0" * 96, lying):
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("maps.npy", content)
        with pytest.raises(BenchError, match=r"damaged|cannot be read"):
            read_maps(file)


def test_an_archive_of_too_much_is_refused_before_it_is_unpacked(file, monkeypatch):
    monkeypatch.setattr(map_file, "LARGEST", 10_000)
    with pytest.raises(FileError, match="MiB of arrays"):
        read_maps(saved(file))
