"""A whole training of resnet1d: its folder, its members, and the weights file at the end."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.dataset.base import TRAIN
from bench.progress import SILENT, Observer, TimeLeft
from bench.storage import as_json, held, write_whole
from bench.training.rare_phantom import phantom_record, with_phantoms
from bench.training.resnet1d import check_both, split_set
from bench.training.several import joined
from bench.training.sharing import shared
from bench.training.source import Source, is_plain, sources_record
from measurements import VERSION as MEASURING
from phantoms.simulator import VERSION as SIMULATOR
from readers.resnet1d.side import VERSION as SIDE_VERSION
from taxonomy.error import SettingError
from taxonomy.outside import object_in

if TYPE_CHECKING:
    from readers.resnet1d.config import PhantomConfig, TrainingConfig
    from readers.resnet1d.dataset import TrainingSet
    from readers.resnet1d.training import Epoch
    from readers.resnet1d.weights import Description

SETTINGS = "training.json"
"""What the checkpoints of a folder depend on."""

PLAIN = ("dataset", "records", "extra")
"""What it says of the data of a training on one dataset; several stand as ``datasets``."""

DIGESTS = frozenset({"records", "extra", "datasets"})
"""Entries that a message does not show."""


@dataclass(frozen=True, eq=False)
class Plan:
    """What to train.

    Attributes
    ----------
    config : TrainingConfig
    sources : tuple of Source
        One or several, of which no recording is in two (:func:`bench.training.source.sources_of`).
    member : int or None
        The only seed to train here; None trains all of them.
    out : Path
        Folder of the checkpoints and the weights.
    workers : int or None
        Processes that prepare the signals; None is one for each processor.
    """

    config: "TrainingConfig"
    sources: tuple[Source, ...]
    member: int | None
    out: Path
    workers: int | None = None

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds to train here."""
        return self.config.seeds if self.member is None else (self.member,)

    def folder(self, seed: int) -> Path:
        """Return the folder of a member."""
        return self.out / f"member-{seed}"


def train(plan: Plan, observer: Observer) -> None:
    """Train the members of a plan, and write the weights when all of them are trained.

    Each process of ``accelerate launch`` calls it; the main one alone writes and is heard of.

    Raises
    ------
    taxonomy.error.SettingError
        When the folder holds a training with other settings, or the processes or their devices cannot do as asked.
    taxonomy.error.StorageError
        When the folder cannot be written, or another process trains a member in it.
    taxonomy.error.DatasetError
        When a split has no record.
    """
    from readers.resnet1d.launch import launched, placement

    accelerator = launched(plan.config)
    if not accelerator.is_main_process:
        _train_members(plan, shared(None, accelerator, plan.out), SILENT)
    else:
        with ExitStack() as locks:
            for seed in plan.seeds:
                locks.enter_context(held(plan.folder(seed)))
            _check_settings(plan)
            observer.say(placement(accelerator))
            examples, described = _prepared(plan, observer)
            examples = shared(examples, accelerator, plan.out)  # from here on only the mapped signals are held
            _train_members(plan, examples, observer)
        _gather_members(plan, described, observer)
    accelerator.end_training()


def _gather_members(plan: Plan, described: "Description", observer: Observer) -> None:
    """Write the weights file, if every member is trained."""
    from readers.resnet1d.checkpoint import BEST
    from readers.resnet1d.weights import save_weights

    finished = [plan.folder(seed) / BEST for seed in plan.config.seeds]
    if not all((path.parent / "finished").is_file() for path in finished):
        observer.say("other members are still to be trained; the last one to finish writes the weights")
        return
    save_weights(plan.out / "weights.safetensors", finished, described)
    observer.say(f"weights of {len(finished)} members: {plan.out / 'weights.safetensors'}")


