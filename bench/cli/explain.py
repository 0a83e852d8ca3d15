"""``bench explain``: what moved the answers of a reader, and which maps of it deserve belief."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli.called import CalledContext
from bench.cli.completing import condition_names, reader_names, run_folders
from bench.cli.given import check_given
from bench.cli.main import Stopped
from bench.cli.option import (
    data_option,
    limits_options,
    option_option,
    out_option,
    run_from,
    selection_options,
    view_options,
)

if TYPE_CHECKING:
    from bench.explain.study.options import ExplainOptions


class ExplainGroup(click.Group):
    """A group that explains a reader where no further command is named."""

    context_class = CalledContext

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, whose help names commands as they are called."""
        command = super().get_command(ctx, cmd_name)
        if command is not None:
            command.context_class = CalledContext
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Check the words of the group's own options before anything is opened."""
        own = args[: next((place for place, word in enumerate(args) if word in self.commands), len(args))]
        if ctx.resilient_parsing:
            return super().parse_args(ctx, args)
        check_given(self, click.Context(self, ctx.parent, info_name=ctx.info_name), own)
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which there are and which is the nearest."""
        if args and args[0] not in self.commands and not ctx.resilient_parsing:
            from taxonomy.error import unknown_name

            raise click.UsageError(str(unknown_name("command of explain", args[0], self.commands)))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401  # as click has it
        """Run the command; Ctrl-C in a command of the group is not one in the explanation, which resumes."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            if ctx.invoked_subcommand is None:
                raise
            raise Stopped(f"{ctx.info_name} {ctx.invoked_subcommand}") from error


