"""The result of an arm: its score and the verdicts of its ablation, stored as a file."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.experiment.experiments import experiments
from bench.score import Score
from bench.score.axis_score import AxisScore
from bench.score.label_figures import LabelFigures
from bench.storage import as_json, write_whole
from readers.setting import checked_settings
from taxonomy.error import BenchError, FileError
from taxonomy.outside import object_in


@dataclass(frozen=True)
class ArmResult:
    """The result of one arm.

    Attributes
    ----------
    experiment, arm : str
    model : str
    run_id : str
        Of the headline run, under ``full``.
    is_simulated : bool
    score : Score
    verdicts : mapping of str to str
        Of the ablation, by axis; empty without one.
    labels : LabelFigures or None
        None of a result by an earlier version.
    majority : LabelFigures or None
        The same of always answering training's majority values, on the same cases and axes.
    untaught : str
        Why the model takes part untaught alone; empty for an open model.
    """

    experiment: str
    arm: str
    model: str
    run_id: str
    is_simulated: bool
    score: Score
    verdicts: Mapping[str, str]
    labels: LabelFigures | None = None
    majority: LabelFigures | None = None
    untaught: str = ""

    @property
    def accuracies(self) -> Mapping[str, AxisScore]:
        """The score of each axis that was asked or, as normality, follows from the answers, by axis."""
        score = self.score
        scored = (*score.axes, *((score.normality,) if score.normality else ()))
        return {axis.axis: axis for axis in scored if axis.n}

    def write(self, folder: Path) -> None:
        """Write ``result.json``."""
        write_whole(folder / "result.json", as_json({**asdict(self), "verdicts": dict(self.verdicts)}))


def read_results(folder: Path) -> list[ArmResult]:
    """Return every result in a folder, in the order of the experiments, then of the models.

    Those of an earlier version, which had one model and no folder for it, are among them.

    Raises
    ------
    FileError
        When one cannot be read.
    """
    order = [(experiment.name, arm.name) for experiment in experiments().values() for arm in experiment.arms]

    def position(result: ArmResult) -> tuple[int, str, str]:
        key = (result.experiment, result.arm)
        return order.index(key) if key in order else len(order), result.arm, result.model

    paths = [*folder.glob("*/*/result.json"), *folder.glob("*/*/*/result.json")]
    read = [_read(path) for path in paths]  # an arm that was asked again in its own folder replaces the earlier one
    return sorted({(one.experiment, one.arm, one.run_id): one for one in read}.values(), key=position)


def _read(path: Path) -> ArmResult:
    data = object_in(path)
    try:
        Score.from_json(data.get("score"))
        return checked_settings(ArmResult, data, "field")
    except BenchError as error:
        raise FileError(f"{path} is not a result of an experiment: {error}") from error
