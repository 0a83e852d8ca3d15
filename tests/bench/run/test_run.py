import errno
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bench.run.folder import RunFolder
from bench.run.questionnaire import Questionnaire, ask_all, ask_cohort, questions_of
from bench.run.scoring import score_readings
from bench.run.settings import settings_of
from bench.storage import append, opened_for_append
from bench.view import Question, QuestionKey, View, cases_of
from readers.contract_suite import RecordingReader
from taxonomy.error import RunError, StorageError
from taxonomy.reading import Reading

from ...command import bench, is_one_sentence
from .toy_reader import Batcher, Hopeless

HERE = Path(__file__).parent


@pytest.fixture
def records(population):
    return population.cohort(limit=12)


def cases_for(reader, records, **shown):
    return cases_of(View(**shown).settled(reader), records)


def settings_for(records, **shown):
    reader = RecordingReader()
    return settings_of(reader, "toy", cases_for(reader, records, **shown), {}, 1)


def process(*words, cwd, **env):
    """Run the command line in a process of its own, which can be killed."""
    path = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-m", "bench", *map(str, words)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": path, "PTBXL_DIR": "phantoms:1,66", **env},
        check=False,
    )


def run_folder(out):
    (folder,) = out.iterdir()
    return folder


@pytest.mark.slow
def test_a_run_is_a_folder_that_holds_everything(tmp_path):
    done = bench("run", "--reader", "majority", "--out", tmp_path / "runs", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    folder = run_folder(tmp_path / "runs")
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["run_id"] == folder.name
    assert manifest["settings"]["is_simulated"] is True
    assert str(tmp_path) not in json.dumps(manifest)
    assert len((folder / "readings.jsonl").read_text().splitlines()) == 66
    assert "simulated phantoms" in (folder / "report.md").read_text()
    assert (folder / "pictures" / "axes.png").is_file()
    assert max(map(len, done.stdout.splitlines())) <= 100 or str(tmp_path) in done.stdout
    assert "knows it" in done.stdout or "nothing shown" in done.stdout


@pytest.mark.slow
def test_a_killed_run_resumes_and_ends_with_the_same_bytes(tmp_path):
    words = ("run", "--reader", "toy_reader:Steady", "--limit", "12")
    undisturbed = process(*words, "--out", tmp_path / "a", cwd=tmp_path)
    assert undisturbed.returncode == 0, undisturbed.stderr
    plan = tmp_path / "plan"
    plan.write_text("7")
    killed = process(*words, "--out", tmp_path / "b", cwd=tmp_path, TOY_KILL_AT=str(plan))
    assert killed.returncode == -9
    folder = run_folder(tmp_path / "b")
    assert len((folder / "readings.jsonl").read_text().splitlines()) == 7
    with (folder / "readings.jsonl").open("a") as readings:
        readings.write('{"ecg_id": 38, "case_id": "x", "read')
    resumed = process(*words, "--out", tmp_path / "b", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    assert "resuming: 7 of 12 readings are there (a torn last line is dropped)" in resumed.stderr
    for name in ("score.json", "readings.jsonl"):
        assert (folder / name).read_bytes() == (run_folder(tmp_path / "a") / name).read_bytes()


def test_cases_come_in_a_random_order_that_is_the_same_every_time(population, tmp_path):
    cohort = population.cohort()
    orders = []
    for condition, seed in (("full", 0), ("full", 0), ("full", 1), ("image-only", 0)):
        recorder = RecordingReader()
        recorder.inputs = frozenset({"signal"})  # pictures would take seconds
        cases = cases_for(recorder, cohort, condition=condition, seed=seed)
        readings = ask_cohort(recorder, cases)
        known = {cases.view.case_id("", ecg_id): ecg_id for ecg_id in cohort.ids}
        orders.append([known[case.case_id] for case in recorder.seen])
        assert [key.ecg_id for key in readings] == orders[-1]
    assert orders[0] == orders[1]
    assert len({tuple(ids) for ids in orders}) == 3
    for ids in orders:
        assert sorted(ids) == list(cohort.ids) != ids
        assert abs(np.corrcoef(np.argsort(ids), range(66))[0, 1]) < 0.35


def test_a_run_asks_in_that_order_and_its_settings_keep_the_ids_sorted(tmp_path):
    assert bench("run", "--reader", "majority", cwd=tmp_path).returncode == 0
    folder = RunFolder(run_folder(tmp_path / "runs"))
    asked = [json.loads(line)["ecg_id"] for line in folder.readings_path.read_text().splitlines()]
    assert list(folder.settings().ids) == sorted(asked) != asked
    assert [key.ecg_id for key in folder.every_reading()[0]] == asked


def test_repeats_of_a_record_come_one_after_the_other(records):
    questions = questions_of(cases_for(RecordingReader(), records), repeats=2)
    pairs = list(zip(questions[::2], questions[1::2], strict=True))
    assert all(one.record is other.record and (one.repeat, other.repeat) == (0, 1) for one, other in pairs)
    assert len(pairs) == len(records)


def test_a_score_does_not_depend_on_the_order_of_its_readings(records):
    answers = {QuestionKey(record.ecg_id): Reading(values={"rhythm": "sinus"}) for record in records}
    turned = dict(reversed(answers.items()))
    assert score_readings(answers, records) == score_readings(turned, records.of(reversed(records.records)))


def test_a_reader_never_sees_a_label_a_path_or_a_record_id(records):
    recorder = RecordingReader()
    list(recorder.read(cases_for(recorder, records).each(map(Question, records))))
    for record, case in zip(records, recorder.seen, strict=True):
        assert str(record.ecg_id) not in case.case_id or len(str(record.ecg_id)) < 3
        assert not hasattr(case, "labels")
        assert "mm/mV" not in case.prompt.text
        assert case.images[0].leads[0] == "I"
    assert len({case.case_id for case in recorder.seen}) == len(records)


def test_only_what_a_reader_asks_for_is_in_its_case(records):
    recorder = RecordingReader()
    recorder.inputs = frozenset({"text"})
    case = cases_for(recorder, records).case(Question(records[0]))
    assert case.signal is None
    assert case.images == ()
    assert "Vent. rate " in case.prompt.text


def test_a_crash_costs_the_case_that_causes_it_and_keeps_its_traceback(records, population, tmp_path):
    reader = Batcher()
    reader.bad = float(abs(records[5].signal().mv).max())
    folder, steps = RunFolder(tmp_path), []
    questions = Questionnaire(cases_for(reader, records), [Question(record) for record in records], {})
    with folder.appending(str) as keep:
        readings = ask_all(reader, questions, keep, lambda done, total: steps.append(done))
    crashed = [asked for asked, reading in readings.items() if reading.outcome == "failed"]
    assert crashed == [QuestionKey(records[5].ecg_id)]
    assert "RuntimeError: cannot read this one" in readings[crashed[0]].error.message
    assert "Traceback" in readings[crashed[0]].error.message
    assert steps == list(range(1, 13))
    assert list(folder.every_reading()[0]) == [QuestionKey(record.ecg_id) for record in records]


def test_a_reader_that_fails_on_everything_stops_early_with_one_sentence(tmp_path):
    failed = bench("run", "--reader", f"{Hopeless.__module__}:Hopeless", cwd=tmp_path)
    assert is_one_sentence(failed, "crashed on each of the first 5 cases (RuntimeError: no model here)", code=1)


def test_two_runs_on_one_folder_are_told_apart(tmp_path):
    folder = RunFolder(tmp_path / "run")
    with (
        folder.locked(),
        pytest.raises(StorageError, match="another run is writing to"),
        RunFolder(folder.path).locked(),
    ):
        pass


def test_an_output_folder_that_is_a_file_is_told(tmp_path):
    (tmp_path / "runs").write_text("")
    failed = bench("run", "--reader", "majority", "--out", "runs", cwd=tmp_path)
    assert failed.returncode == 2
    assert "cannot be written: Not a directory; name another --out" in failed.stderr
    assert is_one_sentence(bench("run", "--reader", "majority", "--out", "x" * 400, cwd=tmp_path), "name too long")


def test_a_full_disk_is_told_and_what_was_read_is_kept(tmp_path):
    class Full:
        written = 0

        def write(self, data):
            self.written += 1
            if self.written > 3:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real.write(data)

    path, full = tmp_path / "readings.jsonl", Full()
    with (
        opened_for_append(path) as real,
        pytest.raises(StorageError, match="No space left on device; what was read so far"),
    ):
        for ecg_id in range(12):
            append(full, path, {"ecg_id": ecg_id, "case_id": "x", "reading": Reading().to_json()})
    assert len(RunFolder(tmp_path).every_reading()[0]) == 3


@pytest.mark.slow
def test_a_file_size_limit_stops_a_real_run_like_a_full_disk(tmp_path):
    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    stopped = subprocess.run(
        [sys.executable, "-c", "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
         "import sys; sys.argv = ['bench', 'run', '--reader', 'measurements', '--out', 'runs']; "
         "from bench.__main__ import main; main()"],
        capture_output=True, text=True, cwd=tmp_path, preexec_fn=limited, check=False,
        env={**os.environ, "PTBXL_DIR": "phantoms:1,66"},
    )  # fmt: skip
    assert stopped.returncode == 2
    assert "cannot be written: File too large; what was read so far is kept" in stopped.stderr
    assert len(RunFolder(run_folder(tmp_path / "runs")).every_reading()[0]) > 0


def test_a_damaged_line_in_the_middle_is_no_kill(tmp_path):
    good = json.dumps({"ecg_id": 9, "case_id": "x", "reading": {"values": {}}})
    (tmp_path / "readings.jsonl").write_text(f"{good}\nnonsense\n{good}\n")
    with pytest.raises(RunError, match=r"line 2 of .* is damaged"):
        RunFolder(tmp_path).every_reading()


def test_the_run_id_follows_from_what_decides_the_outcome(records):
    plain = settings_for(records)
    assert plain.run_id == settings_for(records).run_id
    for other in ({"seed": 1}, {"renderer": "clean"}, {"condition": "image-only"}):
        assert settings_for(records, **other).run_id != plain.run_id
    assert View().case_id(plain.run_id, 9) != View(seed=1).case_id(plain.run_id, 9)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--reader", "majorty"), "Did you mean 'majority'?"),
        (("--reader", "majority", "--split", "tset"), "Did you mean 'test'?"),
        (("--reader", "majority", "--renderer", "printd"), "Did you mean 'printed'?"),
        (("--reader", "majority", "--ids", "9,x"), "--ids takes whole numbers separated by commas, not 'x'"),
        (("--reader", "majority", "--ids", "9,9"), "--ids names record 9 twice"),
        (("--reader", "majority", "--ids", "7777"), "phantoms-1-66 has no record 7777: its records are 0 to 659"),
        (("--reader", "majority", "--data", "nowhere"), "the data folder nowhere does not exist"),
        (
            ("--reader", "majority", "--danger", "none.json"),
            "table none.json cannot be read: No such file or directory",
        ),
        (("--reader", "measurements", "--measurements", "no.csv"), "the features file no.csv does not exist"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(tmp_path, words, said):
    failed = bench("run", *words, cwd=tmp_path)
    assert is_one_sentence(failed, said), failed.stderr


@pytest.mark.slow
def test_a_process_ends_with_the_exit_code_and_the_sentence(tmp_path):
    failed = process("run", "--reader", "majorty", cwd=tmp_path)
    assert failed.returncode == 2
    assert "Did you mean 'majority'?" in failed.stderr and failed.stderr.count("\n") == 1


@pytest.mark.slow
def test_predictions_made_elsewhere_are_scored(tmp_path):
    (tmp_path / "mine.csv").write_text("ecg_id,rhythm,diagnosis\n9,AF,NORM\n38,sinus,\n")
    done = bench("score", "--predictions", "mine.csv", "--out", "scores", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2 of 66 records have a prediction" in done.stdout
    assert "mine.csv on phantoms-1-66, test:" in done.stdout and "Partial" not in done.stdout
    assert "66 of 66 records of split 'test' have a recording here." in (tmp_path / "scores" / "report.md").read_text()


def test_predictions_scored_on_a_part_of_a_split_are_partial(tmp_path):
    (tmp_path / "mine.csv").write_text("ecg_id,rhythm\n9,AF\n38,sinus\n")
    done = bench("score", "--predictions", "mine.csv", "--ids", "9,38", "--out", "scores", cwd=tmp_path)
    said = "Partial: 2 records chosen by id are no split; no leaderboard takes it."
    assert said in done.stdout, done.stderr
    assert said in (tmp_path / "scores" / "report.md").read_text()


@pytest.mark.slow
def test_a_run_that_is_scored_again_says_what_it_covers(tmp_path):
    bench("run", "--reader", "majority", "--sample", "20", cwd=tmp_path)
    again = bench("score", run_folder(tmp_path / "runs"), cwd=tmp_path)
    assert "Partial: 20 of the split's 66 records are asked; no leaderboard takes it." in again.stdout, again.stderr


def test_a_group_holds_its_own_commands_only(tmp_path):
    for words in (("data", "data"), ("train", "data"), ("data", "run")):
        failed = bench(*words, cwd=tmp_path)
        assert failed.returncode == 2
        assert f"unknown command '{words[1]}'" in failed.stderr


def test_help_teaches_and_lists_every_command(tmp_path):
    helped = bench("--help", cwd=tmp_path).stdout
    for command in (
        "run",
        "score",
        "render",
        "readers",
        "check-reader",
        "data",
        "train",
        "submit",
        "leaderboard",
        "compare",
    ):
        assert command in helped
        told = bench(command, "--help", cwd=tmp_path)
        assert told.returncode == 0
        assert "\\b" not in told.stdout
