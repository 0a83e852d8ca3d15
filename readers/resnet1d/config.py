"""Every setting of the network and its training, in one frozen object that a TOML file fills."""

import tomllib
from dataclasses import asdict, dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

from taxonomy.error import SettingError, unknown_name


@dataclass(frozen=True)
class Config:
    """Settings of one training.

    Attributes
    ----------
    seeds : tuple of int
        One network is trained for each; the reader averages their probabilities.
    channels : tuple of int
        Width of each stage; each stage halves the number of samples.
    blocks : int
        Residual blocks a stage.
    kernel : int
        Samples that a convolution sees.
    dropout : float
        Before the heads.
    batch : int
        Records a step.
    epochs, patience : int
        Most epochs, and epochs without a better macro AUROC on fold 9 after which a training stops.
    learning_rate, weight_decay : float
        Of AdamW; the rate warms up and then falls along a cosine.
    warmup : float
        Share of the steps.
    averaging : float
        Decay of the exponential moving average of the weights, per step.
    statement_weight, axis_weight : float
        Of the 71 statements and of the axes in the loss, beside 1 for the superclasses.
    gain, noise, warp : float
        Augmentation: spread of the gain of a lead, of white noise (in standard deviations), of the time scale.
    shift : int
        Augmentation: most samples that a record is moved in time.
    lead_loss, gap, mixup : float
        Augmentation: chance that a lead is blanked, that a stretch is blanked, and strength of mixup.
    page : bool
        Whether each lead is shown only where a printed 3 x 4 page shows it.
    """

    seeds: tuple[int, ...] = (0,)
    channels: tuple[int, ...] = (48, 64, 96, 160)
    blocks: int = 2
    kernel: int = 5
    dropout: float = 0.3
    batch: int = 64
    epochs: int = 60
    patience: int = 20
    learning_rate: float = 3e-3
    weight_decay: float = 0.05
    warmup: float = 0.1
    averaging: float = 0.99
    statement_weight: float = 1.0
    axis_weight: float = 0.2
    gain: float = 0.2
    noise: float = 0.1
    warp: float = 0.1
    shift: int = 100
    lead_loss: float = 0.1
    gap: float = 0.5
    mixup: float = 0.2
    page: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the settings as plain JSON data."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


def read_config(path: Path | None = None) -> Config:
    """Read a training configuration, the one of the shipped weights when no file is named.

    Raises
    ------
    SettingError
        When the file cannot be read as TOML or a setting has another type than it needs.
    taxonomy.error.UnknownNameError
        When a setting is unknown.
    """
    source = path or files("readers.resnet1d") / "config.toml"
    try:
        data = tomllib.loads(source.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingError(f"training configuration {source} cannot be read: {error}") from error
    return config_from(data)


def config_from(data: dict[str, Any]) -> Config:
    """Return the configuration that ``data`` holds, defaults where it is silent.

    Raises
    ------
    SettingError
        When a setting has another type than it needs.
    taxonomy.error.UnknownNameError
        When a setting is unknown.
    """
    defaults = asdict(Config())
    known = [f.name for f in fields(Config)]
    settings: dict[str, Any] = {}
    for name, value in data.items():
        if name not in known:
            raise unknown_name("training setting", name, known)
        settings[name] = _typed(name, value, defaults[name])
    return Config(**settings)


def _typed(name: str, value: object, default: object) -> object:
    if isinstance(default, tuple) and isinstance(value, list) and value and all(type(v) is int for v in value):
        return tuple(value)
    if isinstance(default, float) and type(value) in (int, float):
        return float(value)  # type: ignore[arg-type]  # int or float, as just checked
    if type(default) in (int, bool) and type(value) is type(default):
        return value
    raise SettingError(f"training setting {name} = {value!r} must be like {default!r}")