@click.group(cls=ExplainGroup, invoke_without_command=True)
@click.option("--reader", shell_complete=reader_names, help="A name of 'bench readers', or package.module:Class.")
@option_option
@selection_options
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="AXIS=VALUE",
    help="A finding, such as conduction=lbbb, as often as needed; by default every one of which it is known where a "
    "cardiologist looks.",
)
@click.option(
    "--method",
    "methods",
    multiple=True,
    metavar="NAME",
    help="A method, as often as needed; by default all quick ones (an unknown name lists them all).",
)
@click.option("--show", "shown", default="", metavar="METHOD", help="Draw the maps of this one, not of the best.")
@click.option("--layer", default="", show_default="the last one", help="For Grad-CAM, Layer-CAM and concepts.")
@click.option(
    "--each",
    type=click.IntRange(1),
    show_default="5, of a black box 3",
    metavar="N",
    help="Patients of each finding at most; on fewer than 10 in all no map is called faithful.",
)
@click.option(
    "--transplants",
    type=click.IntRange(0),
    show_default="3, of a black box 0",
    metavar="N",
    help="Records of each finding in which beats are exchanged until the answer goes; 0 for none.",
)
@click.option("--no-concepts", is_flag=True, help="Leave out what concepts the answers rest on.")
@click.option("--doses", is_flag=True, help="Probe the records as well: at which dose do answers flip?")
@click.option("--pictures", type=click.IntRange(0), default=60, show_default=True, help="In the gallery, at most.")
@click.option("--paper", default="6x2", show_default=True, help="Arrangement of the leads: 6x2 or 3x4.")
@click.option("--max-queries", type=click.IntRange(1), metavar="N", help="Ask a black box no more than N questions.")
@click.option("--dry-run", is_flag=True, help="Say what would be asked and what it would cost; send nothing.")
@click.option(
    "--condition",
    default="image-only",
    show_default=True,
    shell_complete=condition_names,
    help="What is shown: image-only or full.",
)
@view_options("condition", "measurements", "statements", "shots", "demography")
@limits_options
@out_option("runs", "Where the page's folder goes.")
@click.pass_context
def explain(  # one for each option of its own
    context: click.Context, /, reader: str | None, dry_run: bool, **options: Any
) -> None:
    """Show what moved each answer of a reader, and say which of its maps deserve belief.

    A network (resnet1d, or a TorchReader of your own) is explained by its gradients and by hiding parts of its input;
    each method gets a verdict, by evidence that was planted where it must find it, by the energy of the signal and by
    random weights. Any other reader is a black box: parts of what it is shown are hidden, and it is asked again, within
    --max-queries and at a price that --dry-run tells. The page, OUT/explain-.../explain.md, has a gallery for each
    class, pooled maps, what turns the answers, and infarctions by territory. It takes minutes, and says its phases as
    they begin. Whatever is finished is kept: after Ctrl-C or a kill the same command goes on. Exit code 1 where a black
    box answered nothing. docs/explanations.md says what each verdict and each section means.

    \b
    Examples:
      bench explain --reader resnet1d
      bench explain --reader resnet1d --target conduction=lbbb --method saliency --transplants 0 --no-concepts
      bench explain --reader resnet1d --target conduction=lbbb --method integrated_gradients --each 20
      bench explain --reader digitizer --target conduction=rbbb --max-queries 400
      bench explain --reader openai:gpt-5.4 --target conduction=lbbb --max-queries 600 --dry-run
      bench explain score maps.npz --reader resnet1d
      bench explain selftest
      bench explain card runs/explain-resnet1d-...
    """
    if context.invoked_subcommand is not None:
        _refuse_own_options(context)
        return
    if not reader:
        raise click.UsageError("name the reader with --reader, such as --reader resnet1d ('bench readers' lists them)")
    asked = _options({**options, "reader": reader})
    if dry_run:
        _dry_run(asked)
        return
    from bench.cli.terminal import TERMINAL, show
    from bench.explain.study.whole import Explaining
    from bench.report.explain_belief import by_verdict
    from bench.report.explain_joint import above_null
    from bench.report.explain_page import Limits, write_explained
    from bench.report.explanation_table import SPARE, further_tables, method_table, reason_lines

    explaining = Explaining.of(asked)
    folder, found = explaining.options.folder, explaining.found(TERMINAL)
    write_explained(folder, found, Limits(gallery=asked.pictures), TERMINAL)
    title = f"{found.reader} on {found.dataset}, {found.split}: which maps deserve belief"
    rows = by_verdict(found.rows)
    if rows:
        show(method_table(rows, title), spare=SPARE)
        click.echo("\n".join(("", *reason_lines(rows))))
    if found.joints:
        click.echo("hidden parts that move the answer, above the null:\n" + "\n".join(map(above_null, found.joints)))
    for table in further_tables(found.flips, found.doses, found.says):
        click.echo()
        show(table)
    click.echo(f"\nmaps on the page: {found.method}, {found.verdict}")
    click.echo(f"page: {folder / 'explain.md'}")


def _options(options: dict[str, Any]) -> "ExplainOptions":
    from bench.explain.belief.belief import BeliefOptions
    from bench.explain.study.options import ExplainOptions

    belief = BeliefOptions(
        methods=options.pop("methods"),
        targets=options.pop("targets"),
        layer=options.pop("layer"),
        each=options.pop("each") or 0,
        seed=options["seed"],
    )
    own = {name: options.pop(name) for name in ("shown", "transplants", "doses", "pictures", "paper", "max_queries")}
    return ExplainOptions(belief=belief, concepts=not options.pop("no_concepts"), run=run_from(options), **own)


def _dry_run(asked: "ExplainOptions") -> None:
    from bench.cli.terminal import TERMINAL
    from bench.explain.study.whole import Explaining
    from bench.run.estimate import estimate_lines

    words, price = Explaining.of(asked).planned(TERMINAL)
    click.echo("\n".join(words))
    if price is not None:
        click.echo("\n".join(("", *estimate_lines(price, asked.run.limits.concurrency, asked.run.limits.batch))))


def _refuse_own_options(context: click.Context) -> None:
    """Refuse options that stand before a command of explain, which would decide nothing."""
    source = click.core.ParameterSource.COMMANDLINE
    given = [one for one in context.command.params if one.name and context.get_parameter_source(one.name) is source]
    if given:
        raise click.UsageError(
            f"{given[0].opts[0]} decides nothing before {context.invoked_subcommand!r}: put it behind the command"
        )


