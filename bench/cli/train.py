"""``bench train``: make a built-in reader from training folds."""

from pathlib import Path

import click


@click.command()
@click.option(
    "--data",
    metavar="[NAME:]PATH",
    multiple=True,
    help="PTB-XL's folder, or NAME:PATH of another dataset, as often as needed; else $PTBXL_DIR, else phantoms-1.",
)
@click.option(
    "--weight",
    type=click.FloatRange(1e-6, 1e6),
    multiple=True,
    help="Of each record in the loss: one for each --data, in their order.",
    show_default="1 each",
)
@click.option(
    "--extra", type=click.Path(path_type=Path), help="More of PTB-XL, filtered and z-scored elsewhere (.npz)."
)
@click.option(
    "--config",
    metavar="NAME|FILE",
    multiple=True,
    help="Training settings: a name below or a TOML file, as often as needed; later ones go over earlier ones.",
    show_default="the shipped ones",
)
@click.option("--member", type=int, help="Train only the member of this seed; another process may train another.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("training"),
    show_default=True,
    help="Checkpoints and weights.",
)
@click.option(
    "--mixed-precision",
    type=click.Choice(["auto", "no", "bf16", "fp16"]),
    show_default="the configuration's, auto: bf16 or fp16 on a GPU, no on a CPU",
    help="Precision of the steps.",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    show_default="one for each processor",
    help="Processes that prepare the signals, once for each dataset.",
)
def resnet1d(  # noqa: PLR0913  # the options of a command
    data: tuple[str, ...],
    weight: tuple[float, ...],
    extra: Path | None,
    config: tuple[str, ...],
    member: int | None,
    out: Path,
    mixed_precision: str | None,
    workers: int | None,
) -> None:
    """Train the signal-native network on folds 1 to 8; fold 9 stops it, fold 10 is never read.

    Several datasets each have splits of their own: the training splits teach together, the validation splits stop. What
    a dataset does not label is no part of its records' loss. Datasets that share recordings are refused.

    Every epoch is a checkpoint: after a kill the same command resumes, with the same result. Uses a GPU where there
    is one, several by accelerate launch, and needs the extra 'train'. The weights go to OUT/weights.safetensors and
    are read by --reader resnet1d:OUT/weights.safetensors.

    A part [phantoms] of the configuration adds simulated recordings of rare statements (flutter, pacing, injury ...)
    to the records that teach, and to no others: seed, statements, each (of a statement), others (as frequent as in
    PTB-XL), weight (in the loss). Nothing is added without it.

    \b
    Settings by name, each a change of the shipped ones, to be combined freely:
      label-smoothing  a tenth of every target spread evenly (Szegedy et al. 2016)
      layers           heads that see every stage (Ballas and Diou 2022)
      lead-dropout     each lead blanked with probability 0.5 (Oh et al. 2022)
      mixstyle         features in the style of two records (Zhou et al. 2021)
      se-resnet        the SE-ResNet-18 of Zhao et al. 2020

    \b
    Examples:
      bench train resnet1d --data ~/ptb-xl
      bench train resnet1d --data ~/ptb-xl --data challenge:georgia --weight 1 --weight 2 --config se-resnet
      bench train resnet1d --config mixstyle --config label-smoothing --config my.toml
      bench train resnet1d --config my.toml --member 1 --out training/mine
      accelerate launch --multi_gpu -m bench train resnet1d --data ~/ptb-xl
    """
    from bench.cli.terminal import ALOUD
    from bench.dataset import open_dataset
    from bench.training.source import sources_of
    from bench.training.training import Plan, train
    from readers.resnet1d.config import configured, training_config_from
    from taxonomy.error import SettingError

    settings = configured(config)
    if mixed_precision is not None:
        settings = training_config_from({**settings.to_json(), "mixed_precision": mixed_precision})
    if member is not None and member not in settings.seeds:
        raise SettingError(f"--member {member} is none of the configuration's seeds {list(settings.seeds)}")
    sources = sources_of([open_dataset(place) for place in data or [None]], weight, extra)
    train(Plan(settings, sources, member, out, workers), ALOUD)
