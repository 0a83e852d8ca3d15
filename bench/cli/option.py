"""Options that several commands share, each declared once, and the objects made from them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bench.cli.completing import (
    condition_names,
    dataset_names,
    format_names,
    reader_names,
    renderer_names,
    split_names,
)

if TYPE_CHECKING:
    from bench.dataset import Selection
    from bench.run.options import Limits, RayOptions, RunOptions
    from bench.run.shard import Shard
    from bench.view import View

Command = TypeVar("Command", bound=Callable[..., Any])
Decorator = Callable[[Command], Command]

TAUGHT = ", or what the reader was taught"


def data_option(command: Command) -> Command:
    """Add ``--data``."""
    text = "PTB-XL's folder, or NAME:PATH of another dataset; else $PTBXL_DIR, else phantoms-1."
    return click.option("--data", metavar="[NAME:]PATH", shell_complete=dataset_names, help=text)(command)


def selection_options(command: Command) -> Command:
    """Add ``--data``, ``--split``, ``--ids`` and ``--sample``."""
    return _added(
        command,
        data_option,
        click.option(
            "--split",
            default="test",
            show_default=True,
            shell_complete=split_names,
            help="train, val, test, all, or fold1 to fold10.",
        ),
        click.option("--ids", metavar="ID,ID,...", help="Take these records instead of a split."),
        limit_option("Take N records by lot (--seed); more records hold the fewer. --limit is the same."),
    )


def limit_option(text: str) -> Decorator[Any]:
    """Add ``--sample``, and ``--limit``, which is another word for it."""
    return click.option("--sample", "--limit", "limit", type=click.IntRange(1), metavar="N", help=text)


def _drawable(context: click.Context, parameter: click.Parameter, px_per_mm: int | None) -> int:
    """Return a resolution at which pages can be drawn, 0 where none is named, which leaves it open."""
    if px_per_mm is None:
        return 0
    from renderers import PageStyle

    return PageStyle(px_per_mm=px_per_mm).px_per_mm


def view_options(*without: str) -> Decorator[Any]:
    """Add the options of a view, except those named; what is left open is decided by the reader."""
    options = {
        "condition": click.option(
            "--condition",
            default="full",
            shell_complete=condition_names,
            show_default=True,
            help="What is shown: full, image-only, text-only, crossed, ..., or a JSON file.",
        ),
        "renderer": click.option(
            "--renderer",
            default="",
            show_default="printed" + TAUGHT,
            shell_complete=renderer_names,
            help="printed, clean, stacked or leads, the last three with -antialiased behind it too.",
        ),
        "px_per_mm": click.option(
            "--px-per-mm",
            type=int,
            callback=_drawable,
            show_default="6, or 8 for leads" + TAUGHT,
            help="Resolution of the images.",
        ),
        "format": click.option(
            "--format",
            default="",
            shell_complete=format_names,
            show_default="dense" + TAUGHT,
            help="Format of the answer: dense, dense-no-reasoning, sparse, flat or binary.",
        ),
        "measurements": click.option(
            "--measurements",
            default="waveform",
            show_default=True,
            help="Where the prompt's numbers come from: 'waveform', or a PTB-XL+ features CSV (12SL or UniG).",
        ),
        "demography": click.option("--demography", is_flag=True, help="Print age and sex with the numbers."),
        "shots": click.option(
            "--shots",
            type=click.IntRange(0),
            default=0,
            show_default=True,
            metavar="K",
            help="Show K worked examples of other patients, from the training folds, before each question.",
        ),
        "statements": click.option(
            "--statements", type=click.Path(path_type=Path), help="PTB-XL+'s 12sl_statements.csv, for reader 12sl."
        ),
        "seed": click.option(
            "--seed",
            type=int,
            default=0,
            show_default=True,
            help="Decides samples, order, donors, masks, jitter and case ids.",
        ),
    }
    return lambda command: _added(command, *(option for name, option in options.items() if name not in without))


def reader_options(command: Command) -> Command:
    """Add ``--reader`` and ``--option``."""
    return _added(
        command,
        click.option(
            "--reader",
            required=True,
            shell_complete=reader_names,
            help="A name of 'bench readers', or package.module:Class.",
        ),
        option_option,
    )


def option_option(command: Command) -> Command:
    """Add ``--option``."""
    return click.option(
        "--option",
        multiple=True,
        metavar="NAME=VALUE",
        help="For the reader, as often as needed; for API readers: temperature, max_tokens, seed, reasoning_effort, "
        "thinking_budget, service_tier, extra (JSON of further arguments), base_url, key_variable (the name of the "
        "key's variable), image_detail, structured, probabilities, image_check, timeout, attempts; for hf and lora: "
        "batch, max_tokens, temperature, seed, structured, probabilities, max_pixels, image_kwargs, template_kwargs, "
        "dtype, quantization, device, max_memory, revision, remote_code.",
    )(command)


def limits_options(command: Command) -> Command:
    """Add the limits on an API reader, which do not affect its answers."""
    return _added(
        command,
        click.option(
            "--concurrency",
            type=click.IntRange(1, 512),
            default=8,
            show_default=True,
            help="Requests in flight at most; fewer where the provider asks for it.",
        ),
        click.option("--max-cost", type=click.FloatRange(0), metavar="DOLLARS", help="Stop before this is passed."),
        click.option("--prices", type=click.Path(path_type=Path), help="A price table of your own (JSON)."),
        click.option("--batch", is_flag=True, help="Ask by the provider's batch API: half the price, within a day."),
        click.option("--poll-seconds", type=click.FloatRange(0.01), default=30.0, hidden=True),
    )


def _shard(context: click.Context, parameter: click.Parameter, written: str) -> "Shard | None":
    """Return the shard that is named, or that torchrun or accelerate gave to this process; None for everything."""
    if context.resilient_parsing:
        return None
    from bench.run.shard import launched_shard, shard_named

    return shard_named(written) if written else launched_shard()


def shard_option(command: Command) -> Command:
    """Add ``--shard``."""
    return click.option(
        "--shard",
        default="",
        callback=_shard,
        show_default="all, or a process's own under torchrun",
        metavar="I/N|auto",
        help="Ask the Ith of N parts, from 0; auto takes it from torchrun, accelerate or a Slurm array.",
    )(command)


def engine_options(command: Command) -> Command:
    """Add ``--engine`` and what Ray needs."""
    return _added(
        command,
        click.option(
            "--engine",
            type=click.Choice(["process", "ray"]),
            default="process",
            show_default=True,
            help="Ask in this process, or by Ray: one reader in each of several processes, on one machine or many.",
        ),
        click.option(
            "--workers",
            type=click.IntRange(1, 4096),
            metavar="N",
            help="Readers of --engine ray; one a core by default.",
        ),
        click.option(
            "--ray-address", metavar="HOST:PORT", help="A Ray cluster's head, or auto; else RAY_ADDRESS, else its own."
        ),
        click.option(
            "--gpus-per-worker", type=click.FloatRange(0), metavar="GPUS", help="GPUs that each worker claims."
        ),
    )


def ray_from(options: dict[str, Any]) -> "RayOptions | None":
    """Take the options of :func:`engine_options` out of a command's options.

    Raises
    ------
    taxonomy.error.SettingError
        When an option of Ray's stands without it.
    """
    from bench.run.options import RayOptions
    from taxonomy.error import SettingError

    names = {"ray_address": "address", "workers": "workers", "gpus_per_worker": "gpus"}
    given = {name: value for name, value in taken(options, names).items() if value is not None}
    if options.pop("engine", "process") == "ray":
        return RayOptions(**{names[name]: value for name, value in given.items()})
    if given:
        raise SettingError(f"--{min(given).replace('_', '-')} goes with --engine ray: add that, or leave it out")
    return None


def pilot_option(command: Command) -> Command:
    """Add ``--pilot``."""
    text = "Ask N cases for real, keep their answers, say by their bills what the rest costs, and stop."
    return click.option("--pilot", type=click.IntRange(2), metavar="N", help=text)(command)


def out_option(default: str, text: str = "Where run folders go.") -> Decorator[Any]:
    """Add ``--out``."""
    return click.option("--out", type=click.Path(path_type=Path), default=Path(default), show_default=True, help=text)


def no_reasoning_option(command: Command) -> Command:
    """Add ``--no-reasoning``."""
    text = "Leave reasoning out of prompt, schema and target: dense becomes dense-no-reasoning."
    return click.option("--no-reasoning", is_flag=True, help=text)(command)


def _added(command: Command, *options: Callable[[Command], Command]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


def taken(options: dict[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
    """Take the options of these names out of a command's options, as far as the command has them."""
    return {name: options.pop(name) for name in names if name in options}


