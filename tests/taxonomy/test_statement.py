import csv
import json

import pytest

from taxonomy.parsing import parse
from taxonomy.statement import SUPERCLASSES, diagnostic, statements, subclasses

GROUPS = ("diagnostic", "form", "rhythm")


def test_there_are_71_statements_and_each_is_in_a_group_and_described_once():
    known = statements().values()
    assert len(known) == 71
    assert [one.row for one in known] == list(range(71))
    assert all(one.diagnostic or one.form or one.rhythm for one in known)
    assert len({one.description for one in known}) == 71
    assert [sum(getattr(one, group) for one in known) for group in GROUPS] == [44, 19, 12]


def test_a_class_is_that_of_a_diagnostic_statement_and_of_no_other():
    for one in statements().values():
        assert (one.superclass in SUPERCLASSES) == one.diagnostic == (one.subclass is not None), one.code
    assert len(subclasses()) == 23
    assert {one.superclass for one in diagnostic(statements())} == set(SUPERCLASSES)


def test_codes_groups_and_classes_are_ptbxls(ptbxl_folder):
    published = ptbxl_folder / "scp_statements.csv"
    if not published.is_file():
        pytest.skip(f"there is no scp_statements.csv in {ptbxl_folder}")
    with published.open(encoding="utf-8") as table:
        theirs = {row.pop(""): row for row in csv.DictReader(table)}
    assert list(theirs) == list(statements())
    for code, row in theirs.items():
        ours = statements()[code]
        assert [getattr(ours, group) for group in GROUPS] == [bool(float(row[group] or 0)) for group in GROUPS], code
        assert (ours.superclass or "", ours.subclass or "") == (row["diagnostic_class"], row["diagnostic_subclass"]), (
            code
        )


@pytest.mark.parametrize("code", [code for code, one in statements().items() if one.subclass])
def test_a_diagnosis_may_be_answered_by_a_statements_code_or_description(code):
    one = statements()[code]
    for written in (code, one.description, one.description.replace("infarction", "myocardial infarction")):
        assert parse(json.dumps({"diagnosis": written})).values == {"diagnosis": one.subclass}, written
