"""Pictures are kept when they are whole, and drawn again when they are not, or when anything that decides them is."""

import pytest

from bench.export import pictures
from renderers import PageStyle

from ...command import bench, is_one_sentence


@pytest.fixture
def drawn(monkeypatch):
    """The renderers of the pictures that are really drawn, in their order."""
    asked, render = [], pictures.render

    def counted(mv, fs, name, style):
        asked.append(name)
        return render(mv, fs, name, style)

    monkeypatch.setattr(pictures, "render", counted)
    return asked


WORDS = ("render", "--ids", "1,2", "--renderer", "printed,leads", "--px-per-mm", "2", "--out", "out")


def test_whole_pictures_are_kept_and_damaged_ones_drawn_again(tmp_path, drawn):
    assert "26 pictures of 2 records in out" in bench(*WORDS, cwd=tmp_path).stdout
    before = {path.name: path.read_bytes() for path in tmp_path.glob("out/*.png")}
    assert len(before) == 26
    (tmp_path / "out" / "00001_printed.png").write_bytes(b"half")
    (tmp_path / "out" / "00002_leads_V1.png").unlink()
    del drawn[:]
    again = bench(*WORDS, cwd=tmp_path)
    assert "26 pictures (13 were there) of 2 records in out" in again.stdout
    assert drawn == ["printed", "leads"]
    assert {path.name: path.read_bytes() for path in tmp_path.glob("out/*.png")} == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--pen-mm", "0.4"), "00001_printed.png, drawn with pen 0.35 mm, not 0.4 mm: name another --out"),
        (("--px-per-mm", "3", "--ids", "2"), "00001_printed.png, drawn with px-per-mm 2, not 3"),
        (("--data", "phantoms:2,66"), "drawn with data phantoms-1-66, not phantoms-2-66"),
    ],
)
def test_pictures_of_other_settings_are_not_mixed(tmp_path, drawn, words, said):
    first = ("render", "--ids", "1", "--renderer", "printed", "--out", "out")
    style = () if "--px-per-mm" in words else ("--px-per-mm", "2")
    bench(*first, "--px-per-mm", "2", cwd=tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.glob("out/*")}
    chosen = first[:1] + first[3:] if "--ids" in words else first
    done = bench(*chosen, *style, *words, cwd=tmp_path)
    assert is_one_sentence(done, said), done.stderr
    assert {path.name: path.read_bytes() for path in tmp_path.glob("out/*")} == before
    assert drawn == ["printed"]
    (tmp_path / "out" / "00001_printed.png").unlink()
    for _ in range(2):
        assert bench(*chosen, *style, *words, cwd=tmp_path).returncode == 0


def test_other_renderers_and_other_records_share_a_folder(tmp_path, drawn):
    common = ("--px-per-mm", "2", "--out", "out")
    for words in (("--ids", "1"), ("--ids", "2"), ("--ids", "1", "--renderer", "stacked")):
        assert bench("render", *words, *common, cwd=tmp_path).returncode == 0
    assert drawn == ["printed", "printed", "stacked"]


def test_a_render_that_is_stopped_goes_on(tmp_path, monkeypatch):
    whole, left = pictures.append, [2]

    def interrupted(*entry):
        whole(*entry)
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt

    monkeypatch.setattr(pictures, "append", interrupted)
    assert bench(*WORDS, cwd=tmp_path).returncode == 130
    monkeypatch.setattr(pictures, "append", whole)
    with (tmp_path / "out" / pictures.NOTES).open("a") as torn:
        torn.write('{"name": "000')
    assert "26 pictures (13 were there) of 2 records" in bench(*WORDS, cwd=tmp_path).stdout


@pytest.mark.parametrize(
    "line", ["[" * 100_000, '{"name": 1}', '{"name": "a", "key": "b", "files": {"../x": "c"}}', "{"]
)
def test_a_note_that_cannot_be_read_means_that_it_is_drawn(tmp_path, population, line):
    (tmp_path / pictures.NOTES).write_text(f"{line}\n")
    signal = population.record(1).signal()
    one = pictures.Drawing.of("00001", signal.mv, signal.fs, "printed", PageStyle(px_per_mm=2), "phantoms-1-66")
    assert pictures.save_pictures([one], tmp_path) == pictures.Saved(1, 0)
    assert str(pictures.save_pictures([one], tmp_path)) == "1 pictures (1 were there)"
