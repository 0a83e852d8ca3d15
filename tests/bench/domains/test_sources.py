"""The domains of datasets: sources of a Challenge folder, names, copies, and what is left out."""

import pytest

from bench.dataset import Record, Split
from bench.dataset.phantom import Phantoms
from bench.dataset.ptbxl import PtbXl
from bench.domains.sources import NamedDataset, domains_of, harmless_name, named_dataset
from taxonomy.error import DatasetError, SettingError, UnknownNameError

from ...challenge import tracing, write_challenge

NORMAL = ("Age: 56", "Sex: Male", "Dx: 426783006")


def challenge(folder, *names, seed=0):
    """Write recordings of a Challenge folder; each its own tracing."""
    for number, name in enumerate(names):
        write_challenge(folder / f"{name}.hea", NORMAL, tracing(seed=100 * seed + number))
    return named_dataset(f"challenge:{folder}")


def test_a_challenge_folder_falls_into_its_sources_and_any_other_dataset_is_one(tmp_path):
    of_challenge = challenge(tmp_path, "georgia/E00001", "georgia/E00002", "ningbo/JS20000")
    found = domains_of([of_challenge, named_dataset("phantoms:1,2")])
    assert [(one.name, len(one.records)) for one in found.domains] == [
        ("georgia", 2),
        ("ningbo", 1),
        ("phantoms-1-2", 20),
    ]
    georgia, _, phantoms = found.domains
    assert georgia.lenient is not None and georgia.lenient.is_lenient and not georgia.dataset.is_lenient
    assert georgia.lenient_truths is not None and list(georgia.lenient_truths) == ["E00001", "E00002"]
    assert phantoms.lenient is None and phantoms.lenient_truths is None
    assert found.notes == ()


def test_lenient_labels_that_are_asked_for_are_compared_with_none(tmp_path):
    challenge(tmp_path, "georgia/E00001")
    (domain,) = domains_of([named_dataset(f"challenge:{tmp_path},lenient")]).domains
    assert domain.dataset.is_lenient and domain.lenient is None


def test_two_domains_with_the_same_ids_are_two(tmp_path):
    found = domains_of(
        [named_dataset("phantoms:1,2"), named_dataset("phantoms:2,2"), named_dataset("phantoms:1,balanced,2")]
    )
    first, second, third = found.domains
    assert [one.ecg_id for one in first.records] == [one.ecg_id for one in second.records]
    assert len({first.name, second.name, third.name}) == 3
    assert first.truths.keys() == second.truths.keys() and first.truths != second.truths


@pytest.mark.parametrize(
    ("first", "second"),
    [("phantoms:1,2", "phantoms:1,2"), ("phantoms:1,2", "phantoms:1,3"), ("one=phantoms:1,3", "two=phantoms:1,2")],
)
def test_the_same_recordings_under_two_names_are_refused(first, second):
    with pytest.raises(DatasetError, match="both hold the recording of 0, so that a model taught one would be tested"):
        domains_of([named_dataset(first), named_dataset(second)])


def test_a_source_in_two_folders_is_given_a_name_or_refused(tmp_path):
    one = challenge(tmp_path / "one", "georgia/E00001")
    other = challenge(tmp_path / "two", "georgia/E00002", seed=1)
    with pytest.raises(SettingError, match=r"two domains are called 'georgia', .* --data NAME=challenge:"):
        domains_of([one, other])
    renamed = named_dataset(f"elsewhere=challenge:{tmp_path / 'two'}")
    assert [domain.name for domain in domains_of([one, renamed]).domains] == ["georgia", "elsewhere"]
    again = named_dataset(f"again=challenge:{tmp_path / 'one'}")
    with pytest.raises(DatasetError, match="'georgia' and 'again' both hold the recording of E00001"):
        domains_of([one, again])


def test_a_folder_whose_name_looks_like_a_named_domain_is_that_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    challenge(tmp_path / "a=b", "georgia/E00001")
    assert named_dataset("challenge:a=b").name == ""
    assert named_dataset("c=challenge:a=b").name == "c"


def test_a_domain_without_a_signal_is_left_out_and_said(tmp_path):
    of_challenge = challenge(tmp_path, "georgia/E00001", "ningbo/JS20000")
    (tmp_path / "ningbo" / "JS20000.mat").unlink()
    of_challenge = named_dataset(f"challenge:{tmp_path}")
    found = domains_of([of_challenge])
    assert [domain.name for domain in found.domains] == ["georgia"]
    assert found.notes == (
        "ningbo is left out: none of its 1 records has a signal that can be read ('bench data verify' says why)",
    )
    with pytest.raises(DatasetError, match="no domain has a record with a signal"):
        domains_of([of_challenge], ["ningbo"])


class OwnPtbXl(Phantoms):
    """Phantoms that stand for PTB-XL."""

    def __init__(self):
        super().__init__("1,2")
        self.name = PtbXl.name


def test_the_challenges_copy_of_ptbxl_is_left_out_beside_ptbxl(tmp_path):
    of_challenge = challenge(tmp_path, "georgia/E00001", "ptb-xl/HR00001")
    found = domains_of([of_challenge, NamedDataset(OwnPtbXl())])
    assert [domain.name for domain in found.domains] == ["georgia", "ptbxl"]
    (note,) = found.notes
    assert note.startswith("ptb-xl is left out: its 1 records are the Challenge's copy of PTB-XL")
    assert [domain.name for domain in domains_of([of_challenge]).domains] == ["georgia", "ptb-xl"]


def test_only_those_that_are_chosen(tmp_path):
    of_challenge = challenge(tmp_path, "georgia/E00001", "ningbo/JS20000")
    assert [domain.name for domain in domains_of([of_challenge], ["ningbo"]).domains] == ["ningbo"]
    with pytest.raises(UnknownNameError, match=r"unknown domain 'nigbo'.*Did you mean 'ningbo'"):
        domains_of([of_challenge], ["nigbo"])


def test_a_larger_sample_holds_the_smaller():
    few, more = (
        {record.ecg_id for record in domains_of([named_dataset("phantoms:1,6")], sample=count).domains[0].records}
        for count in (5, 9)
    )
    assert len(few) == 5 and len(more) == 9 and few < more


class Strange(Phantoms):
    """A dataset of somebody's with a name that no folder should have."""

    def __init__(self):
        super().__init__("1,2")
        self.name = "../../Etc|<b>|\n[x](y)"
        self.splits = {"test": Split("test", ("test",), "all")}


def test_the_name_of_a_strangers_dataset_is_harmless():
    (domain,) = domains_of([NamedDataset(Strange())]).domains
    assert domain.name == "etc-b-x-y"
    assert harmless_name("..") == harmless_name("") == "domain"
    assert len(harmless_name("x" * 500)) == 60
    assert isinstance(domain.records[0], Record)
