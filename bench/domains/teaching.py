"""One training of a study, from its records to its weights; a kill costs an epoch."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.domains.partition import Lesson
from bench.progress import Observer, Progress
from bench.storage import as_json, held
from bench.training.rare_phantom import phantom_record, with_phantoms
from bench.training.several import joined_training_set
from measurements import VERSION as MEASURING
from phantoms.simulator import VERSION as SIMULATOR
from readers.resnet1d.side import VERSION as SIDE_VERSION
from taxonomy.error import SettingError

if TYPE_CHECKING:
    from readers.resnet1d.config import TrainingConfig
    from readers.resnet1d.training import Epoch

WEIGHTS = "weights.safetensors"

NEXT_SEED = 1000
"""Between the seeds of two folds: networks that start alike would be lucky together."""


@dataclass(frozen=True, eq=False)
class Arm:
    """A training configuration of a study.

    Attributes
    ----------
    name : str
    config : TrainingConfig
    """

    name: str
    config: "TrainingConfig"

    @cached_property
    def folder(self) -> str:
        """The name of its folder: another configuration, or other versions of what prepares, is another folder."""
        decides = {**self.config.to_json(), "versions": [SIDE_VERSION, MEASURING, SIMULATOR], "next_seed": NEXT_SEED}
        return f"{self.name}-{sha256(as_json(decides).encode()).hexdigest()[:8]}"


def taught_weights(lesson: Lesson, arm: Arm, folder: Path, workers: int | None, observer: Observer) -> Path:
    """Return the weights of a training; it is made, or gone on with, where they are not there.

    Parameters
    ----------
    lesson : Lesson
    arm : Arm
    folder : Path
        Of this training alone.
    workers : int, optional
        Processes that prepare signals.
    observer : Observer

    Raises
    ------
    taxonomy.error.BenchError
        When a record cannot be read, or the folder cannot be written or is held by another process.
    """
    path = folder / WEIGHTS
    if path.is_file():
        return path
    with held(folder, holder="another process"):
        if not path.is_file():
            _teach(lesson, arm, path, workers, observer)
    return path


def check_arm(arm: Arm) -> None:
    """Check that this process can train an arm, and ask it, before anything is computed.

    Raises
    ------
    taxonomy.error.SettingError
        When accelerate is missing or the device lacks the precision, several processes were launched, for which each of
        these trainings is too short, or the network reads pages.
    """
    from readers.resnet1d.launch import launched

    count = launched(arm.config).num_processes
    if count > 1:
        raise SettingError(
            f"'bench experiment domains' trains in one process, and {count} were launched: start it without a "
            "launcher, and one process for each GPU with --protocol or --config of its own"
        )
    if arm.config.page:
        raise SettingError(f"--config {arm.name} has page = true, and signals are asked here: take it out")


def _teach(lesson: Lesson, arm: Arm, path: Path, workers: int | None, observer: Observer) -> None:
    from readers.resnet1d.loss import finding_limits
    from readers.resnet1d.training import Watch, train_member
    from readers.resnet1d.weights import Description, save_weights

    config, folder = arm.config, path.parent
    with observer.progress("preparing") as report:
        examples = joined_training_set(tuple(lesson.parts.values()), report, workers)
    facts = _facts(lesson)
    limits = finding_limits(examples, config)
    if config.phantoms:
        with observer.progress("simulating", "phantoms") as report:
            examples = with_phantoms(examples, config.phantoms, report)
        facts["phantoms"] = phantom_record(config.phantoms)
    members = []
    for seed in config.seeds:
        with observer.progress(f"{lesson.name}, member {seed}", "steps") as report:

            def told(epoch: "Epoch", report: Progress = report) -> None:
                report.note(f"epoch {epoch.number}, loss {epoch.loss:.4f}")

            watch = Watch(told, step=report, say=observer.say)
            own = seed + NEXT_SEED * lesson.fold
            members.append(train_member(examples, config, own, folder / f"member-{seed}", watch))
    save_weights(path, members, Description(config, facts, limits=limits))
    for member in members:  # the weights are whole: an ensemble of four would keep 60 bytes of every parameter
        for checkpoint in member.parent.glob("*.safetensors"):
            checkpoint.unlink(missing_ok=True)


def _facts(lesson: Lesson) -> dict[str, Any]:
    """Return the description of the training for the weights file."""
    return {
        "datasets": [{"dataset": name, "folds": folds} for name, folds in _folds(lesson).items()],
        "domains": dict(lesson.taught),
        "protocol": lesson.protocol,
        "held_out": lesson.name,
        "training_records": sum(lesson.taught.values()),
        "validation_records": lesson.stops,
    }


def _folds(lesson: Lesson) -> Mapping[str, str]:
    """Return the folds of each dataset that hold a record which teaches or stops, in words.

    Patients are dealt across folds, so that such a fold holds untaught records too: whoever asks the network about one
    of them elsewhere is told that it may have been taught.
    """
    found: dict[str, set[str]] = {}
    for part in lesson.parts.values():
        folds = {str(record.fold) for record in (*part.train, *part.stop)}
        found.setdefault(f"{part.dataset.name} {part.dataset.version}", set()).update(folds)
    return {name: ", ".join(f"fold {fold}" for fold in sorted(folds)) for name, folds in found.items()}
