import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from measurements import Measurement, Measurements, measure
from readers import registry
from readers.contract import Case, Prompt
from readers.contract_suite import RecordingReader, check_reader
from readers.majority import MajorityReader
from readers.measured_axis import measured_probabilities, measured_values
from readers.registry import installed_readers, reader
from readers.text_ceiling import MeasurementsReader
from taxonomy import plugin
from taxonomy.axis import AXES
from taxonomy.error import ReaderError, UnknownNameError
from taxonomy.reading import Reading
from taxonomy.statement import SUPERCLASSES
from tests.command import bench, is_one_sentence


@pytest.fixture(scope="module")
def cases(population):
    records = [record for record in population if record.fold == "test"][:4]
    found = []
    for number, record in enumerate(records):
        signal = record.signal(100)
        found.append(Case(f"case{number}", signal.mv, signal.fs, (), Prompt("", measure(signal.mv, signal.fs))))
    return found


def test_built_in_readers_come_through_the_entry_points():
    assert {"majority", "measurements", "resnet1d"} <= set(installed_readers())


def test_an_unknown_reader_is_named_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"unknown reader 'majorty'.*Did you mean 'majority'"):
        reader("majorty")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no.such.module:Reader", "module 'no.such.module' cannot be imported"),
        ("not_on_the_path:Reader", "there is no reader and no module 'not_on_the_path': is its folder on PYTHONPATH?"),
        ("readers.majority:Nobody", "module 'readers.majority' has no 'Nobody'"),
        ("readers.contract:INPUTS", "is a tuple, not a reader class"),
        ("tests.readers.test_registry:Wrong", "test_registry:Wrong' needs 'how': --option how=VALUE"),
        (
            "readers.contract:Prompt",
            "'readers.contract:Prompt' has no 'read': a reader class has name, inputs",
        ),
        ("majority:argument", "reader 'majority' takes nothing after its name, not 'argument'"),
    ],
)
def test_a_reader_that_cannot_be_made_is_told(name, words):
    with pytest.raises(ReaderError, match=words):
        reader(name)


def test_a_function_is_refused_before_it_is_called(tmp_path):
    with pytest.raises(ReaderError, match=r"'os:system' is a .*, not a reader class"):
        reader("os:system", {"command": f"touch {tmp_path / 'proof'}"})
    with pytest.raises(ReaderError, match="'subprocess:Popen' has no 'read'"):
        reader("subprocess:Popen", {"args": "true"})
    assert not (tmp_path / "proof").exists()


def test_two_packages_with_one_name_are_an_error_that_names_both(monkeypatch):
    entries = [EntryPoint("mine", f"{package}:Reader", registry.READER_GROUP) for package in ("first", "second")]
    monkeypatch.setattr(plugin, "entry_points", lambda group: entries)
    with pytest.raises(ReaderError, match=r"two readers are called 'mine': first:Reader and second:Reader"):
        installed_readers()


@pytest.mark.parametrize("built_in", [MajorityReader(), MeasurementsReader()])
def test_built_in_readers_keep_the_contract(built_in, cases):
    assert [check.problem for check in check_reader(built_in, cases)] == [None] * 8


class Wrong:
    name = "wrong"
    inputs = frozenset({"signal"})

    def __init__(self, how):
        self.how = how

    def read(self, cases):
        for number, case in enumerate(cases):
            if self.how == "short" and number:
                return
            if self.how == "raises":
                raise RuntimeError("no model")
            if self.how == "exits":
                sys.exit(3)
            if self.how == "changes":
                case.signal[:] = 0
            if self.how == "foreign":
                yield {"rate": "normal"}
            elif self.how == "id":
                yield Reading(values={"rate": "normal" if case.case_id.startswith("case") else "tachycardia"})
            elif self.how == "silent":
                yield Reading()
            else:
                yield Reading(values={"rate": "normal"})


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("short", "gave 1 readings for 4 cases"),
        ("raises", "raised RuntimeError: no model"),
        ("exits", "raised SystemExit: 3"),
        ("changes", "changed the signal"),
        ("foreign", "yielded a dict, not a Reading"),
        ("id", "answers depend on case_id"),
        ("silent", "answered no axis of any case"),
    ],
)
def test_each_broken_rule_is_found(how, words, cases):
    fresh = [Case(c.case_id, c.signal.copy(), c.fs) for c in cases]
    problems = [check.problem for check in check_reader(Wrong(how), fresh) if check.problem]
    assert any(words in problem for problem in problems)


def test_the_recording_reader_remembers_what_it_saw(cases):
    recorder = RecordingReader()
    list(recorder.read(cases))
    assert recorder.seen == cases


def numbers(**given):
    plain = Measurements.none("not given")
    return Measurements(**{**vars(plain), **{name: Measurement(value) for name, value in given.items()}})


