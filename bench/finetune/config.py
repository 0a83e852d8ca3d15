"""What a fine-tuning is made of: a TOML file reproduces it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Interval

from bench.view import View
from readers.setting import read_toml, settings_of
from readers.vlm.option import LoadOptions
from taxonomy.axis import AXIS_NAMES, NORMALITY, axis_named
from taxonomy.error import SettingError, unknown_name
from taxonomy.target import TargetFormat


@dataclass(frozen=True)
class Task:
    """What is taught.

    Attributes
    ----------
    format : str
        Target format of the answer.
    renderer : str
    px_per_mm : int
    condition : str
        What is shown while teaching: a name of the ablation's, or a JSON file.
    measurements : str
        ``waveform``, or the path of a PTB-XL+ features file.
    balance : str
        Axis whose values are drawn equally often; empty draws every record once an epoch.
    limit : int
        Only the first so many training records; 0 takes all.

    Raises
    ------
    taxonomy.error.UnknownNameError
        When a format, renderer, condition or axis is unknown.
    taxonomy.error.RenderError
        When no page can be drawn at that resolution.
    """

    format: str = "dense"
    renderer: str = "printed"
    px_per_mm: Annotated[int, Ge(1)] = 6
    condition: str = "full"
    measurements: str = "waveform"
    balance: str = ""
    limit: Annotated[int, Ge(0)] = 0

    def __post_init__(self) -> None:
        form = self.view().form
        if self.balance:
            _check_balance(self.balance, form)

    def view(self, seed: int = 0) -> View:
        """Return what is shown while teaching."""
        return View(self.condition, self.renderer, self.px_per_mm, self.format, self.measurements, seed=seed)


def _check_balance(name: str, form: TargetFormat) -> None:
    """Only an axis that is asked for and has one value can be drawn equally often."""
    axis_named(name)
    asked = {*form.axes, *((NORMALITY.name,) if "diagnosis" in form.axes else ())}
    known = [axis for axis in (*AXIS_NAMES, NORMALITY.name) if axis in asked and not axis_named(axis).is_set]
    if name not in known:
        raise unknown_name("axis to balance", name, known)


@dataclass(frozen=True)
class Lora:
    """The adapter (Hu et al. 2022).

    Attributes
    ----------
    rank, alpha : int
    dropout : float
    layers : str
        Whose linear layers it is put on: ``all``, ``language`` or ``vision``.
    """

    rank: Annotated[int, Interval(ge=1, le=4096)] = 16
    alpha: Annotated[int, Interval(ge=1, le=65536)] = 32
    dropout: Annotated[float, Interval(ge=0, le=0.9)] = 0.05
    layers: Literal["all", "language", "vision"] = "all"


@dataclass(frozen=True)
class Training:
    """How it is taught.

    Attributes
    ----------
    epochs : int
    batch : int
        Examples of one step, over all devices together.
    at_once : int
        Examples that one device works on at once; a smaller number takes less memory and gives the same steps.
    learning_rate, weight_decay : float
    warmup : float
        Share of the steps in which the learning rate rises; it then falls along a half cosine.
    evaluations : int
        Looks at fold 9 in an epoch; each is a checkpoint too.
    patience : int
        Looks without a better one after which it stops; 0 never stops.
    validation : int
        Records of fold 9 that are looked at, at most; 0 takes all.
    max_tokens : int
        Of an answer on fold 9.
    seed : int
    gradient_checkpointing : bool
        Computes forward passes twice to keep less of them.
    validation_batch : int
        Records of fold 9 that are answered together.
    workers : int
        Processes that draw and prepare examples for each device; 0 does it in the training process.
    cache : bool
        Draw every example once, onto the disk, instead of each time it is needed.
    """

    epochs: Annotated[int, Interval(ge=1, le=10_000)] = 3
    batch: Annotated[int, Interval(ge=1, le=65536)] = 16
    at_once: Annotated[int, Interval(ge=1, le=4096)] = 1
    learning_rate: Annotated[float, Interval(ge=1e-9, le=1)] = 1e-4
    weight_decay: Annotated[float, Interval(ge=0, le=1)] = 0.0
    warmup: Annotated[float, Interval(ge=0, le=1)] = 0.03
    evaluations: Annotated[int, Interval(ge=1, le=1000)] = 1
    patience: Annotated[int, Interval(ge=0, le=10_000)] = 3
    validation: Annotated[int, Ge(0)] = 200
    max_tokens: Annotated[int, Interval(ge=1, le=100_000)] = 512
    seed: int = 0
    gradient_checkpointing: bool = True
    validation_batch: Annotated[int, Interval(ge=1, le=4096)] = 8
    workers: Annotated[int, Interval(ge=0, le=256)] = 2
    cache: bool = False


FREE = ("at_once", "gradient_checkpointing", "validation_batch", "workers", "cache")
"""Settings of the training that change how fast it goes and how much memory it takes, and not what comes out."""


@dataclass(frozen=True)
class FinetuneConfig:
    """Everything that a fine-tuning depends on, but the data.

    Attributes
    ----------
    model : str
        Name on the hub, or folder.
    load : LoadOptions
        How it is loaded.
    task : Task
    lora : Lora
    training : Training
    """

    model: str
    load: LoadOptions = field(default_factory=LoadOptions)
    task: Task = field(default_factory=Task)
    lora: Lora = field(default_factory=Lora)
    training: Training = field(default_factory=Training)

    @property
    def view(self) -> View:
        """What is shown while teaching."""
        return self.task.view(self.training.seed)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data, one object for each section of the file."""
        return asdict(self)

    @property
    def outcome(self) -> dict[str, Any]:
        """What decides the adapter: everything but what only takes time and memory."""
        data = self.to_json()
        for name in FREE:
            del data["training"][name]
        return data

    def toml(self) -> str:
        """Return the configuration as a TOML file."""
        sections = self.to_json()
        lines = [f"model = {json.dumps(sections.pop('model'))}"]
        for part, settings in sections.items():
            lines += ["", f"[{part}]"]
            lines += [f"{name} = {json.dumps(value)}" for name, value in settings.items() if value is not None]
        return "\n".join(lines) + "\n"


