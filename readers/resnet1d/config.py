"""The settings of the network and its training, read from a TOML file."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Interval, Len, MinLen

from readers.setting import checked_settings, read_toml
from taxonomy.error import SettingError, unknown_name
from taxonomy.statement import statements

Count = Annotated[int, Ge(1)]
Width = Annotated[int, Interval(ge=8, le=4096)]
Share = Annotated[float, Interval(ge=0, le=1)]
Strength = Annotated[float, Ge(0)]

SideGroup = Literal["voltage", "spikes", "rhythm", "intervals"]
"""A group of side inputs (:data:`readers.resnet1d.side.SIDES`)."""

MOST_MEMBERS = 100
"""Networks of one ensemble at most."""

RARE = (
    "AFLT", "PACE", "WPW", "2AVB", "3AVB", "SVTAC", "PSVT", "SVARR", "BIGU", "TRIGU",
    "STE_", "STD_", "INJAS", "INJAL", "INJIN", "INJIL", "INJLA",
)  # fmt: skip
"""Statements of which a training set has few examples: rhythms, blocks and pre-excitation, ST shifts and injury."""


@dataclass(frozen=True)
class PhantomConfig:
    """Phantoms that are added to the training records; the records that stop a training stay real.

    Attributes
    ----------
    seed : int
        Of their draw. No population (``--data phantoms:SEED``) holds any of them, whatever the two seeds.
    statements : tuple of str
        SCP-ECG statements that phantoms are made for.
    each : int
        Phantoms of each statement, in the company that PTB-XL's statements keep.
    others : int
        Phantoms with statements as frequent as in PTB-XL, so that being simulated does not give a rare one away.
    elevated : int
        Phantoms with ST raised by a known dose, of which those that reach the limits are labelled as acute injury.
    weight : float
        Of a phantom in the loss, relative to 1 for a real record.
    """

    seed: Annotated[int, Ge(0)] = 0
    statements: Annotated[tuple[str, ...], MinLen(1)] = RARE
    each: Count = 40
    others: Annotated[int, Ge(0)] = 440
    elevated: Annotated[int, Ge(0)] = 0
    weight: Strength = 1.0


@dataclass(frozen=True)
class TrainingConfig:
    """Settings of one training.

    Attributes
    ----------
    seeds : tuple of int
        One network per seed; the reader averages their probabilities.
    channels : tuple of int
        Width of each stage; each stage halves the number of samples.
    blocks : int
        Residual blocks per stage.
    kernel : int
        Samples under a convolution.
    reduction : int
        By which a squeeze-and-excitation gate is narrower than its block (16 in Hu et al. 2018); 0 for no gates.
    layer_pooling : bool
        Whether the heads see the pooled features of every stage (Ballas and Diou 2022), not those of the last alone.
    dropout, block_dropout : float
        Dropout before the heads, and between the two convolutions of a block.
    batch : int
        Records per step.
    epochs, patience : int
        Most epochs, and epochs without a better macro AUROC on fold 9 before training stops.
    learning_rate, weight_decay : float
        For AdamW; the rate warms up and then falls along a cosine.
    warmup : float
        Share of the steps.
    averaging : float
        Decay of the exponential moving average of the weights, per step.
    statement_weight, axis_weight : float
        Weights of the 71 statements and of the axes in the loss, relative to 1 for the superclasses.
    gain, noise, warp : float
        Augmentation: spread of a lead's gain, of white noise (in standard deviations) and of the time scale.
    shift : int
        Augmentation: most samples by which a record is shifted in time.
    lead_loss, gap, mixup : float
        Augmentation: probability of a blanked lead, of a blanked stretch, and strength of mixup.
    lead_loss_records : float
        Share of the records whose leads may be blanked; ``lead_loss`` is the probability over all records, so that
        0.5 in each and every record (1.0) is random lead masking (Oh et al. 2022).
    mixstyle : float
        Probability that a batch is taught in mixed styles (MixStyle, Zhou et al. 2021, who take 0.5), at each stage.
    mixstyle_alpha : float
        Of the Beta distribution of the shares (0.1 in their paper).
    mixstyle_stages : int
        Stages after which styles are mixed, from the first; never after the last one.
    mixstyle_between : {"records", "domains"}
        Whose styles are mixed: those of any two records, or of records of two datasets (one's own where a batch holds
        no other).
    label_smoothing : float
        Share of a target that is spread evenly over the values of its head, or over yes and no where each value is a
        question of its own (Szegedy et al. 2016, who take 0.1).
    page : bool
        Whether each lead is limited to the part that a printed 3 x 4 page shows.
    side : tuple of str
        What the network is told beside the leads.
    hidden : float
        Augmentation: probability that voltage and spikes are hidden, as in recordings that were z-scored, and that
        rhythm and intervals are, so that the leads must tell them.
    finding_correction : float
        How far the probability from which a finding is reported follows the finding's share among the training records
        (logit adjustment, Menon et al. 2021): at 0 it is 0.5, which rare ones seldom reach, at 1 the share itself.
        Probabilities stay as they are.
    mixed_precision : {"auto", "no", "bf16", "fp16"}
        Of the steps; ``"auto"`` is bf16 or fp16 on a CUDA device, whichever it has, and float32 elsewhere.
    phantoms : PhantomConfig or None
        Simulated recordings among those that teach; None for none.
    """

    seeds: Annotated[tuple[int, ...], Len(1, MOST_MEMBERS)] = (0,)
    channels: Annotated[tuple[Width, ...], Len(1, 16)] = (48, 64, 96, 160)
    blocks: Annotated[int, Interval(ge=1, le=64)] = 2
    kernel: Annotated[int, Interval(ge=1, le=499)] = 5
    reduction: Annotated[int, Ge(0)] = 8
    layer_pooling: bool = False
    dropout: Share = 0.3
    block_dropout: Share = 0.0
    batch: Count = 64
    epochs: Count = 60
    patience: Annotated[int, Ge(0)] = 20
    learning_rate: Strength = 3e-3
    weight_decay: Strength = 0.05
    warmup: Share = 0.1
    averaging: Share = 0.99
    statement_weight: Strength = 1.0
    axis_weight: Strength = 0.2
    gain: Strength = 0.2
    noise: Strength = 0.1
    warp: Strength = 0.1
    shift: Annotated[int, Ge(0)] = 100
    lead_loss: Share = 0.1
    lead_loss_records: Annotated[float, Interval(gt=0, le=1)] = 0.5
    gap: Share = 0.5
    mixup: Share = 0.2
    mixstyle: Share = 0.0
    mixstyle_alpha: Annotated[float, Gt(0)] = 0.1
    mixstyle_stages: Count = 2
    mixstyle_between: Literal["records", "domains"] = "records"
    label_smoothing: Annotated[float, Interval(ge=0, lt=1)] = 0.0
    page: bool = False
    side: tuple[SideGroup, ...] = ()
    hidden: Share = 0.3
    finding_correction: Share = 0.0
    mixed_precision: Literal["auto", "no", "bf16", "fp16"] = "auto"
    phantoms: PhantomConfig | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the settings as plain JSON data."""
        return _json_of(asdict(self))


