"""A person as a reader: known to every command by name, and asked in the reading room alone."""

from importlib.metadata import EntryPoint

import pytest

from readers.contract import Reader
from readers.human import HumanReader, is_person
from readers.registry import reader
from taxonomy.error import ReaderError

from ..command import bench, is_one_sentence

ENTRY = "[ecg_bench.readers]\nhuman = readers.human:HumanReader\n"


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """The entry point of the reader, as an installation has it."""
    folder = tmp_path / "package" / "room-1.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: room\nVersion: 1\n")
    (folder / "entry_points.txt").write_text(ENTRY)
    monkeypatch.syspath_prepend(str(folder.parent))


def test_a_person_is_a_reader_of_pictures_and_numbers():
    found = HumanReader("Ann B.")
    assert isinstance(found, Reader) and found.name == "human:Ann B." and found.inputs == {"image", "text"}
    assert HumanReader("ann", "paper").inputs == {"signal", "text"}
    assert is_person("human:ann") and not is_person("humane:ann")


@pytest.mark.parametrize(
    "name",
    ["", " ann", "ann ", "../../etc", "a/b", "<script>alert(1)</script>", "ann\n", "a\x1b[2J", "a" * 41, "Zoë", "-x",
     "a:b"],
)  # fmt: skip
def test_a_name_that_is_not_harmless_is_refused(name, tmp_path):
    with pytest.raises(ReaderError, match=r"a person's name is at most 40 letters"):
        HumanReader(name)
    if name.strip():
        done = bench("read-blind", f"--as={name}", "--sample", 2, cwd=tmp_path)
        assert is_one_sentence(done, "a person's name is at most 40 letters") and not (tmp_path / "runs").exists()


def test_what_cannot_be_shown_is_refused():
    with pytest.raises(ReaderError, match="shown one of page, paper, not 'hologram'"):
        HumanReader("ann", "hologram")


@pytest.mark.parametrize("words", [("run",), ("ablate", "--conditions", "full")])
def test_every_command_that_asks_says_where_a_person_is_asked(words, tmp_path, installed):
    assert isinstance(reader("human:ann"), HumanReader)
    done = bench(*words, "--reader", "human:ann", "--sample", 2, cwd=tmp_path)
    assert is_one_sentence(done, "reads in the browser: use 'bench read-blind --as \"ann\"' with the same options")


def test_the_project_registers_it(pytestconfig):
    text = (pytestconfig.rootpath / "pyproject.toml").read_text(encoding="utf-8")
    assert 'human = "readers.human:HumanReader"' in text
    assert EntryPoint("human", "readers.human:HumanReader", "ecg_bench.readers").load() is HumanReader
