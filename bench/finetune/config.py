"""What a fine-tuning is made of: a TOML file reproduces it."""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from bench.prompt import condition_named
from readers.vlm.option import LoadOptions
from renderers import renderer
from taxonomy.axis import AXIS_NAMES, NORMALITY, axis_named
from taxonomy.error import SettingError, unknown_name
from taxonomy.target import target_format

Section = TypeVar("Section")


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
    """

    format: str = "dense"
    renderer: str = "printed"
    px_per_mm: int = 6
    condition: str = "full"
    measurements: str = "waveform"
    balance: str = ""
    limit: int = 0


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

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05
    layers: str = "all"


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

    epochs: int = 3
    batch: int = 16
    at_once: int = 1
    learning_rate: float = 1e-4
    weight_decay: float = 0.0
    warmup: float = 0.03
    evaluations: int = 1
    patience: int = 3
    validation: int = 200
    max_tokens: int = 512
    seed: int = 0
    gradient_checkpointing: bool = True
    validation_batch: int = 8
    workers: int = 2
    cache: bool = False


FREE = ("at_once", "gradient_checkpointing", "validation_batch", "workers", "cache")
"""Settings of the training that change how fast it goes and how much memory it takes, and not what comes out."""

RANGES: Mapping[str, tuple[float, float]] = {
    "px_per_mm": (1, 50),
    "limit": (0, 10**9),
    "rank": (1, 4096),
    "alpha": (1, 65536),
    "dropout": (0, 0.9),
    "epochs": (1, 10_000),
    "batch": (1, 65536),
    "at_once": (1, 4096),
    "learning_rate": (1e-9, 1),
    "weight_decay": (0, 1),
    "warmup": (0, 1),
    "evaluations": (1, 1000),
    "patience": (0, 10_000),
    "validation": (0, 10**9),
    "max_tokens": (1, 100_000),
    "validation_batch": (1, 4096),
    "workers": (0, 256),
}
LAYERS = ("all", "language", "vision")


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

    Raises
    ------
    SettingError
        When a setting is out of its range.
    taxonomy.error.UnknownNameError
        When a format, renderer, condition or axis is unknown.
    """

    model: str
    load: LoadOptions = field(default_factory=LoadOptions)
    task: Task = field(default_factory=Task)
    lora: Lora = field(default_factory=Lora)
    training: Training = field(default_factory=Training)

    def __post_init__(self) -> None:
        form = target_format(self.task.format)
        renderer(self.task.renderer)
        condition_named(self.task.condition)
        if self.task.balance:
            axis = axis_named(self.task.balance)
            asked = {*form.axes, *((NORMALITY.name,) if "diagnosis" in form.axes else ())}
            if axis.is_set or axis.name not in asked:
                known = [
                    name for name in (*AXIS_NAMES, NORMALITY.name) if name in asked and not axis_named(name).is_set
                ]
                raise unknown_name("axis to balance", axis.name, known)
        if self.lora.layers not in LAYERS:
            raise unknown_name("choice of layers", self.lora.layers, LAYERS)
        for part in (self.task, self.lora, self.training):
            for name, (low, high) in RANGES.items():
                value = getattr(part, name, low)
                if not low <= value <= high:
                    raise SettingError(f"setting {name} must be between {low} and {high}, not {value}")

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data, one object for each section of the file."""
        return {"model": self.model, **{part: asdict(getattr(self, part)) for part in SECTIONS}}

    @property
    def outcome(self) -> dict[str, Any]:
        """What decides the adapter: everything but what only takes time and memory."""
        data = self.to_json()
        for name in FREE:
            del data["training"][name]
        return data

    def toml(self) -> str:
        """Return the configuration as a TOML file."""
        import json

        lines = [f"model = {json.dumps(self.model)}"]
        for part in SECTIONS:
            lines += ["", f"[{part}]"]
            values = {name: value for name, value in asdict(getattr(self, part)).items() if value is not None}
            lines += [f"{name} = {json.dumps(value)}" for name, value in values.items()]
        return "\n".join(lines) + "\n"


SECTIONS: Mapping[str, type] = {"load": LoadOptions, "task": Task, "lora": Lora, "training": Training}
"""Sections of a configuration file."""


def read_config(path: Path | None, changes: Mapping[str, Any]) -> FinetuneConfig:
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
    return config_from(read_settings(path), changes)


def read_settings(path: Path | None) -> dict[str, Any]:
    """Return what a configuration file holds, unchecked; nothing without a file.

    Raises
    ------
    SettingError
        When the file cannot be read.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")) if path else {}
    except (OSError, ValueError) as error:
        raise SettingError(f"configuration {path} cannot be read: {error}") from error


def config_from(data: Mapping[str, Any], changes: Mapping[str, Any] | None = None) -> FinetuneConfig:
    """Return the configuration that the data of a file holds; raises as :func:`read_config`."""
    given = {name: value for name, value in (changes or {}).items() if value is not None}
    unknown = data.keys() - SECTIONS.keys() - {"model"}
    if unknown:
        raise unknown_name("section of the configuration", min(unknown), [*SECTIONS, "model"])
    model = given.pop("model", None) or data.get("model")
    if not model or not isinstance(model, str):
        raise SettingError("no model is named: --model NAME-OR-FOLDER, or 'model = ...' in the configuration")
    parts: dict[str, Any] = {name: _section(kind, name, data.get(name, {})) for name, kind in SECTIONS.items()}
    for name, value in given.items():
        home = next((part for part, kind in SECTIONS.items() if name in {f.name for f in fields(kind)}), None)
        if home is None:
            raise unknown_name("setting", name, [f.name for kind in SECTIONS.values() for f in fields(kind)])
        parts[home] = replace(parts[home], **{name: value})
    return FinetuneConfig(model, **parts)


def _section(kind: type[Section], section: str, data: object) -> Section:
    if not isinstance(data, dict):
        raise SettingError(f"section [{section}] of the configuration holds no settings")
    defaults = asdict(kind())  # type: ignore[call-overload]  # every section is a dataclass
    found: dict[str, Any] = {}
    for name, value in data.items():
        if name not in defaults:
            raise unknown_name(f"setting in [{section}]", name, defaults)
        found[name] = _typed(name, value, defaults[name])
    return kind(**found)


def _typed(name: str, value: object, default: object) -> object:
    if isinstance(default, float) and type(value) in (int, float):
        return float(value)  # type: ignore[arg-type]  # int or float, as just checked
    if type(value) is type(default) or (default is None and type(value) is int):
        return value
    raise SettingError(f"setting {name} = {value!r} must be like {default!r}")