def _json_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in settings.items()}
    return {name: _json_of(value) if isinstance(value, dict) else value for name, value in plain.items()}


def read_training_config(path: Path | None = None) -> TrainingConfig:
    """Read a training configuration, by default that of the shipped weights.

    Raises
    ------
    taxonomy.error.SettingError
        When the file cannot be read as TOML, or a setting has the wrong type or range.
    taxonomy.error.UnknownNameError
        When a setting is unknown.
    """
    return training_config_from(read_toml(path or files("readers.resnet1d") / "config.toml", "training configuration"))


def shipped_configs() -> dict[str, str]:
    """Return the ready settings by name, and what each is: the first line of its file."""
    found = [file for file in _ready().iterdir() if file.name.endswith(".toml")]
    lines = {file.name.removesuffix(".toml"): file.read_text(encoding="utf-8").partition("\n")[0] for file in found}
    return {name: line.removeprefix("# ") for name, line in sorted(lines.items())}


def configured(written: Sequence[str]) -> TrainingConfig:
    """Return the configuration that files and names of ready settings give together.

    Parameters
    ----------
    written : sequence of str
        Each a TOML file, or a name of :func:`shipped_configs`; a later one's settings go over an earlier one's. A name
        changes the shipped configuration where no file stands before it. Without any it is the shipped one.

    Raises
    ------
    taxonomy.error.SettingError
        When a file cannot be read as TOML, or a setting has the wrong type or range.
    taxonomy.error.UnknownNameError
        When a name or a setting is unknown.
    """
    ready, data = shipped_configs(), dict[str, Any]()
    for number, one in enumerate(written or [""]):
        if number == 0 and (one in ready or not one):
            data = read_toml(files("readers.resnet1d") / "config.toml", "training configuration")
        if one in ready:
            data |= read_toml(_ready() / f"{one}.toml", "training configuration")
        elif one and not Path(one).suffix and not Path(one).exists():
            raise unknown_name("training configuration", one, ready)
        elif one:
            data |= read_toml(Path(one), "training configuration")
    return training_config_from(data)


def _ready() -> Traversable:
    return files("readers.resnet1d") / "configs"


def training_config_from(data: Mapping[str, object]) -> TrainingConfig:
    """Return the configuration that ``data`` holds, with defaults for the rest; raises as a file's reading does."""
    part = data.get("phantoms")
    if isinstance(part, Mapping):
        for code in checked_settings(PhantomConfig, part, "setting of [phantoms]").statements:
            if code not in statements():
                raise unknown_name("statement of [phantoms]", code, statements())
    config = checked_settings(TrainingConfig, data, "training setting")
    if config.mixstyle and len(config.channels) < 2:
        raise SettingError(
            "mixstyle needs two stages or more, since it is never applied after the last: add to channels"
        )
    return config
