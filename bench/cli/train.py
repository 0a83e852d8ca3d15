"""``bench train``: make a built-in reader from training folds."""

from pathlib import Path

import click

from bench.cli.option import data_option


@click.command()
@data_option
@click.option("--extra", type=click.Path(path_type=Path), help="More records, filtered and z-scored elsewhere (.npz).")
@click.option(
    "--config", type=click.Path(path_type=Path), help="Training settings (TOML); the shipped ones by default."
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
    data: str | None,
    extra: Path | None,
    config: Path | None,
    member: int | None,
    out: Path,
    mixed_precision: str | None,
    workers: int | None,
) -> None:
    """Train the signal-native network on folds 1 to 8; fold 9 stops it, fold 10 is never read.

    Every epoch is a checkpoint: after a kill the same command resumes, with the same result. Uses a GPU where there
    is one, several by accelerate launch, and needs the extra 'train'. The weights go to OUT/weights.safetensors and
    are read by --reader resnet1d:OUT/weights.safetensors.

    A part [phantoms] of the configuration adds simulated recordings of rare statements (flutter, pacing, injury ...)
    to the records that teach, and to no others: seed, statements, each (of a statement), others (as frequent as in
    PTB-XL), weight (in the loss). Nothing is added without it.

    \b
    Examples:
      bench train resnet1d --data ~/ptb-xl
      bench train resnet1d --config my.toml --member 1 --out training/mine
      accelerate launch --multi_gpu -m bench train resnet1d --data ~/ptb-xl
    """
    from bench.cli.terminal import ALOUD
    from bench.dataset import open_dataset
    from bench.training.training import Plan, train
    from readers.resnet1d.config import read_training_config, training_config_from
    from taxonomy.error import SettingError

    settings = read_training_config(config)
    if mixed_precision is not None:
        settings = training_config_from({**settings.to_json(), "mixed_precision": mixed_precision})
    if member is not None and member not in settings.seeds:
        raise SettingError(f"--member {member} is none of the configuration's seeds {list(settings.seeds)}")
    train(Plan(settings, open_dataset(data), extra, member, out, workers), ALOUD)