def _check_settings(plan: Plan) -> None:
    """Write what the checkpoints will depend on; raise SettingError where those in the folder depend on something else.

    Seeds may differ: each member depends on its own alone.
    """
    from readers.resnet1d.config import TrainingConfig

    config = {name: value for name, value in plan.config.to_json().items() if name != "seeds"}
    each = [source.to_json() for source in plan.sources]
    data = {name: each[0][name] for name in PLAIN} if is_plain(plan.sources) else {"datasets": each}
    versions = {"versions": {"side": SIDE_VERSION, "measurements": MEASURING, "phantoms": SIMULATOR}}
    now = config | data | versions
    path = plan.out / SETTINGS
    if not path.exists():
        if any(plan.out.glob("member-*/*.safetensors")):
            raise SettingError(
                f"{plan.out} holds checkpoints but no {SETTINGS}, of which settings nobody knows; name another --out"
            )
        write_whole(path, as_json(now))
    was = TrainingConfig().to_json() | object_in(path, SettingError)  # a setting was the default before it could be set
    for name, new in now.items():
        if was.get(name) != new:
            told = f"{name} is {was.get(name)!r}, not {new!r}" if name not in DIGESTS else f"other {name}"
            raise SettingError(f"{plan.out} holds another training ({told}); name another --out")


def _prepared(plan: Plan, observer: Observer) -> "tuple[TrainingSet, Description]":
    """Return what to train on, and the description for the weights file."""
    from readers.resnet1d.loss import finding_limits
    from readers.resnet1d.weights import Description

    sets = [_prepared_source(source, plan.workers, observer) for source in plan.sources]
    check_both([source.dataset for source in plan.sources], sets)
    facts = sources_record(plan.sources, sets)
    for source, data in zip(plan.sources, sets, strict=True) if len(sets) > 1 else ():
        observer.say(f"{_named(source)}: {len(data.train)} to train on, {len(data.validation)} to stop on")
    examples = joined(sets, [source.weight for source in plan.sources])
    observer.say(f"{facts['training_records']} records to train on, {facts['validation_records']} to stop on")
    if not examples.can_stop:
        observer.say("no superclass tells the records to stop on apart: the weights will be those of the last epoch")
    limits = finding_limits(examples, plan.config)
    if plan.config.phantoms:
        examples = _with_phantoms(examples, plan.config.phantoms, observer)
        facts["phantoms"] = phantom_record(plan.config.phantoms)
        observer.say(f"{facts['phantoms']['records']} phantoms to train on beside them")
    return examples, Description(plan.config, facts, limits=limits)


def _prepared_source(source: Source, workers: int | None, observer: Observer) -> "TrainingSet":
    with observer.progress(f"preparing {source.name}") as report:
        return split_set(source.dataset, source.extra, report, workers)


def _named(source: Source) -> str:
    weight = "" if source.weight == 1 else f", weight {source.weight:g}"
    return f"{source.name} ({source.dataset.split(TRAIN).meaning}{weight})"


def _with_phantoms(examples: "TrainingSet", config: "PhantomConfig", observer: Observer) -> "TrainingSet":
    with observer.progress("simulating", "phantoms") as report:
        return with_phantoms(examples, config, report)


def _train_members(plan: Plan, examples: "TrainingSet", observer: Observer) -> None:
    for number, seed in enumerate(plan.seeds, start=1):
        _train_member(plan, examples, seed, observer.part("network", number, len(plan.seeds)))


def _train_member(plan: Plan, examples: "TrainingSet", seed: int, observer: Observer) -> None:
    from readers.resnet1d.training import Watch, train_member

    observer.say(f"member of seed {seed}")
    remaining = TimeLeft()

    def told(epoch: "Epoch") -> None:
        mark = " *" if epoch.best else "  "
        left = remaining.after(epoch.number, epoch.epochs)
        stopping = "" if epoch.auroc is None else f"  stopping AUROC {epoch.auroc:.4f}{mark}"
        found = f"loss {epoch.loss:.4f}{stopping}"
        report.note(f"epoch {epoch.number}, loss {epoch.loss:.4f}")
        speed = f"{epoch.run.rate:,.0f} records/s"
        observer.say(f"epoch {epoch.number:>3}/{epoch.epochs}  {found}  {speed}  {left}".rstrip())

    with observer.progress(f"member {seed}", "steps") as report:
        train_member(examples, plan.config, seed, plan.folder(seed), Watch(told, remaining.begin, report, observer.say))
