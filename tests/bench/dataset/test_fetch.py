"""The download against a real HTTP server on loopback, with the faults that real ones have."""

import threading
import time
import zlib
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

import pytest
import requests

from bench.dataset import fetch as fetch_module
from bench.dataset.challenge import Challenge
from bench.dataset.fetch import Fetched, FetchOptions, fetch, sampled, sampled_ids
from bench.dataset.fetch_challenge import fetch_challenge
from bench.dataset.ptbxl import PtbXl
from bench.storage import sha256
from taxonomy.error import DatasetError

from ...challenge import tracing, write_challenge
from ...command import bench, is_one_sentence
from ...physionet import table_row, write_tables
from .conftest import UNRECORDED


@dataclass
class Site:
    folder: Path
    faults: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)
    url: str = ""
    sent: int = 0


class Server(ThreadingHTTPServer):
    def handle_error(self, *_):
        """Say nothing of a client that breaks off, which many of these tests do."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, site, *arguments):
        self.site = site
        super().__init__(*arguments)

    def log_message(self, *_):
        return

    def do_GET(self):
        name = self.path.lstrip("/")
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").split("-")[0])
        self.site.asked.append((name, start))
        faults = self.site.faults.get(name, [])
        fault = faults.pop(0) if faults else None
        path = self.site.folder / name
        if fault == "500" or not path.is_file():
            self.answer(500 if fault else 404, b"no", "text/plain")
            return
        if fault == "html":
            self.answer(200, b"<html>sign in</html>", "text/html")
            return
        if fault in {"endless", "gzip"}:
            self.flood(fault)
            return
        body = path.read_bytes()
        if fault == "garbled":
            body = bytes(len(body))
        part = body[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part[: len(part) // 2] if fault == "cut" else part)
        if fault == "cut":
            self.close_connection = True

    def flood(self, kind):
        """Send zeros as long as anybody takes them, plain or as the little that gzip makes of them."""
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        if kind == "gzip":
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        with suppress(OSError):
            for _ in range(200):
                self.wfile.write(packer.compress(bytes(1 << 20)) if kind == "gzip" else bytes(1 << 20))
                self.site.sent += 1 << 20
        self.close_connection = True

    def answer(self, status, body, kind):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def site(physionet_folder):
    yield from served(physionet_folder)


def served(folder):
    """Serve a folder, with the checksums of its files, on loopback."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    lines = [f"{sha256(path)} {path.relative_to(folder).as_posix()}" for path in files]
    (folder / "SHA256SUMS.txt").write_text("\n".join(lines) + "\n")
    served = Site(folder)
    server = Server(("127.0.0.1", 0), partial(Handler, served))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    served.url = f"http://127.0.0.1:{server.server_port}/"
    yield served
    server.shutdown()
    server.server_close()


def get(site, target, **options):
    return fetch(
        target, FetchOptions(base_url=site.url, **({"connections": 2, "retries": 2} | options)), lambda d, t: None
    )


DAT = "records100/00000/00009_lr.dat"


def test_everything_that_is_wanted_arrives_and_is_readable(site, tmp_path):
    target = tmp_path / "mine"
    fetched = get(site, target)
    assert (fetched.files, fetched.downloaded) == (10, 10)
    assert PtbXl(target).record(9).signal().mv.shape == (12, 1000)
    assert not list(target.rglob("*.part"))


def test_a_second_call_downloads_nothing_but_the_sums(site, tmp_path):
    get(site, tmp_path / "mine")
    site.asked.clear()
    assert get(site, tmp_path / "mine").downloaded == 0
    assert site.asked == [("SHA256SUMS.txt", 0)]


def test_a_damaged_file_is_downloaded_again(site, tmp_path):
    get(site, tmp_path / "mine")
    (tmp_path / "mine" / DAT).write_bytes(b"x")
    assert get(site, tmp_path / "mine").downloaded == 1


def test_a_file_in_part_is_continued(site, tmp_path):
    target = tmp_path / "mine"
    part = target / f"{DAT}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes((site.folder / DAT).read_bytes()[:5000])
    get(site, target)
    assert (DAT, 5000) in site.asked
    assert sha256(target / DAT) == sha256(site.folder / DAT)