@explain.command()
@click.argument("maps", type=click.Path(path_type=Path))
@click.option(
    "--reader",
    default="",
    shell_complete=reader_names,
    help="Whose network the maps explain; without it there is no deletion.",
)
@option_option
@data_option
@click.option("--seed", type=int, default=0, show_default=True, help="Of random orders.")
@click.option("--json", "as_data", is_flag=True, help="Print JSON instead.")
def score(maps: Path, reader: str, data: str | None, as_data: bool, **options: Any) -> None:
    """Score maps that were made elsewhere: the NumPy archive MAPS.

    It holds 'maps', float (n, 12, samples), above 0 where a sample speaks for the answer, leads in the order I II III
    aVR aVL aVF V1..V6; 'ids' (n), as in the dataset; 'target', one text such as 'conduction=lbbb' or one for each map;
    and, if you have it, 'random': the same method's maps of the same network with random weights, without which no
    verdict is possible. With --reader the answers are asked again while what the maps point at is hidden.

    \b
    Examples:
      bench explain score maps.npz
      bench explain score maps.npz --reader resnet1d --data ~/ptb-xl
    """
    import json

    from bench.cli.terminal import show
    from bench.dataset import open_dataset
    from bench.explain.belief.map_file import read_maps, rows_of_maps, scored
    from bench.explain.maps.method import network_of
    from bench.report.explanation_table import SPARE, clinical_table, method_table, reason_lines
    from bench.run.options import parsed
    from readers.registry import reader as reader_named
    from taxonomy.error import ReaderError

    network = None
    if reader:
        built = reader_named(reader, parsed(options["option"]))
        network = network_of(built, ())
        if network is None:
            raise ReaderError(f"reader {reader!r} is a black box, and maps made elsewhere are scored on a network")
    figures = scored(read_maps(maps), open_dataset(data), network, options["seed"])
    found = rows_of_maps(reader or "no reader", figures)
    if as_data:
        click.echo(json.dumps([one.to_json() for one in found], indent=2))
        return
    show(method_table(found, str(maps)), spare=SPARE)
    click.echo("\n".join(("", *reason_lines(found))))
    if any(one.clinical for one in found):
        click.echo()
        show(clinical_table(found))


@explain.command()
@click.option("--method", "methods", multiple=True, metavar="NAME", help="As often as needed; by default all.")
def selftest(methods: tuple[str, ...]) -> None:
    """Check methods and verdicts on networks of which it is known what they see.

    Each method explains doubles that see V1's QRS complex only, ST segments only, an absent P wave, RR intervals only,
    energy only, or nothing, and the same with random weights, which must not pass. Exit code 1 when a verdict is wrong.

    \b
    Examples:
      bench explain selftest
      bench explain selftest --method saliency
    """
    from bench.cli.terminal import TERMINAL, show
    from bench.explain.belief.selftest import outcome_count
    from bench.explain.belief.selftest import selftest as outcomes
    from bench.explain.maps.method import METHODS, chosen
    from bench.report.explanation_table import selftest_table

    checked = chosen(methods) if methods else METHODS
    with TERMINAL.progress("doubles", "verdicts") as report:
        found = []
        for number, one in enumerate(outcomes(checked), start=1):
            found.append(one)
            report(number, outcome_count(checked))
    show(selftest_table(found))
    wrong = sum(not one.is_right for one in found)
    click.echo(f"\n{len(found) - wrong} of {len(found)} verdicts are right")
    if wrong:
        raise SystemExit(1)


@explain.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--run",
    type=click.Path(path_type=Path),
    shell_complete=run_folders,
    help="A run folder of the same reader, for its score.",
)
def card(folder: Path, run: Path | None) -> None:
    """Write a model card of a reader, FOLDER/MODEL_CARD.md, from its explanation and, with --run, its score.

    \b
    Example:
      bench explain card runs/explain-resnet1d-phantoms-1-test-1a2b3c4d --run runs/resnet1d-phantoms-1-test-5e6f7a8b
    """
    from bench.report.model_card import write_model_card

    click.echo(f"model card: {write_model_card(folder, run)}")
