"""``bench ablate`` and ``bench selftest``: how much of an answer came from the trace."""

from pathlib import Path
from typing import Any

import click

from bench.cli.option import data_option, drawing_options, means_from, means_options, selection_options

FIXED: dict[str, Any] = {"condition": "full", "danger": None, "repeats": 1}
"""What an ablation leaves no choice in."""


@click.command()
@click.option("--reader", required=True, help="A name of 'bench readers', or package.module:Class.")
@data_option
@selection_options
@drawing_options
@click.option("--option", multiple=True, metavar="NAME=VALUE", help="For the reader, as in 'bench run'.")
@click.option("--measurements", default="waveform", show_default=True, help="Where the prompt's numbers come from.")
@click.option("--statements", type=click.Path(path_type=Path), help="PTB-XL+'s 12sl_statements.csv, for reader 12sl.")
@click.option(
    "--image-ceiling",
    default="auto",
    show_default=True,
    help="Reader that shows what can be read: digitizer for readers of images, else resnet1d; '' for none.",
)
@means_options
@click.option("--dry-run", is_flag=True, help="Say what each condition would ask and cost; send nothing.")
@click.option("--seed", type=int, default=0, show_default=True, help="Decides donors and masks.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True)
def ablate(image_ceiling: str, dry_run: bool, **options: Any) -> None:
    """Say, for every axis, whether a reader reads the trace, copies the prompt, or recites the prior.

    Asks the reader under every condition (without the image, with another patient's, with another patient's numbers,
    with leads masked, ...); each condition is a run of its own in OUT, resumed where it stopped, and conditions that
    are the same for the reader are asked once. The page is OUT/ablation-.../evidence.md.

    \b
    Examples:
      bench ablate --reader resnet1d
      bench ablate --reader openai:gpt-5.4 --dry-run
      bench ablate --reader openai:gpt-5.4 --max-cost 20 --renderer leads
    """
    from bench.run.options import RunOptions

    asked = RunOptions(means=means_from(options), **FIXED, **options)
    if dry_run:
        from bench.evidence.estimate import dry_run as estimate

        estimate(asked)
        return
    from bench.evidence.ablation import ablate as run
    from bench.evidence.page import write_evidence
    from bench.evidence.terminal import print_evidence

    found = run(asked, image_ceiling)
    folder = asked.out / f"ablation-{found.job.settings.run_id}"
    write_evidence(folder, found)
    print_evidence(found)
    click.echo(f"\npage: {folder / 'evidence.md'}")


@click.command()
@data_option
@click.option("--seed", type=int, default=0, show_default=True, help="Decides donors and masks.")
def selftest(data: Path | None, seed: int) -> None:
    """Check the benchmark itself: readers of which it is known what they read must get the right verdicts.

    Exits with 1 when a verdict is wrong.
    """
    from bench.dataset import open_dataset
    from bench.evidence.selftest import selftest as run
    from bench.evidence.terminal import print_axes

    checks = run(open_dataset(data), seed=seed)
    for check in checks:
        print_axes(check.axes, check.reader)
        click.echo("".join(f"WRONG  {problem}\n" for problem in check.wrong))
    wrong = sum(len(check.wrong) for check in checks)
    click.echo(f"{wrong} verdicts are wrong" if wrong else f"all verdicts on {len(checks)} doubles are right")
    raise click.exceptions.Exit(1 if wrong else 0)