@pytest.mark.parametrize("fault", ["500", "cut", "garbled"])
def test_a_passing_fault_is_overcome(site, tmp_path, fault):
    site.faults[DAT] = [fault]
    get(site, tmp_path / "mine")
    assert sha256(tmp_path / "mine" / DAT) == sha256(site.folder / DAT)


def test_a_file_that_never_has_its_checksum_is_named(site, tmp_path):
    site.faults[DAT] = ["garbled"] * 9
    with pytest.raises(DatasetError, match=r"00009_lr\.dat was downloaded 3 times and never had the published SHA-256"):
        get(site, tmp_path / "mine")
    assert not (tmp_path / "mine" / DAT).exists()


def test_a_web_page_instead_of_a_file_is_told(site, tmp_path):
    site.faults["SHA256SUMS.txt"] = ["html"]
    with pytest.raises(DatasetError, match="answered with a web page"):
        get(site, tmp_path / "mine")


def test_a_missing_file_and_a_server_that_is_down_are_told(site, tmp_path):
    (site.folder / DAT).unlink()
    with pytest.raises(DatasetError, match=r"00009_lr\.dat cannot be downloaded: the server answered 404"):
        get(site, tmp_path / "mine", retries=0)
    site.url = "http://127.0.0.1:9/"
    with pytest.raises(DatasetError, match=r"SHA256SUMS\.txt cannot be downloaded"):
        get(site, tmp_path / "mine", retries=0)


@pytest.mark.parametrize("name", ["../outside.csv", "/etc/passwd", "a/../../b"])
def test_sums_that_lead_out_of_the_folder_are_refused(site, tmp_path, name):
    sums = site.folder / "SHA256SUMS.txt"
    sums.write_text(sums.read_text() + f"{'0' * 64} {name}\n")
    with pytest.raises(DatasetError, match="outside the folder"):
        get(site, tmp_path / "mine")


@pytest.mark.parametrize("kind", ["endless", "gzip"])
@pytest.mark.parametrize("name", ["SHA256SUMS.txt", DAT])
def test_a_file_without_end_is_given_up_and_leaves_nothing(site, tmp_path, name, kind):
    site.faults[name] = [kind] * 9
    with pytest.raises(DatasetError, match=rf"{name} is larger than [\d,]+ KiB: no file of PTB-XL's is"):
        get(site, tmp_path / "mine")
    assert site.sent < 200 << 20 or kind == "gzip"
    assert not list((tmp_path / "mine").rglob(f"{Path(name).name}*"))


def test_a_list_of_too_many_files_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(fetch_module, "MOST_FILES", 3)
    (tmp_path / "SHA256SUMS.txt").write_text("".join(f"{'0' * 64} {number}\n" for number in range(5)))
    with pytest.raises(DatasetError, match="names more than 3 files"):
        fetch_module.read_sums(tmp_path / "SHA256SUMS.txt")


def test_nothing_but_recordings_is_taken_from_a_folder_of_recordings(site, tmp_path):
    sums = site.folder / "SHA256SUMS.txt"
    sums.write_text(sums.read_text() + f"{'0' * 64} records100/00000/run.sh\n")
    assert get(site, tmp_path / "mine").files == 10


def test_a_folder_of_recordings_may_be_a_link_to_another_disk(site, tmp_path):
    target, other = tmp_path / "mine", tmp_path / "other disk"
    target.mkdir()
    other.mkdir()
    (target / "records100").symlink_to(other)
    get(site, target)
    assert (other / "00000" / "00009_lr.dat").is_file()
    assert PtbXl(target).record(9).signal().mv.shape == (12, 1000)
    (other / "00000" / "00009_lr.dat").unlink()
    missing = [problem.where for problem in PtbXl(target).check() if "00009" in problem.where]
    assert missing == [DAT]


@pytest.mark.parametrize("link", ["records100/00000", f"{DAT}.part", "SHA256SUMS.txt.part"])
def test_nothing_is_written_through_a_link_that_leads_out(site, tmp_path, link):
    target, victim = tmp_path / "mine", tmp_path / "victim"
    path = target / link
    path.parent.mkdir(parents=True)
    if link.endswith(".part"):
        victim.write_text("precious")
    else:
        victim.mkdir()
    path.symlink_to(victim)
    with pytest.raises(DatasetError, match="link"):
        get(site, target)
    assert victim.read_text() == "precious" if victim.is_file() else not list(victim.iterdir())


