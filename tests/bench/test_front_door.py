"""The functions of ``bench`` do what the commands do, print nothing and keep nothing."""

import json
import subprocess
import sys

import pytest

from bench import View, ablate, evaluate, load_dataset, probe, reader
from bench.storage import as_json
from readers.control import CopyControl
from taxonomy.axis import AXES
from taxonomy.error import BenchError, ReaderError, RunError, UnknownNameError
from taxonomy.reading import Reading

from ..command import bench

AXIS_NAMES = [axis.name for axis in AXES]


class Hostile:
    """A reader of somebody's own, whose name is no text for a page."""

    name = "<script>alert('x')</script>"
    inputs = frozenset({"signal"})

    def read(self, cases):
        for case in cases:
            yield Reading(values={"rate": "normal" if case.signal.mean() > 0 else "tachycardia"})


@pytest.fixture(scope="module")
def records():
    return load_dataset("phantoms:1,66").cohort("test")


def drawn(records, count, seed=0):
    """The records that ``--sample`` draws of a cohort's split."""
    return records.dataset.cohort(records.split, limit=count, seed=seed)


@pytest.fixture(scope="module")
def score(records):
    return evaluate("majority", records)


@pytest.fixture(scope="module")
def evidence(records):
    return ablate(Hostile(), records[:12])


@pytest.mark.parametrize(("name", "count"), [("majority", 66), pytest.param("resnet1d", 20, marks=pytest.mark.slow)])
def test_evaluate_gives_the_score_that_a_run_writes(name, count, records, tmp_path):
    assert bench("run", "--reader", name, "--limit", count, cwd=tmp_path).returncode == 0
    (written,) = tmp_path.glob("runs/*/score.json")
    assert as_json(evaluate(name, drawn(records, count)).to_json()) == written.read_text()


def test_evaluate_scores_only_what_the_view_asks_for(records, tmp_path):
    words = ("--format", "binary", "--condition", "crossed", "--seed", "3", "--sample", "12")
    assert bench("run", "--reader", "measurements", *words, cwd=tmp_path).returncode == 0
    (written,) = tmp_path.glob("runs/*/score.json")
    found = evaluate("measurements", drawn(records, 12, seed=3), View("crossed", format="binary", seed=3))
    assert as_json(found.to_json()) == written.read_text()
    assert found.normality.n > 0 and not any(axis.n for axis in found.axes)


@pytest.mark.slow
def test_an_ablation_in_memory_says_what_the_command_writes(records, tmp_path):
    words = ("--reader", "readers.control:CopyControl", "--limit", "16", "--seed", "1", "--image-ceiling", "")
    assert bench("ablate", *words, cwd=tmp_path).returncode == 0
    (written,) = tmp_path.glob("runs/ablation-*/evidence.json")
    told = json.loads(written.read_text())
    found = ablate(CopyControl(), drawn(records, 16, seed=1), View(seed=1), image_ceiling=None).to_json()
    for part in ("axes", "cases", "conditions", "is_simulated"):
        assert json.loads(json.dumps(found[part])) == told[part]
    assert next(axis for axis in found["axes"] if axis["axis"] == "rate")["crossed_numbers"]["value"] == 1.0


@pytest.mark.slow
def test_a_probe_in_memory_says_what_the_command_writes(records, tmp_path):
    normal = [one.ecg_id for one in records if records.truth(one).values["normality"] == "normal"][:2]
    words = ("--reader", "resnet1d", "--change", "rate", "--ids", ",".join(map(str, normal)))
    assert bench("probe", *words, cwd=tmp_path).returncode == 0
    (written,) = tmp_path.glob("runs/probe-*/probe.json")
    cohort = records.dataset.cohort(ids=normal)
    found = [vars(result) for result in probe("resnet1d", cohort, ["rate"]).results]
    assert json.loads(json.dumps(found, default=vars)) == json.loads(written.read_text())["results"]


