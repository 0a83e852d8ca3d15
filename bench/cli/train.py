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
def resnet1d(data: str | None, extra: Path | None, config: Path | None, member: int | None, out: Path) -> None:
    """Train the signal-native network on folds 1 to 8; fold 9 stops it, fold 10 is never read.

    Every epoch is a checkpoint: after a kill the same command resumes, with the same result. Uses a GPU where there
    is one. The weights go to OUT/weights.safetensors and are read by --reader resnet1d:OUT/weights.safetensors.

    A part [phantoms] of the configuration adds simulated recordings of rare statements (flutter, pacing, injury ...)
    to the records that teach, and to no others: seed, statements, each (of a statement), others (as frequent as in
    PTB-XL), weight (in the loss). Nothing is added without it.

    \b
    Examples:
      bench train resnet1d --data ~/ptb-xl
      bench train resnet1d --config my.toml --member 1 --out training/mine
    """
    from bench.cli.terminal import progress
    from bench.dataset import open_dataset
    from bench.training.rare_phantom import phantom_record, with_phantoms
    from bench.training.resnet1d import training_record, training_set
    from readers.resnet1d.config import read_training_config
    from readers.resnet1d.training import Epoch, train_member
    from readers.resnet1d.weights import save_weights
    from taxonomy.error import SettingError

    settings = read_training_config(config)
    if member is not None and member not in settings.seeds:
        raise SettingError(f"--member {member} is none of the configuration's seeds {list(settings.seeds)}")
    dataset = open_dataset(data)
    with progress("preparing") as report:
        examples = training_set(dataset, extra, report)
    facts = training_record(examples, dataset, extra)
    click.echo(f"{facts['training_records']} records to train on, {facts['validation_records']} to stop on")
    if settings.phantoms:
        with progress("simulating", "phantoms") as report:
            examples = with_phantoms(examples, settings.phantoms, report)
        facts["phantoms"] = phantom_record(settings.phantoms)
        click.echo(f"{facts['phantoms']['records']} phantoms to train on beside them")

    def say(epoch: Epoch) -> None:
        mark = " *" if epoch.best else ""
        click.echo(
            f"epoch {epoch.number:>3}/{epoch.epochs}  loss {epoch.loss:.4f}  fold 9 AUROC {epoch.auroc:.4f}{mark}"
        )

    best = {}
    for seed in settings.seeds if member is None else (member,):
        click.echo(f"member of seed {seed}")
        best[seed] = train_member(examples, settings, seed, out / f"member-{seed}", say)
    finished = [out / f"member-{seed}" / "best.safetensors" for seed in settings.seeds]
    if member is not None and not all((path.parent / "finished").is_file() for path in finished):
        click.echo("other members are still to be trained; the last one to finish writes the weights")
        return
    save_weights(out / "weights.safetensors", finished, settings, facts)
    click.echo(f"weights of {len(finished)} members: {out / 'weights.safetensors'}")