SECTIONS: Mapping[str, type] = {"load": LoadOptions, "task": Task, "lora": Lora, "training": Training}
"""Sections of a configuration file."""


def read_finetune_config(path: Path | None, changes: Mapping[str, Any]) -> FinetuneConfig:
    """Read a configuration file, and change what stands on the command line.

    Parameters
    ----------
    path : Path or None
        None takes every default.
    changes : mapping
        Settings by name, ``model`` among them; None leaves a setting as it is.

    Raises
    ------
    SettingError
        When the file cannot be read, names no model, or a setting is not usable.
    taxonomy.error.UnknownNameError
        When a setting or a name is unknown.
    """
    return finetune_config(read_settings(path), changes)


def read_settings(path: Path | None) -> dict[str, Any]:
    """Return what a configuration file holds, unchecked; nothing without a file.

    Raises
    ------
    SettingError
        When the file cannot be read.
    """
    return read_toml(path, "configuration") if path else {}


def finetune_config(data: Mapping[str, Any], changes: Mapping[str, Any] | None = None) -> FinetuneConfig:
    """Return the configuration that the data of a file holds; raises as :func:`read_finetune_config`."""
    given = {name: value for name, value in (changes or {}).items() if value is not None}
    unknown = data.keys() - SECTIONS.keys() - {"model"}
    if unknown:
        raise unknown_name("section of the configuration", min(unknown), [*SECTIONS, "model"])
    model = given.pop("model", None) or data.get("model")
    if not model or not isinstance(model, str):
        raise SettingError("no model is named: --model NAME-OR-FOLDER, or 'model = ...' in the configuration")
    parts: dict[str, Any] = {}
    for section, kind in SECTIONS.items():
        written = data.get(section, {})
        if not isinstance(written, dict):
            raise SettingError(f"section [{section}] of the configuration holds no settings")
        own = {item.name: given.pop(item.name) for item in fields(kind) if item.name in given}
        parts[section] = settings_of(kind, {**written, **own}, f"[{section}] setting")
    if given:
        raise unknown_name("setting", min(given), [item.name for kind in SECTIONS.values() for item in fields(kind)])
    return FinetuneConfig(model, **parts)
