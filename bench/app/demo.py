"""What the demo has at hand while it is open: a dataset, readers, runs, and the verdicts that were reached."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.app.axis_answers import Answers, answers_of
from bench.app.chosen_ecg import ChosenEcg, from_dataset
from bench.app.danger_groups import DangerGroups, danger_groups
from bench.app.local_readers import LocalReader, Offer
from bench.app.one_map import NOT_JUDGED, Explainable, OneMap, explain, explainable, judge
from bench.dataset import Dataset
from bench.explain.belief.judging import Row
from bench.progress import SILENT, Observer
from bench.web.finding import FoundRun
from taxonomy.error import SettingError, unknown_name

SPLIT = "test"


@dataclass(frozen=True, eq=False)
class Demo:
    """What the page shows, and asks.

    Attributes
    ----------
    dataset : Dataset
        Whose records can be chosen, and on which methods are judged.
    offer : Offer
    runs : tuple of FoundRun
        Whose danger can be looked at.
    notes : tuple of str
        What is to be said of the runs that were found.
    verdicts : dict of (reader, method) to Row
        Those that were reached while the demo is open.
    """

    dataset: Dataset
    offer: Offer
    runs: tuple[FoundRun, ...] = ()
    notes: tuple[str, ...] = ()
    verdicts: dict[tuple[str, str], Row] = field(default_factory=dict)

    def check(self) -> None:
        """Raise SettingError where no record of the dataset can be chosen."""
        if not self.records:
            raise SettingError(
                f"no test record of {self.dataset.name} has a recording at hand: 'bench data verify' says what is "
                "missing"
            )

    @property
    def records(self) -> tuple[str, ...]:
        """The ids of the records that can be chosen."""
        return tuple(str(record.ecg_id) for record in self.dataset.cohort(SPLIT))

    @property
    def runs_by_name(self) -> Mapping[str, FoundRun]:
        """The runs by the names of their folders, with a number where two have one name."""
        named: dict[str, FoundRun] = {}
        for run in self.runs:
            named[f"{run.name} ({run.number})" if run.name in named else run.name] = run
        return named

    def chosen(self, written: str) -> ChosenEcg:
        """Return a record of the dataset; raises BenchError where there is none."""
        return from_dataset(self.dataset, written)

    def answers(self, reader: str, ecg: ChosenEcg, observer: Observer = SILENT) -> Answers:
        """Return what a reader says of an ECG; raises as :func:`answers_of`."""
        return answers_of(self.offer.named(reader), ecg, observer)

    def explainable(self, answers: Answers, ecg: ChosenEcg) -> tuple[Explainable, ...]:
        """Return which of the answers can be explained."""
        return explainable(self._reader(answers), ecg, answers)

    def map(self, answers: Answers, ecg: ChosenEcg, target: str, method: str, observer: Observer = SILENT) -> OneMap:
        """Return what moved an answer, with the verdict as far as it is known; raises as :func:`explain`."""
        verdict = self.verdicts.get((answers.reader, method))
        reader = self._reader(answers)
        unknown = NOT_JUDGED if reader.is_open else "cannot tell: of a black box no map can be called faithful"
        said = unknown if verdict is None else str(verdict.verdict)
        return explain(reader, ecg, target, method, said, observer)

    def judged(self, answers: Answers, method: str, observer: Observer = SILENT) -> Row:
        """Return the verdict on a method and a reader; it is reached once."""
        key = answers.reader, method
        if key not in self.verdicts:
            self.verdicts[key] = judge(self._reader(answers), self.dataset, method, observer)
        return self.verdicts[key]

    def danger(self, name: str) -> DangerGroups:
        """Return how dangerous the errors of a run are; raises BenchError where it has no score."""
        runs = self.runs_by_name
        if name not in runs:
            raise unknown_name("run", name, runs)
        return danger_groups(runs[name])

    def _reader(self, answers: Answers) -> LocalReader:
        return self.offer.named(answers.reader)
