"""The download against a real HTTP server on loopback, with the faults that real ones have."""

import threading
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bench.dataset.fetch import FetchOptions, fetch, sampled
from bench.dataset.ptbxl import PtbXl
from bench.storage import sha256
from taxonomy.error import DatasetError


@dataclass
class Site:
    folder: Path
    faults: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)
    url: str = ""


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

    def answer(self, status, body, kind):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def site(physionet_folder):
    files = [path for path in physionet_folder.rglob("*") if path.is_file()]
    lines = [f"{sha256(path)} {path.relative_to(physionet_folder).as_posix()}" for path in files]
    (physionet_folder / "SHA256SUMS.txt").write_text("\n".join(lines) + "\n")
    served = Site(physionet_folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, served))
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
    assert (fetched.files, fetched.downloaded) == (9, 9)
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


def test_a_smaller_sample_lies_in_a_larger_one_and_keeps_patients_whole(site):
    small, large = ({row.ecg_id for row in sampled(site.folder, size)} for size in (1, 400))
    assert small < large
    patients = {row.patient_id for row in sampled(site.folder, 1)}
    assert {row.ecg_id for row in sampled(site.folder, 400) if row.patient_id in patients} == small


def test_without_a_network_one_sentence_says_what_works(tmp_path):
    with pytest.raises(DatasetError, match="cannot be reached; without a network, --data phantoms:1 works"):
        fetch(tmp_path, FetchOptions(base_url="http://127.0.0.1:9/", retries=0), lambda done, total: None)