def test_a_file_that_is_a_link_is_replaced_and_not_written_through(site, tmp_path):
    target, victim = tmp_path / "mine", tmp_path / "victim"
    target.mkdir()
    victim.write_text("precious")
    (target / "ptbxl_database.csv").symlink_to(victim)
    get(site, target)
    assert victim.read_text() == "precious"
    assert not (target / "ptbxl_database.csv").is_symlink()


def test_a_password_in_the_address_is_used_and_never_said(site, tmp_path):
    secret = site.url.replace("http://", "http://someone:hush@")
    site.faults["SHA256SUMS.txt"] = ["html"]
    for url in (
        secret,
        secret.replace("127.0.0.1", "127.0.0.1:9/x"),
        "http://someone:hu/sh@host",
        "ftp://a:hush@host/",
        f"{secret}?token=hush",
        "http://someone:12hush/34@localhost/x/",
    ):
        done = bench("data", "fetch", tmp_path / "mine", "--url", url, cwd=tmp_path)
        assert is_one_sentence(done, "Error: "), done.stderr
        assert "hush" not in done.stderr and "hu/sh" not in done.stderr, done.stderr
        assert "someone" not in done.stderr, done.stderr


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (requests.exceptions.SSLError("raw"), "its certificate is not trusted"),
        (requests.exceptions.ReadTimeout("raw"), "the server was silent for 60 s"),
        (requests.exceptions.ChunkedEncodingError("raw"), "the connection breaks off each time"),
        (requests.exceptions.RetryError("raw"), "the server answers each time that it is busy or broken"),
        (requests.exceptions.InvalidHeader("raw"), r"the request failed \(InvalidHeader\)"),
    ],
)
def test_a_connection_that_fails_is_a_sentence_without_the_library_s_words(site, tmp_path, monkeypatch, fault, said):
    def failing(*arguments, **settings):
        raise fault

    monkeypatch.setattr(requests.Session, "get", failing)
    with pytest.raises(DatasetError, match=f"cannot be downloaded: {said}") as refused:
        get(site, tmp_path / "mine", retries=0)
    assert "raw" not in str(refused.value)


@pytest.mark.parametrize(
    ("unlisted", "words"),
    [
        ("ptbxl_database.csv", r"SHA256SUMS\.txt does not list ptbxl_database\.csv: is it PTB-XL's folder"),
        ("00070_lr.dat", r"SHA256SUMS\.txt does not list records100/00000/00070_lr\.dat"),
    ],
)
def test_sums_without_a_file_that_is_wanted_are_told(site, tmp_path, unlisted, words):
    sums = site.folder / "SHA256SUMS.txt"
    sums.write_text("".join(f"{line}\n" for line in sums.read_text().splitlines() if not line.endswith(unlisted)))
    with pytest.raises(DatasetError, match=words):
        get(site, tmp_path / "mine", sample=400)


def test_sums_that_are_none_are_told(site, tmp_path):
    (site.folder / "SHA256SUMS.txt").write_text("\nnot a digest\n")
    with pytest.raises(DatasetError, match=r"line 2 of .* is not a SHA-256 digest and a name: 'not a digest'"):
        get(site, tmp_path / "mine")


def test_a_folder_that_cannot_be_written_is_told(site, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DatasetError, match="cannot be written"):
        get(site, tmp_path / "file")


def test_a_sample_is_of_folds_9_and_10_by_patient_with_the_tables(site, tmp_path):
    rows = PtbXl(site.folder)
    chosen = [record for record in rows if record.fold in (9, 10)]
    assert 0 < len(chosen) < len(rows)
    target = tmp_path / "sampled"
    done = fetch(target, FetchOptions(base_url=site.url, sample=400), lambda done, total: None)
    fetched = PtbXl(target)
    assert {record.ecg_id for record in fetched if record.rates} == {record.ecg_id for record in chosen}
    assert done.downloaded == done.files
    again = fetch(target, FetchOptions(base_url=site.url, sample=400), lambda done, total: None)
    assert (again.files, again.downloaded) == (done.files, 0)


