"""``bench experiment domains``: what a reader is worth at its own hospital, at one left out, and at foreign ones."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from bench.cli.completing import reader_names
from bench.cli.option import limit_option, out_option
from bench.domains.domain import PROTOCOLS, ZERO_SHOT, Protocol

if TYPE_CHECKING:
    from bench.domains.domain import Answered
    from bench.domains.running import DomainPlan
    from bench.domains.teaching import Arm

READER = "resnet1d"
"""Asked as it is where no reader is named."""

SHIPPED = "shipped"
"""The configuration of the shipped weights, by which others are told their differences."""


@click.command()
@click.option(
    "--data",
    "datasets",
    multiple=True,
    metavar="[DOMAIN=][NAME:]PATH",
    help="A dataset, as often as there are; each source of a challenge:PATH is a domain. DOMAIN= names it otherwise.",
)
@click.option("--domain", "chosen", multiple=True, metavar="DOMAIN", help="Only this domain of them; repeatable.")
@click.option(
    "--protocol",
    "protocols",
    multiple=True,
    type=click.Choice(list(get_args(Protocol))),
    show_default="all three",
    help="Repeatable.",
)
@click.option(
    "--config",
    "configs",
    multiple=True,
    metavar="NAME|FILE[,...]",
    show_default=SHIPPED,
    help="Training settings as of 'bench train resnet1d': names or TOML files. Each --config is an arm; those with "
    "commas between them are one.",
)
@click.option(
    "--reader",
    "readers",
    shell_complete=reader_names,
    multiple=True,
    metavar="READER",
    show_default=READER,
    help="Asked as it is under zero-shot; repeatable.",
)
@click.option("--folds", type=click.IntRange(3), default=5, show_default=True, help="Of the cross-validation.")
@limit_option("Take N records of each domain by lot (--seed).")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the lots: samples, folds, who stops.")
@click.option("--whole", is_flag=True, help="Teach leave-one-out on all other records: size is in the drop too.")
@click.option("--one-network", is_flag=True, help="Ask one network a left-out domain, not one a fold: no verdicts.")
@click.option("--workers", type=click.IntRange(1), show_default="one for each processor", help="Prepare the signals.")
@click.option("--dry-run", is_flag=True, help="Show domains, trainings, time and disk; write nothing.")
@out_option("experiments", "The study's folder is made here.")
def domains(  # noqa: PLR0913  # the options of a command
    datasets: tuple[str, ...],
    chosen: tuple[str, ...],
    protocols: tuple[Protocol, ...],
    configs: tuple[str, ...],
    readers: tuple[str, ...],
    folds: int,
    limit: int | None,
    seed: int,
    whole: bool,
    one_network: bool,
    workers: int | None,
    dry_run: bool,
    out: Path,
) -> None:
    """Say what a reader is worth at its own hospital, at one left out of its training, and at foreign ones.

    Every source of a PhysioNet/CinC Challenge folder is a domain, and so is every other dataset. Three protocols:
    intra-source teaches patients of the domain itself and asks the others (cross-validated by patient); leave-one-out
    teaches as many records of the other domains, once for each fold; zero-shot asks a reader as it is, and marks the
    records that it was taught.

    Each training has its folder in OUT/domains-DIGEST, with its weights and predictions. After a kill or Ctrl-C the
    same command goes on. A further --config, --reader or --protocol adds to what is there; other records, folds or
    seeds are another study.

    \b
    Examples:
      bench experiment domains --data challenge:/data/challenge --dry-run
      bench experiment domains --data challenge:/data/challenge --data ~/ptb-xl
      bench experiment domains --data challenge:/data/challenge --config shipped --config mixstyle,label-smoothing
      bench experiment domains --data challenge:/data/challenge --domain georgia --domain ningbo --config small.toml
      bench experiment domains --data phantoms:1,66 --data ours=wfdb:/data/ecgs --protocol zero-shot --reader digitizer
    """
    from bench.cli.terminal import ALOUD
    from bench.domains.asking import AskedReader
    from bench.domains.running import DomainPlan, run_domains
    from bench.domains.sources import domains_of, named_dataset

    wanted = protocols or PROTOCOLS
    _check_effect(wanted, configs, readers, {"--whole": whole, "--one-network": one_network})
    asked = tuple(map(AskedReader, readers or (READER,))) if ZERO_SHOT in wanted else ()
    arms = _arms(configs) if {*wanted} - {ZERO_SHOT} else ()
    choice = domains_of([named_dataset(one) for one in datasets or (None,)], chosen, limit, seed)
    plan = DomainPlan(choice.domains, arms, asked, out, wanted, folds, seed, whole, one_network, workers)
    for note in (*choice.notes, *plan.notes):
        click.echo(f"{note}.")
    if dry_run:
        _print_estimate(plan)
        return
    _show(plan, run_domains(plan, ALOUD))


def _check_effect(
    protocols: Sequence[Protocol], configs: Sequence[str], readers: Sequence[str], held_out: Mapping[str, bool]
) -> None:
    """Refuse options that decide nothing under the protocols that are wanted."""
    from bench.domains.domain import HELD_OUT
    from taxonomy.error import SettingError

    is_taught = any(protocol != ZERO_SHOT for protocol in protocols)
    idle = {
        "--config": bool(configs) and not is_taught,
        "--reader": bool(readers) and ZERO_SHOT not in protocols,
        **{option: is_given and HELD_OUT not in protocols for option, is_given in held_out.items()},
    }
    for option, is_idle in idle.items():
        if is_idle:
            raise SettingError(
                f"{option} decides nothing under {' and '.join(protocols)}: leave it out, or add to --protocol"
            )


def _arms(configs: Sequence[str]) -> "tuple[Arm, ...]":
    """Return an arm for each configuration, named as it or its file."""
    from bench.cli.option import several
    from bench.domains.sources import harmless_name
    from bench.domains.teaching import Arm
    from readers.resnet1d.config import configured

    arms = []
    for written in configs or (SHIPPED,):
        parts = several(written, "--config")
        name = "-".join(Path(part).stem if part.endswith(".toml") else part for part in parts)
        arms.append(Arm(harmless_name(name), configured([part for part in parts if part != SHIPPED])))
    return tuple(arms)


def _print_estimate(plan: "DomainPlan") -> None:
    from bench.cli.terminal import show
    from bench.domains.estimate import estimated
    from bench.report.domain_plan import estimate_lines, lesson_table, size_table

    estimate = estimated(plan)
    show(size_table(estimate))
    click.echo()
    if plan.lessons and plan.arms:
        show(lesson_table(plan.lessons))
        click.echo()
    click.echo("\n".join(estimate_lines(estimate)))
    click.echo("Nothing was written.")


def _show(plan: "DomainPlan", answered: "Sequence[Answered]") -> None:
    from bench.cli.terminal import show
    from bench.domains.shift import domain_study
    from bench.report.domain_page import write_domains
    from bench.report.domain_table import domain_table

    study = domain_study(answered)
    page = write_domains(plan.page_folder, study)
    click.echo()
    show(domain_table(study))
    click.echo(f"\npage: {page}")
