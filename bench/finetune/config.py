"""The configuration of a fine-tuning, written to and read from TOML."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Interval

from bench.view import View
from readers.setting import checked_settings, read_toml
from readers.vlm.option import REMOTE_CODE, LoadOptions
from renderers import usual_px_per_mm
from taxonomy.axis import AXIS_NAMES, NORMALITY, axis_named
from taxonomy.error import SettingError, unknown_name
from taxonomy.target import TargetFormat, without_reasoning


@dataclass(frozen=True)
class Task:
    """What to teach.

    Attributes
    ----------
    format : str
        Target format of the answer.
    renderer : str
    px_per_mm : int
        The renderer's usual resolution where none is named.
    condition : str
        Shown in training: name of a condition of the ablation, or a JSON file.
    measurements : str
        ``waveform``, or the path of a PTB-XL+ features file.
    demography : bool
        Whether age and sex are printed with the numbers.
    balance : str
        Axis whose values are sampled equally often; empty uses every record once per epoch.
    limit : int
        Training records at most; 0 for all.

    Raises
    ------
    taxonomy.error.UnknownNameError
        When a format, renderer, condition or axis does not exist.
    taxonomy.error.RenderError
        When no page can be drawn at that resolution.
    """

    format: str = "dense"
    renderer: str = "printed"
    px_per_mm: Annotated[int, Interval(ge=2, le=24)] = 0
    condition: str = "full"
    measurements: str = "waveform"
    demography: bool = False
    balance: str = ""
    limit: Annotated[int, Ge(0)] = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "px_per_mm", self.px_per_mm or usual_px_per_mm(self.renderer))
        form = self.view().form
        if self.balance:
            _check_balance(self.balance, form)

    def view(self, seed: int = 0) -> View:
        """Return what is shown in training."""
        shown = View(self.condition, self.renderer, self.px_per_mm, self.format, self.measurements, seed=seed)
        return replace(shown, demography=self.demography)


def _check_balance(name: str, form: TargetFormat) -> None:
    """Raise unless the axis is asked for and single-valued."""
    axis_named(name)
    asked = {*form.axes, *((NORMALITY.name,) if "diagnosis" in form.axes else ())}
    balanced = [axis for axis in (*AXIS_NAMES, NORMALITY.name) if axis in asked and not axis_named(axis).is_set]
    if name not in balanced:
        raise unknown_name("axis to balance", name, balanced)


@dataclass(frozen=True)
class Lora:
    """The adapter (Hu et al. 2022).

    Attributes
    ----------
    rank, alpha : int
    dropout : float
    layers : str
        Part of the model whose linear layers it adapts: ``all``, ``language`` or ``vision``.
    """

    rank: Annotated[int, Interval(ge=1, le=4096)] = 16
    alpha: Annotated[int, Interval(ge=1, le=65536)] = 32
    dropout: Annotated[float, Interval(ge=0, le=0.9)] = 0.05
    layers: Literal["all", "language", "vision"] = "all"


@dataclass(frozen=True)
class Training:
    """How to teach it.

    Attributes
    ----------
    epochs : int
    batch : int
        Examples per step, over all devices.
    at_once : int
        Examples per device and forward pass; fewer take less memory and give the same steps.
    learning_rate, weight_decay : float
    warmup : float
        Share of the steps in which the learning rate rises; then it falls along a half cosine.
    evaluations : int
        Evaluations of the validation split per epoch; each saves a checkpoint.
    patience : int
        Evaluations without improvement before training stops; 0 never stops.
    validation : int
        Records per evaluation at most; 0 for all.
    max_tokens : int
        Tokens of an evaluation's answer at most.
    seed : int
    gradient_checkpointing : bool
        Recomputes forward passes to save memory.
    validation_batch : int
        Records answered together in an evaluation.
    workers : int
        Processes per device that draw and prepare examples; 0 uses the training process.
    cache : bool
        Draws every example once, onto disk, instead of every time it is needed.
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
"""Training settings that affect only speed and memory, not the result."""


@dataclass(frozen=True)
class FinetuneConfig:
    """Everything that a fine-tuning depends on, except the data.

    Attributes
    ----------
    model : str
        Name on the hub, or folder.
    load : LoadOptions
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
        """What is shown in training."""
        return self.task.view(self.training.seed)

    def without_reasoning(self) -> "FinetuneConfig":
        """Return the configuration that teaches the same answer without reasoning."""
        return replace(self, task=replace(self.task, format=without_reasoning(self.task.format)))

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data, one object per section of the file, without the leave to run a model's code."""
        return asdict(self) | {"load": self.load.kept}

    @property
    def outcome(self) -> dict[str, Any]:
        """The settings that affect the result, without those for speed and memory."""
        data = self.to_json()
        for name in FREE:
            del data["training"][name]
        return data

    def toml(self) -> str:
        """Return the configuration as a TOML file."""
        sections = self.to_json()
        lines = [f"model = {json.dumps(sections.pop('model'))}"]
        for section, settings in sections.items():
            lines += ["", f"[{section}]"]
            lines += [f"{name} = {json.dumps(value)}" for name, value in settings.items() if value is not None]
        return "\n".join(lines) + "\n"


SECTIONS: Mapping[str, type] = {"load": LoadOptions, "task": Task, "lora": Lora, "training": Training}
"""Sections of a configuration file and their dataclasses."""


def read_finetune_config(path: Path | None, changes: Mapping[str, Any]) -> FinetuneConfig:
    """Read a configuration file and apply the changes of the command line.

    Parameters
    ----------
    path : Path or None
        None for all defaults.
    changes : mapping
        Settings by name, ``model`` among them; None leaves a setting unchanged.

    Raises
    ------
    SettingError
        When the file cannot be read or names no model, a setting is invalid, or the file grants leave to run code.
    taxonomy.error.UnknownNameError
        When a setting or a name does not exist.
    """
    return finetune_config(read_settings(path), changes)


def read_settings(path: Path | None) -> dict[str, Any]:
    """Return the unchecked content of a configuration file, empty without one; raises :class:`SettingError`."""
    return read_toml(path, "configuration") if path else {}


def finetune_config(data: Mapping[str, Any], changes: Mapping[str, Any] | None = None) -> FinetuneConfig:
    """Return the configuration in the data of a file; raises as :func:`read_finetune_config`."""
    changed = {name: value for name, value in (changes or {}).items() if value is not None}
    unknown = data.keys() - SECTIONS.keys() - {"model"}
    if unknown:
        raise unknown_name("section of the configuration", min(unknown), [*SECTIONS, "model"])
    model = changed.pop("model", None) or data.get("model")
    if not model or not isinstance(model, str):
        raise SettingError("no model is named: --model NAME-OR-FOLDER, or 'model = ...' in the configuration")
    sections: dict[str, Any] = {}
    for section, kind in SECTIONS.items():
        written = data.get(section, {})
        if not isinstance(written, dict):
            raise SettingError(f"section [{section}] of the configuration holds no settings")
        if written.get(REMOTE_CODE):
            raise SettingError(
                f"section [{section}] of the configuration sets {REMOTE_CODE}: leave to run a model's code is given on "
                "the command line alone"
            )
        own = {item.name: changed.pop(item.name) for item in fields(kind) if item.name in changed}
        sections[section] = checked_settings(kind, {**written, **own}, f"[{section}] setting")
    if changed:
        raise unknown_name("setting", min(changed), [item.name for kind in SECTIONS.values() for item in fields(kind)])
    return FinetuneConfig(model, **sections)