def test_a_smaller_sample_lies_in_a_larger_one_is_of_both_folds_and_keeps_patients_whole(population, tmp_path):
    rows = [table_row(population, number) for number in range(46, 86)]
    for row in rows:
        row["patient_id"] = int(str(row["ecg_id"])) // 2
    write_tables(tmp_path, rows)
    chosen = {size: sampled(tmp_path, size) for size in (1, 8, 12, 400)}
    assert {row.ecg_id for row in chosen[400]} == {row["ecg_id"] for row in rows}
    for small, large in pairwise(chosen.values()):
        assert {row.ecg_id for row in small} < {row.ecg_id for row in large}
    for drawn in chosen.values():
        assert set(Counter(row.patient_id for row in drawn).values()) == {2}
        assert len({Counter(row.fold for row in drawn)[fold] for fold in (9, 10)}) == 1
    assert len(chosen[12]) == 12


def test_a_sample_of_ptbxl_is_drawn_by_lot(ptbxl_folder):
    drawn = sampled(ptbxl_folder, 400)
    assert 400 <= len(drawn) < 410
    assert {row.fold for row in drawn} == {9, 10}
    assert max(int(row.ecg_id) for row in drawn) > 20_000 > 2_000 > min(int(row.ecg_id) for row in drawn)


@pytest.mark.parametrize("words", [["FOLDER", "--sample"], ["--sample", "FOLDER"], ["FOLDER", "--sample", "400"]])
def test_the_command_takes_400_records_at_500_hz_unless_it_is_told_otherwise(words, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        fetch_module, "fetch", lambda folder, options, report: asked.append((folder, options)) or Fetched(1, 1)
    )
    done = bench("data", "fetch", *(str(tmp_path) if word == "FOLDER" else word for word in words), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    ((folder, options),) = asked
    assert (folder, options.sample, options.rates) == (tmp_path, 400, (500,))


def test_the_command_takes_a_sample_and_says_what_is_there(site, tmp_path):
    words = ("data", "fetch", tmp_path / "mine", "--sample", "2", "--rates", "100", "--url", site.url)
    done = bench(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    fetched = PtbXl(tmp_path / "mine")
    assert sorted(record.fold for record in fetched if record.rates) == [9, 10]
    assert "Licence: CC BY 4.0. Cite Wagner et al. 2020" in done.stdout
    verified = bench("data", "verify", "--data", tmp_path / "mine", cwd=tmp_path)
    assert verified.returncode == 0, verified.stdout
    next((tmp_path / "mine").rglob("*.dat")).unlink()
    assert "missing: 1" in bench("data", "verify", "--data", tmp_path / "mine", cwd=tmp_path).stdout


def test_a_sample_grows_and_then_is_all(site, tmp_path):
    get(site, tmp_path / "mine", sample=2)
    few = sampled_ids(tmp_path / "mine")
    get(site, tmp_path / "mine", sample=400)
    get(site, tmp_path / "mine", sample=2)
    assert few is not None and few < sampled_ids(tmp_path / "mine") == {9, 38, 70}
    get(site, tmp_path / "mine")
    assert sampled_ids(tmp_path / "mine") is None
    assert {problem.where for problem in PtbXl(tmp_path / "mine").check()} == {
        f"records100/00000/00{number}_lr.{end}" for number in UNRECORDED for end in ("dat", "hea")
    }


def test_a_note_of_a_sample_that_is_none_is_told(physionet_folder):
    (physionet_folder / "SAMPLE.txt").write_text("9\nten\n")
    with pytest.raises(DatasetError, match=r"SAMPLE\.txt is not the list of a sample's records"):
        list(PtbXl(physionet_folder).check())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--sample", "0"), "--sample takes a whole number from 1 to 4,000, not 0"),
        (("--sample", "400", "--part", "00000"), "--sample and --part exclude each other"),
        (("--rates", "250"), "--rates takes 100, 500 or 100,500, not '250'"),
    ],
)
def test_what_cannot_be_fetched_is_told(words, said, tmp_path):
    done = bench("data", "fetch", tmp_path / "mine", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())


def test_without_a_network_one_sentence_says_what_works_and_soon(tmp_path):
    begun = time.monotonic()
    done = bench("data", "fetch", tmp_path, "--sample", "--url", "http://127.0.0.1:9/", cwd=tmp_path)
    assert is_one_sentence(done, "cannot be reached; without a network, --data phantoms:1 works"), done.stderr
    assert time.monotonic() - begun < 5