@pytest.mark.slow
def test_nothing_is_printed_and_nothing_is_written(records, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ECG_BENCH_CACHE", str(tmp_path))
    evaluate(reader("majority"), records[:6])
    ablate(CopyControl(), records[:6])
    probe(Hostile(), records[:4], ["rate"])
    assert capfd.readouterr() == ("", "")
    assert not list(tmp_path.iterdir())


def test_any_object_that_reads_is_a_reader(records):
    found = evaluate(Hostile(), records[:6])
    assert found.n == 6 and found.failed == {}
    assert sum(found.axis("rate").no_answer.values()) == 0


def test_a_crash_costs_the_case_that_causes_it(records):
    bad = records[3].signal().mv

    class Shaky(Hostile):
        def read(self, cases):
            for case in cases:
                if (case.signal == bad).all():
                    raise RuntimeError("not this one")
                yield Reading(values={"rate": "normal"})

    assert evaluate(Shaky(), records[:8]).failed == {"crash": 1}


def test_a_reader_that_ends_the_program_loses_the_case(records):
    bad = records[3].signal().mv

    class Exiting(Hostile):
        def read(self, cases):
            for case in cases:
                if (case.signal == bad).all():
                    raise SystemExit(3)
                yield Reading(values={"rate": "normal"})

    assert evaluate(Exiting(), records[:8]).failed == {"crash": 1}


def test_ctrl_c_in_a_reader_stops(records):
    class Stopped(Hostile):
        def read(self, cases):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(Stopped(), records[:8])


def test_names_that_do_not_exist_are_told(records):
    with pytest.raises(UnknownNameError, match="Did you mean 'majority'"):
        evaluate("majorty", records)
    with pytest.raises(UnknownNameError, match="Did you mean 'rate'"):
        probe("resnet1d", records, ["rat"])
    with pytest.raises(ReaderError, match="has no option 'colour'"):
        reader("majority", colour="blue")


class Doubling(Hostile):
    def read(self, cases):
        for reading in super().read(cases):
            yield from (reading, reading)


class DoublingInABatch(Hostile):
    def read(self, cases):
        for reading in list(super().read(cases)):
            yield from (reading, reading)


class Skipping(Hostile):
    def read(self, cases):
        yield from list(super().read(cases))[1:]


class OfADict(Hostile):
    def read(self, cases):
        return {"rate": "normal"}


class Ahead(Hostile):
    def read(self, cases):
        yield Reading()
        yield from super().read(cases)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Doubling, "yielded 2 readings for the first 1 cases"),
        (DoublingInABatch, "yielded more than 8 readings for 8 cases"),
        (Skipping, "yielded 7 readings for 8 cases"),
        (OfADict, "yielded a str, not a Reading: it must yield one for each"),
        (Ahead, "yielded a reading before it took a case"),
    ],
)
def test_answers_that_would_slip_to_another_record_are_refused(kind, said, records):
    with pytest.raises(RunError, match=said):
        evaluate(kind(), records[:8])


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (lambda records: evaluate(Hostile, records), "is a class: pass an instance"),
        (lambda records: evaluate(object(), records), "reader 'object' has no 'name'"),
        (lambda records: evaluate(reader_of("signal"), records), "has inputs 'signal', which must be a set"),
        (lambda records: evaluate(reader_of({"labels"}), records), "needs an input 'labels'"),
        (lambda records: evaluate("majority", records.dataset), "records must be a cohort"),
        (lambda records: evaluate("majority", list(records)), "records must be a cohort"),
        (lambda records: evaluate("majority", records, "image-only"), "view must be a View"),
        (lambda records: ablate("majority", records[:0]), "the cohort has no record"),
        (lambda records: probe("resnet1d", records[:0]), "the cohort has no record"),
        (lambda records: records.dataset.cohort(limit=-1), "limit must be at least 1, not -1"),
        (lambda records: records.dataset.cohort(limit=0), "limit must be at least 1, not 0"),
        (lambda records: records.dataset.cohort(ids=[38, 38]), "without repetition"),
        (lambda records: records.dataset.cohort(ids="38"), "without repetition"),
        (lambda records: evaluate("majority", records[:3]).axis("rythm"), "Did you mean 'rhythm'"),
        (lambda records: probe("resnet1d", records, "rat"), "Did you mean 'rate'"),
    ],
)
def test_what_is_easily_mistaken_is_told(asked, said, records):
    with pytest.raises(BenchError, match=said):
        asked(records)


def reader_of(inputs):
    found = Hostile()
    found.inputs = inputs
    return found


def test_results_are_one_short_line(score, evidence):
    for found in (score, evidence):
        assert "\n" not in repr(found) and len(repr(found)) < 160
    assert "66 ECGs" in repr(score) and "knows 0 of 8 axes" in repr(score)
    assert "n = 12" in repr(evidence)


def test_tables_hold_every_axis(score, evidence):
    for found in (score, evidence):
        assert list(found.to_frame().index) == AXIS_NAMES
        assert all(f"<th>{name}</th>" in found._repr_html_() for name in AXIS_NAMES)
    assert score.to_frame().loc["rhythm", "accuracy"] == score.axis("rhythm").accuracy
    assert evidence.to_frame()["verdict"].tolist() == [axis.verdict for axis in evidence.axes]


def test_a_reading_is_a_table_of_its_answers():
    reading = Reading(
        values={"rate": "normal", "other_findings": frozenset()},
        probabilities={"rate": {"normal": 0.75, "bradycardia": 0.125, "tachycardia": 0.125}},
        problems={"axis": "<b>left</b>"},
    )
    table = reading.to_frame()
    assert list(table.index) == AXIS_NAMES
    assert table.loc["rate", ["value", "probability"]].tolist() == ["normal", 0.75]
    assert table["value"].isna()["axis"]
    assert "&lt;b&gt;left" in reading._repr_html_() and "<b>" not in reading._repr_html_()


def test_a_readers_name_is_text_on_a_page_and_not_markup(evidence):
    page = evidence._repr_html_()
    assert "<script>" not in page and "&lt;script&gt;" in page


HEAVY = {"numpy", "torch", "pydantic", "matplotlib", "scipy", "openai"}


def modules_of(*words):
    """Return every package that a fresh interpreter imports when it runs these words."""
    command = [sys.executable, "-X", "importtime", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}


def test_bench_is_imported_without_what_it_works_with():
    assert "bench" in (found := modules_of("-c", "import bench"))
    assert found.isdisjoint(HEAVY | {"click"})


def test_help_is_shown_without_what_the_commands_work_with():
    assert "click" in (found := modules_of("-m", "bench", "--help"))
    assert found.isdisjoint(HEAVY)


def test_what_bench_does_not_offer_is_an_attribute_error():
    import bench as package

    with pytest.raises(AttributeError, match="has no attribute 'evalute'"):
        _ = package.evalute
    assert all(hasattr(package, name) for name in package.__all__)