def selection_from(options: dict[str, Any]) -> "Selection":
    """Take the options of :func:`selection_options` out of a command's options."""
    from bench.dataset import Selection

    own = [name for name in Selection.__dataclass_fields__ if name != "seed"]
    return Selection(**taken(options, dict.fromkeys(own)), seed=options.get("seed", 0))


def view_from(options: dict[str, Any]) -> "View":
    """Take the options of :func:`view_options` out of a command's options."""
    from bench.view import View

    return View(**taken(options, View.__dataclass_fields__))


def views_from(options: dict[str, Any]) -> "tuple[View, ...]":
    """As :func:`view_from`, for ``--renderer`` with several names separated by commas, or ``all``: a view for each."""
    from bench.view import View

    names = renderers_from(options)
    shared = taken(options, View.__dataclass_fields__)
    return tuple(View(**shared, renderer=name) for name in names)


def renderers_from(options: dict[str, Any]) -> tuple[str, ...]:
    """Take ``--renderer`` out of a command's options: one or several names separated by commas, or ``all``."""
    from renderers import renderer_names

    named = options.pop("renderer")
    return renderer_names() if named == "all" else several(named, "--renderer")


def check_reader_name(name: str) -> None:
    """Raise UnknownNameError or ReaderError unless a reader of that name can be built; ``''`` and ``auto`` are none.

    A comparison reader is asked last: a name that does not exist is refused before anything is asked, or taught.
    """
    from readers.registry import reader

    if name not in ("", "auto"):
        reader(name)


def several(written: str, option: str) -> tuple[str, ...]:
    """Return the names that stand in an option, separated by commas.

    Raises
    ------
    taxonomy.error.SettingError
        When one is empty, or stands twice.
    """
    from taxonomy.error import SettingError

    names = tuple(part.strip() for part in written.split(","))
    if "" in names:
        raise SettingError(f"{option} {written!r} holds an empty name: separate names by single commas")
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise SettingError(f"{option} names {twice[0]!r} twice")
    return names


def limits_from(options: dict[str, Any]) -> "Limits":
    """Take the options of :func:`limits_options` out of a command's options."""
    from bench.run.options import Limits

    return Limits(**taken(options, Limits.__dataclass_fields__))


def run_from(options: dict[str, Any]) -> "RunOptions":
    """Take the options of a run out of a command's options."""
    from bench.run.options import RunOptions, parsed

    return RunOptions(
        reader=options.pop("reader"),
        options=parsed(options.pop("option")),
        selection=selection_from(options),
        view=view_from(options),
        limits=limits_from(options),
        ray=ray_from(options),
        **taken(options, {"repeats": None, "out": None, "shard": None}),
    )
