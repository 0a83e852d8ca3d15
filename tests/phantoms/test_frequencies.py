"""The counts behind a population: made anew from a table, and those of the tree are PTB-XL's."""

from collections import Counter
from importlib.resources import files

import pytest

from bench.dataset.phantom import Phantoms
from bench.dataset.ptbxl import PtbXl
from bench.training.phantom_frequencies import LEAST, as_text, count_statements
from taxonomy.error import DatasetError
from tests.physionet import write_folder


def test_combinations_that_are_often_shared_are_counted_and_rarer_ones_taken_apart(tmp_path):
    phantoms = Phantoms("1,20")
    table = PtbXl(write_folder(tmp_path, phantoms, range(len(phantoms))))
    counts = count_statements(table)
    codes = [phantoms.draw(record.ecg_id).codes for record in phantoms if record.fold == "train"]
    often = {codes: count for codes, count in Counter(codes).items() if count >= LEAST}
    assert often and counts["records"] == len(codes) == 160
    assert {frozenset(row["statements"]): row["records"] for row in counts["together"]} == often
    rare = Counter(code for one in codes if one not in often for code in one)
    assert counts["in_rarer_combinations"] == rare
    assert list(rare.values()) and list(counts["in_rarer_combinations"].values()) == sorted(rare.values(), reverse=True)
    assert counts["counted_on"].startswith("folds 1 to 8 of ")


def test_a_table_without_records_for_training_is_refused(tmp_path):
    phantoms = Phantoms("1,3")
    table = PtbXl(write_folder(tmp_path, phantoms, range(3)))
    with pytest.raises(DatasetError, match="no SCP-ECG statement in folds 1 to 8"):
        count_statements(table)


@pytest.mark.slow
def test_the_counts_of_the_tree_are_those_of_ptbxl(ptbxl):
    assert as_text(count_statements(ptbxl)) == (files("phantoms") / "frequencies.json").read_text(encoding="utf-8")