@pytest.mark.parametrize(
    ("rate", "axis", "expected"),
    [(50, -45, ("bradycardia", "left")), (60, 90, ("normal", "normal")), (130, 120, ("tachycardia", "right"))],
)
def test_rate_and_axis_follow_their_thresholds(rate, axis, expected):
    found = numbers(heart_rate=rate, qrs_axis=axis)
    values = measured_values(found)
    assert (values["rate"], values["axis"]) == expected
    chances = measured_probabilities(found)
    for name in ("rate", "axis"):
        assert sum(chances[name].values()) == pytest.approx(1)
        assert max(chances[name], key=chances[name].get) == values[name] or rate == 60


def test_what_is_not_measurable_is_not_answered():
    values = measured_values(numbers())
    assert values == {"rate": None, "axis": None}
    assert measured_probabilities(numbers()) == {}


def test_the_text_ceiling_sees_the_numbers_and_nothing_else(cases):
    ceiling = MeasurementsReader()
    blind = [Case(c.case_id, None, None, (), c.prompt) for c in cases]
    assert [r.values for r in ceiling.read(cases)] == [r.values for r in ceiling.read(blind)]
    reading = next(iter(ceiling.read(blind)))
    assert set(reading.values) == {axis.name for axis in AXES}
    assert set(reading.probabilities["superclass"]) == set(SUPERCLASSES)
    assert next(iter(ceiling.read([Case("x")]))) == Reading()


def test_missing_numbers_are_no_obstacle():
    reading = MeasurementsReader().answer(numbers())
    assert reading.values["rate"] is None
    assert reading.values["rhythm"] is not None


def test_importing_the_registry_loads_no_torch():
    code = (
        "import sys, readers.registry, readers.majority; print('torch' in sys.modules or 'matplotlib' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


def test_an_option_that_a_reader_does_not_have_is_named():
    with pytest.raises(ReaderError, match=r"^reader 'resnet1d' has no option 'foo': choose from weights$"):
        reader("resnet1d", {"foo": "1"})
    with pytest.raises(ReaderError, match=r"^reader 'majority' has no option 'foo': it takes none$"):
        reader("majority", {"foo": "1"})


OWN = """
from taxonomy.reading import Reading

class Sums:
    name, inputs = "sums", frozenset({"signal"})
    def read(self, cases):
        for case in cases:
            yield Reading({"rate": "normal"}, {"rate": {"normal": 0.9, "bradycardia": 0.9, "tachycardia": 0.9}})

class Sets:
    name, inputs = "sets", frozenset({"signal"})
    def read(self, cases):
        for case in cases:
            yield Reading({"other_findings": {"lvh"}})

class Unbuilt:
    name, inputs = "unbuilt", frozenset({"signal"})
    def __init__(self):
        raise RuntimeError("no\\nmodel")
    def read(self, cases):
        return iter(())
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    (tmp_path / "own_readers_of_a_test.py").write_text(OWN)
    (tmp_path / "raises_on_import.py").write_text("1 / 0\n")
    (tmp_path / "wrong_on_import.py").write_text("def\n")
    (tmp_path / "exits_on_import.py").write_text("import sys\nsys.exit(0)\n")
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_probabilities_that_do_not_sum_to_one_break_the_contract(own):
    done = bench("check-reader", "own_readers_of_a_test:Sums", cwd=own)
    assert done.returncode == 1 and "the probabilities of 'rate' sum to 2.7" in done.stdout
    assert "1 of 8 rules broken" in done.stdout


def test_a_set_in_the_place_of_a_frozenset_is_said_once_and_clearly(own):
    done = bench("check-reader", "own_readers_of_a_test:Sets", cwd=own)
    said = "raised ReadingError: axis 'other_findings' takes a frozenset of values, not set {'lvh'}"
    assert done.returncode == 1 and done.stdout.count(said) == 1
    assert "has no value" not in done.stdout


@pytest.mark.parametrize("name", ["12sl", "majority", "measurements"])
def test_a_built_in_reader_passes_the_command_that_checks_readers(name, tmp_path):
    done = bench("check-reader", name, cwd=tmp_path)
    assert done.returncode == 0 and "keeps the contract" in done.stdout


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("raises_on_import:Own", "module 'raises_on_import' cannot be imported: ZeroDivisionError: division by zero"),
        ("wrong_on_import:Own", "module 'wrong_on_import' cannot be imported: SyntaxError: "),
        ("exits_on_import:Own", "module 'exits_on_import' cannot be imported: it ends the program"),
        ("own_readers_of_a_test:Unbuilt", "cannot be built: RuntimeError: no model"),
    ],
)
@pytest.mark.parametrize("command", [("check-reader",), ("run", "--limit", "2", "--reader")])
def test_a_reader_that_raises_on_import_or_when_built_is_one_sentence(own, command, name, said):
    assert is_one_sentence(bench(*command, name, cwd=own), said)
