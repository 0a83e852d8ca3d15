"""A study of domain shift from its domains to its answers: what is taught, asked, stored and gone on with."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bench.dataset import Cohort
from bench.domains.asking import AskedReader
from bench.domains.domain import HELD_OUT, INTRA, ZERO_SHOT, Answered
from bench.domains.estimate import estimated
from bench.domains.running import DomainPlan, run_domains
from bench.domains.sources import domains_of, named_dataset
from bench.domains.teaching import Arm
from bench.progress import Observer
from bench.study import ask
from readers.majority import MajorityReader
from readers.resnet1d.config import training_config_from
from readers.resnet1d.reader import Resnet1dReader
from taxonomy.error import SettingError, StorageError, UnknownNameError

from ...challenge import tracing, write_challenge
from ...command import bench, is_one_sentence

TINY = training_config_from({"channels": [8], "blocks": 1, "epochs": 1, "batch": 16})
TOML = "channels = [8]\nblocks = 1\nepochs = 1\nbatch = 16\n"
"""The same as a file."""


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("ECG_BENCH_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


def plan(out, *written, sample=9, **more):
    """Return a study of a few phantoms and of what else is named, with a tiny network."""
    datasets = written or ("phantoms:1,6", "phantoms:2,6")
    domains = domains_of([named_dataset(one) for one in datasets], sample=sample).domains
    asked = tuple(map(AskedReader, more.pop("readers", ())))
    made = DomainPlan(domains, (Arm("tiny", TINY),), asked, out, folds=3, workers=1)
    return replace(made, **more)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A finished study of two domains with the same ids, and what it said."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ECG_BENCH_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        made, said = plan(tmp_path_factory.mktemp("study"), readers=("majority",)), []
        return made, run_domains(made, Observer(said.append)), said


@pytest.mark.slow
def test_every_arm_answers_every_record_of_every_domain_under_every_protocol(study):
    _, answered, _ = study
    assert [(one.arm, one.protocol, one.domain.name) for one in answered] == [
        ("majority", ZERO_SHOT, "phantoms-1-6"),
        ("majority", ZERO_SHOT, "phantoms-2-6"),
        ("tiny", INTRA, "phantoms-1-6"),
        ("tiny", INTRA, "phantoms-2-6"),
        ("tiny", HELD_OUT, "phantoms-1-6"),
        ("tiny", HELD_OUT, "phantoms-2-6"),
    ]
    for one in answered:
        assert list(one.readings) == [record.ecg_id for record in one.domain.records]
        assert all(reading.outcome == "answered" for reading in one.readings.values())
    assert [dict(one.taught) for one in answered] == [
        {},
        {},
        {"phantoms-1-6": 3.0},
        {"phantoms-2-6": 3.0},
        {"phantoms-2-6": 9.0},
        {"phantoms-1-6": 9.0},
    ]
    assert not any(one.contaminated for one in answered)


@pytest.mark.slow
def test_a_record_is_answered_by_the_network_that_was_held_out_from_it(study):
    made, answered, _ = study
    (arm,) = made.arms
    for one in answered:
        if one.protocol == ZERO_SHOT:
            continue
        for lesson in made.lessons:
            if (lesson.protocol, lesson.domain) == (one.protocol, one.domain):
                taught = Resnet1dReader(str(made.place(arm, lesson) / "weights.safetensors"))
                again = ask(taught, Cohort(one.domain.dataset, lesson.held_out, "held out"))
                assert {ecg_id: one.readings[ecg_id] for ecg_id in again} == again
                assert {one.networks[ecg_id] for ecg_id in again} == {lesson.fold}


@pytest.mark.slow
def test_the_weights_tell_what_they_were_taught(study):
    made, _, _ = study
    (arm,) = made.arms
    lesson = made.lessons[0]
    reader = Resnet1dReader(str(made.place(arm, lesson) / "weights.safetensors"))
    training, (part,) = reader.ensemble.training, lesson.parts.values()
    assert reader.taught_on == {"phantoms-1-6": {record.fold for record in (*part.train, *part.stop)}}
    assert training["domains"] == {"phantoms-1-6": len(lesson.parts["phantoms-1-6"].train)}
    assert (training["protocol"], training["held_out"]) == (INTRA, "phantoms-1-6-fold1")
    assert training["training_records"] == sum(lesson.taught.values())


@pytest.mark.slow
def test_checkpoints_are_not_kept_beside_the_weights(study):
    made, _, _ = study
    assert sorted({path.name for path in made.folder.rglob("*.safetensors")}) == ["weights.safetensors"]
    assert len(list(made.folder.rglob("epochs.jsonl"))) == len(made.lessons) == 8


@pytest.mark.slow
def test_a_second_time_nothing_is_done_anew_and_the_answers_are_the_same(study, monkeypatch):
    made, answered, _ = study
    before = {path: path.stat().st_mtime_ns for path in made.folder.rglob("*.jsonl")}
    monkeypatch.setattr("bench.domains.teaching._teach", lambda *given: pytest.fail("taught again"))
    again = run_domains(plan(made.out, readers=("majority",)))
    assert [one.readings for one in again] == [one.readings for one in answered]
    assert before == {path: path.stat().st_mtime_ns for path in made.folder.rglob("*.jsonl")}


def test_a_study_of_other_records_or_folds_is_another_folder_and_a_further_arm_is_not(tmp_path):
    made = plan(tmp_path, readers=("majority",))
    assert plan(made.out).folder == made.folder
    assert replace(made, arms=(Arm("other", TINY),)).folder == made.folder
    assert replace(made, protocols=(INTRA,)).folder == made.folder
    others = [plan(made.out, sample=8), replace(made, folds=4), replace(made, seed=1)]
    assert len({made.folder, *(one.folder for one in others)}) == 4
    wider = replace(TINY, channels=(16,))
    assert made.place(Arm("tiny", wider), made.lessons[0]) != made.place(made.arms[0], made.lessons[0])


@pytest.mark.slow
def test_trainings_of_matched_size_stand_beside_the_others_and_share_those_of_the_source(study):
    made, answered, _ = study
    matched = replace(made, size_matched=True)
    (arm,) = made.arms
    for lesson, smaller in zip(made.lessons, matched.lessons, strict=True):
        is_same = made.place(arm, lesson) == matched.place(arm, smaller)
        assert is_same == (lesson.protocol == INTRA)
    again = [one for one in run_domains(matched) if one.protocol == HELD_OUT]
    assert [dict(one.taught) for one in again] == [{"phantoms-2-6": 3.0}, {"phantoms-1-6": 3.0}]
    assert matched.page_folder == made.page_folder / "size-matched"
    assert [one.readings for one in again] != [one.readings for one in answered[4:]]


def test_one_domain_alone_leaves_no_other_to_be_taught(tmp_path):
    alone = plan(tmp_path, "phantoms:1,6")
    assert {lesson.protocol for lesson in alone.lessons} == {INTRA}
    assert alone.notes == (
        "leave-one-out is left out: phantoms-1-6 is the only domain, and no other is there to be taught; name more "
        "with --data",
    )


def test_records_that_a_reader_was_taught_are_marked(tmp_path, monkeypatch):
    monkeypatch.setattr(MajorityReader, "taught_on", {"phantoms-1-6": frozenset({"test"})}, raising=False)
    made = plan(tmp_path, readers=("majority",), protocols=(ZERO_SHOT,), sample=None)
    (first, second) = run_domains(made)
    assert first.contaminated == set(range(6)) and not second.contaminated
    assert (
        "majority was taught folds that hold 6 of the 60 records of phantoms-1-6: its answers on them are no test"
        in (made.notes)
    )


def test_a_reader_that_was_taught_the_simulator_is_told_of(tmp_path):
    made = plan(tmp_path, readers=("resnet1d",), protocols=(ZERO_SHOT,))
    assert [note for note in made.notes if "was taught other phantoms of this simulator" in note]


def test_a_reader_that_does_not_exist_is_refused_before_anything_is_taught(tmp_path):
    with pytest.raises(UnknownNameError, match="majorty"):
        run_domains(plan(tmp_path, readers=("majority", "majorty")))
    assert not list(tmp_path.iterdir())


def test_a_reader_behind_an_api_is_refused_with_what_to_do():
    with pytest.raises(SettingError, match="source by source, by 'bench run --reader openai:m --data challenge:"):
        _ = AskedReader("openai:m").reader


def test_what_another_process_is_teaching_is_left_to_it(tmp_path):
    made = plan(tmp_path, protocols=(INTRA,))
    from bench.storage import held

    with held(made.place(made.arms[0], made.lessons[0])), pytest.raises(StorageError, match="another process is writ"):
        run_domains(made)


def test_several_processes_of_one_launch_are_refused(tmp_path, monkeypatch):
    class Launched:
        num_processes = 2

    monkeypatch.setattr("readers.resnet1d.launch.launched", lambda config: Launched)
    with pytest.raises(SettingError, match="trains in one process, and 2 were launched"):
        run_domains(plan(tmp_path, protocols=(INTRA,)))


def test_a_network_of_pages_is_refused_before_anything_is_taught(tmp_path):
    with pytest.raises(SettingError, match="--config pages has page = true, and signals are asked here"):
        run_domains(plan(tmp_path, arms=(Arm("pages", replace(TINY, page=True)),), protocols=(INTRA,)))
    assert not list(tmp_path.iterdir())


def test_two_arms_of_one_name_are_refused(tmp_path):
    with pytest.raises(SettingError, match="--config names 'tiny' twice"):
        plan(tmp_path, arms=(Arm("tiny", TINY), Arm("tiny", replace(TINY, channels=(16,)))))


def test_an_answered_domain_has_one_of_the_protocols(tmp_path):
    with pytest.raises(UnknownNameError, match="unknown protocol 'held-out'"):
        Answered("tiny", "held-out", plan(tmp_path).domains[0], {})


@pytest.mark.slow
def test_an_estimate_counts_what_is_left_and_writes_nothing(study, tmp_path):
    made, _, _ = study
    (arm,) = estimated(made).arms
    assert (arm.trainings, arm.done, arm.member_records) == (8, 8, 0)
    fresh = plan(tmp_path, readers=("majority",))
    estimate = estimated(fresh)
    (arm,) = estimate.arms
    assert (arm.trainings, arm.done) == (8, 0)
    assert arm.member_records == sum(sum(lesson.taught.values()) for lesson in fresh.lessons)
    assert arm.speed > 0 and arm.seconds > 0 and arm.parameters > 1000
    assert estimate.questions == 3 * 18
    assert not list(tmp_path.iterdir())


def ours(folder):
    """Write a Challenge folder of two sources, of which half are normal."""
    for source, name, codes in (("georgia", "E{:05d}", "164889003"), ("ningbo", "JS2{:04d}", "59118001")):
        for number in range(8):
            said = ("Age: 56", "Sex: Male", f"Dx: {'426783006' if number % 2 else codes}")
            write_challenge(folder / source / f"{name.format(number)}.hea", said, tracing(seed=number))
    return f"challenge:{folder}"


@pytest.mark.slow
def test_the_command_teaches_asks_and_goes_on(tmp_path):
    data, settings = ours(tmp_path / "data"), tmp_path / "small.toml"
    settings.write_text(TOML, encoding="utf-8")
    words = ["experiment", "domains", "--data", data, "--config", settings, "--folds", "3", "--reader", "majority"]
    planned = bench(*words, "--dry-run", cwd=tmp_path)
    assert planned.returncode == 0, planned.stderr
    assert "small: 8 trainings of one network" in planned.stdout and "Nothing was written." in planned.stdout
    assert not (tmp_path / "experiments").exists()
    done = bench(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "8 of 8  small, leave-one-out, ningbo: 8 records taught, 0 stopping, 8 held out" in done.stdout
    again = bench(*words, cwd=tmp_path)
    assert again.stdout.count("(trained before)") == 8
    (folder,) = (tmp_path / "experiments").iterdir()
    told = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
    assert {name: domain["records"] for name, domain in told["domains"].items()} == {"georgia": 8, "ningbo": 8}
    assert str(tmp_path) not in (folder / "settings.json").read_text(encoding="utf-8")
    assert f"page: {folder.relative_to(tmp_path) / 'page.md'}" in done.stdout
    page = (folder / "page.md").read_text(encoding="utf-8")
    assert "georgia" in page and "leave-one-out" in page and str(tmp_path) not in page


WRONG = {
    "a config that teaches nothing": (
        ("--protocol", "zero-shot", "--config", "x.toml"),
        "--config decides nothing under zero-shot",
    ),
    "a reader that is not asked": (
        ("--protocol", "intra-source", "--reader", "majority"),
        "--reader decides nothing under intra-source",
    ),
    "a size for nothing": (("--protocol", "zero-shot", "--size-matched"), "--size-matched decides nothing under"),
    "no such config": (("--config", "nothing.toml"), "nothing.toml cannot be read"),
    "no such domain": (("--domain", "georgia"), "unknown domain 'georgia': choose from phantoms-1-66"),
    "two folds": (("--folds", "2"), "--folds takes a whole number from 3 up, not 2"),
    "an empty dataset": (("--data", ""), "--data is empty"),
    "the same twice": (("--data", "phantoms:1,6", "--data", "phantoms:1,6"), "both hold the recording of 0"),
    "no such reader": (("--reader", "majorty"), "unknown reader 'majorty'"),
    "a reader that costs": (("--reader", "openai:m"), "behind an API"),
    "one domain to be left out": (
        ("--protocol", "leave-one-out"),
        "nothing is left to do under leave-one-out: leave-one-out is left out: phantoms-1-66 is the only domain",
    ),
    "no such folder": (("--data", "challenge:nowhere"), "the data folder nowhere does not exist"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_it_is_refused_in_one_sentence(wrong, tmp_path):
    words, said = WRONG[wrong]
    done = bench("experiment", "domains", *words, cwd=tmp_path)
    assert is_one_sentence(done, said), done.stderr
    assert not list(tmp_path.iterdir())


def test_domains_stand_in_the_list_and_the_seven_keep_their_options(tmp_path):
    listed = bench("experiment", "--list", cwd=tmp_path)
    assert "zero-shot" in listed.stdout and "\ndomains   " in listed.stdout
    assert "domains" not in bench("experiment", "binary", "--list", cwd=tmp_path).stdout
    assert "--size-matched" in bench("experiment", "domains", "--help", cwd=tmp_path).stdout
    seven = bench("experiment", "--help", cwd=tmp_path).stdout
    assert "--image-ceiling" in seven and "bench experiment domains --help" in seven
    assert is_one_sentence(bench("experiment", "--data", "", cwd=tmp_path), "--data is empty")


BUSY = """
import sys
from pathlib import Path
from bench.domains.running import run_domains
from bench.progress import Observer
sys.path.insert(0, {tests!r})
from tests.bench.domains.test_running import plan
run_domains(plan(Path({out!r}), sample=40, readers=("majority",)), Observer(lambda line: print(line, flush=True)))
"""


@pytest.mark.slow
@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGINT])
def test_a_study_that_is_killed_goes_on_and_ends_as_one_that_was_not(blow, tmp_path):
    root = Path(__file__).parents[3]
    code = BUSY.format(tests=str(root), out=str(tmp_path / "killed"))
    words = [sys.executable, "-c", code]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as busy:
        for line in busy.stdout:
            if line.startswith("3 of 8"):
                break
        time.sleep(0.1)
        busy.send_signal(blow)
        busy.communicate()
    whole, killed = (plan(tmp_path / name, sample=40, readers=("majority",)) for name in ("whole", "killed"))
    done = [path.stat().st_mtime_ns for path in sorted(killed.folder.rglob("weights.safetensors"))]
    assert 3 <= len(done) < 8
    said = []
    finished = run_domains(killed, Observer(said.append))
    assert sum("trained before" in line for line in said) == len(done)
    for one, other in zip(finished, run_domains(whole), strict=True):
        assert one.readings == other.readings


def test_real_records_of_other_hospitals_fall_into_their_domains(shared_data, tmp_path):
    folder = shared_data / "other_domains"
    if not folder.is_dir():
        pytest.skip(f"there are no recordings of other hospitals at {folder}")
    found = plan(tmp_path, f"challenge:{folder}", sample=None, protocols=(INTRA, HELD_OUT))
    assert {one.name: len(one.records) for one in found.domains} == {
        "chapman": 19,
        "cpsc": 14,
        "cpsc-extra": 29,
        "georgia": 73,
        "ningbo": 66,
        "ptb": 3,
    }
    assert [note for note in found.notes if note.startswith("ptb is left out of intra-source: 3 folds")]
    assert sum(lesson.protocol == INTRA for lesson in found.lessons) == 15
    assert sum(lesson.protocol == HELD_OUT for lesson in found.lessons) == 6


@pytest.mark.slow
def test_real_records_of_other_hospitals_are_taught_and_asked(shared_data, tmp_path):
    folder = shared_data / "other_domains"
    if not folder.is_dir():
        pytest.skip(f"there are no recordings of other hospitals at {folder}")
    answered = run_domains(plan(tmp_path, f"challenge:{folder}", sample=None, readers=("resnet1d",)))
    assert len(answered) == 6 + 5 + 6
    for one in answered:
        assert list(one.readings) == [record.ecg_id for record in one.domain.records]
        assert not one.contaminated