@pytest.fixture
def challenge_site(tmp_path):
    """Four sources of the Challenge as PhysioNet lays them out, one recording or more of each."""
    folder = tmp_path / "published"
    for number in range(1, 5):
        write_challenge(folder / "training" / "georgia" / "g1" / f"E{number:05d}.hea", samples=tracing(6, seed=number))
    write_challenge(folder / "training" / "ningbo" / "g11" / "JS10700.hea")
    (folder / "RECORDS").write_text("training/georgia/g1/\n")
    yield from served(folder)


def get_challenge(site, target, **options):
    asked = FetchOptions(base_url=site.url, **({"connections": 2, "retries": 2} | options))
    return fetch_challenge(target, asked, lambda done, total: None)


def test_the_challenge_arrives_is_resumed_and_is_readable(challenge_site, tmp_path):
    target, name = tmp_path / "mine", "training/georgia/g1/E00002.mat"
    part = target / f"{name}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes((challenge_site.folder / name).read_bytes()[:5000])
    challenge_site.faults["training/ningbo/g11/JS10700.mat"] = ["cut", "garbled"]
    fetched = get_challenge(challenge_site, target)
    assert (fetched.files, fetched.downloaded) == (10, 10)
    assert (name, 5000) in challenge_site.asked
    assert not list(target.rglob("*.part"))
    dataset = Challenge(str(target))
    assert len(dataset) == 5
    assert dataset.record("JS10700").signal().mv.shape == (12, 5000)
    (target / name).write_bytes(b"x")
    assert get_challenge(challenge_site, target).downloaded == 1


def test_a_source_of_the_challenge_or_a_sample_of_each_is_fetched(challenge_site, tmp_path):
    assert get_challenge(challenge_site, tmp_path / "ningbo", folder="ningbo").files == 2
    assert get_challenge(challenge_site, tmp_path / "sample", sample=4).files == 2 * (2 + 1)
    few, more = (set(Challenge(str(tmp_path / name)).cohort("all").ids) for name in ("ningbo", "sample"))
    assert few < more


def test_a_larger_sample_of_the_challenge_holds_the_smaller_and_is_everybodys(challenge_site, tmp_path):
    ids = []
    for name, size in (("one", 2), ("again", 2), ("more", 6)):
        get_challenge(challenge_site, tmp_path / name, sample=size)
        ids.append(set(Challenge(str(tmp_path / name)).cohort("all").ids))
    assert ids[0] == ids[1] < ids[2]
    assert (len(ids[0]), len(ids[2])) == (2, 4)


def test_a_list_of_the_challenge_that_leads_elsewhere_or_to_nothing_is_told(challenge_site, tmp_path):
    sums = challenge_site.folder / "SHA256SUMS.txt"
    honest = sums.read_text()
    for name, told in (
        ("training/../../../outside.hea", "names a file outside the folder"),
        ("/etc/E00009.hea", "names a file outside the folder"),
        ("training/georgia/g1/E00009.hea", "E00009.hea cannot be downloaded: the server answered 404"),
    ):
        sums.write_text(f"{honest}{'0' * 64} {name}\n")
        with pytest.raises(DatasetError, match=told):
            get_challenge(challenge_site, tmp_path / "mine")
        assert not list(tmp_path.rglob("outside.hea*"))


def test_a_source_that_the_challenge_has_not_is_told(challenge_site, tmp_path):
    with pytest.raises(DatasetError, match=r"no recording below training/leipzig: there are georgia, ningbo"):
        get_challenge(challenge_site, tmp_path / "mine", folder="leipzig")


def test_the_folder_of_another_dataset_is_told(site, tmp_path):
    with pytest.raises(DatasetError, match=r"is it the folder of the PhysioNet/CinC Challenge 2021\?"):
        get_challenge(site, tmp_path / "mine")


def test_the_command_fetches_the_challenge_by_name(challenge_site, tmp_path):
    target = tmp_path / "mine"
    done = bench("data", "fetch", "challenge", target, "--part", "georgia", "--url", challenge_site.url, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"8 files are complete in {target}, 8 of them downloaded now" in done.stdout
    for words, told in (((target, "--rates", "100"), "--rates is for PTB-XL"), ((), "Missing argument 'FOLDER'")):
        done = bench("data", "fetch", "challenge", *words, cwd=tmp_path)
        assert done.returncode == 2
        assert told in done.stderr
