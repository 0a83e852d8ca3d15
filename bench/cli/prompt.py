"""``bench prompt``: exactly what a reader would be told and shown."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli.completing import reader_names
from bench.cli.option import data_option, option_option, out_option, view_from, view_options

if TYPE_CHECKING:
    from readers.api.reader import ApiReader
    from readers.contract import Case
    from readers.vlm.reader import HfReader


@click.command()
@click.option("--id", "ids", metavar="ID", required=True, help="Record.")
@data_option
@view_options("statements")
@click.option(
    "--reader",
    shell_complete=reader_names,
    help="An API reader: its request's JSON is printed instead. An open model: what it sees of the images.",
)
@option_option
@out_option("prompt", "For images.")
def prompt(ids: str, data: str | None, reader: str | None, option: tuple[str, ...], out: Path, **options: Any) -> None:
    """Print exactly what would be sent for a record, and write its images beside it; sends nothing.

    The files have the pixels that would be sent and say their resolution too, so that they print at 25 mm/s.

    \b
    Examples:
      bench prompt --id 38
      bench prompt --id 38 --condition no-rate --format sparse --renderer leads
      bench prompt --id 38 --reader anthropic:claude-opus-4-8
      bench prompt --id 38 --reader hf:google/gemma-3-4b-it
    """
    from bench.dataset import Selection
    from bench.run.options import parsed
    from bench.view import Question, cases_of, template_version
    from bench.view.example import IMAGE_AND_TEXT
    from taxonomy.error import SettingError

    if option and not reader:
        raise SettingError(f"--option {option[0]} is for a reader, and none is named: name it with --reader")
    asked = _asked(reader, parsed(option)) if reader else None
    cohort = Selection(data, ids=ids, option="--id").cohort()
    if len(cohort) > 1:
        raise SettingError(f"--id takes one record, not {ids}")
    ecg_id = cohort[0].ecg_id
    view = view_from(options).for_inputs(IMAGE_AND_TEXT)
    cases = cases_of(view, cohort.peers() if view.shown.crossed else cohort)
    case = cases.case(Question(cohort[0]))
    donor = cases.donors.get(ecg_id)
    crossed = f", with the numbers of record {donor.ecg_id} as in a run over the whole fold" if donor else ""
    click.echo(f"templates {template_version()}; record {ecg_id}{crossed}, which the reader does not learn\n", err=True)
    images = _print_request(case, asked) if asked else _print_prompt(case)
    for path, (_, seen) in zip(_written([png for png, _ in images], ecg_id, out), images, strict=True):
        click.echo(f"{path}: {seen}", err=True)


def _asked(name: str, options: Mapping[str, str]) -> "ApiReader | HfReader":
    """Return the reader of that name, if a prompt is what it is sent."""
    from readers.api.reader import ApiReader
    from readers.registry import reader as reader_named
    from readers.vlm.reader import HfReader
    from taxonomy.error import SettingError

    built = reader_named(name, options)
    if not isinstance(built, ApiReader | HfReader):
        raise SettingError(
            f"reader {name!r} is sent no prompt: name an API reader, such as openai:MODEL, an open model, such as "
            "hf:MODEL, or none"
        )
    return built


def _print_request(case: "Case", asked: "ApiReader | HfReader") -> list[tuple[bytes, str]]:
    """Print what a model is sent: an API reader's request, or a prompt; return its images and what is seen of them."""
    from readers.vlm.reader import HfReader
    from renderers.png import with_scale

    if isinstance(asked, HfReader):
        drawn, pages = _print_prompt(case), asked.each_seen(case.every_image)
        return [(png, f"{size}, {page}") for (png, size), page in zip(drawn, pages, strict=True)] if pages else drawn
    request, is_to_scale = asked.request(case), all(image.is_to_scale for image in case.every_image)
    click.echo(json.dumps(_shortened(asked.provider.body(request)), indent=2, ensure_ascii=False))
    return [
        (
            with_scale(image.png, image.px_per_mm) if is_to_scale else image.png,
            f"{image.size[0]} x {image.size[1]} px, seen at {image.px_per_mm:.1f} px/mm",
        )
        for image in request.every_image
    ]


def _print_prompt(case: "Case") -> list[tuple[bytes, str]]:
    """Print a prompt for a person to read; return its images and their size."""
    from renderers import printable

    asked = case.prompt
    assert asked is not None
    parts = ["--- system", asked.system]
    for shot in case.shots:
        parts += ["--- user", *(f"{caption}\n[image]" for caption in shot.captions), shot.text]
        parts += ["--- assistant", shot.answer]
    parts += ["--- user", *(f"{caption}\n[image]" for caption in asked.captions), asked.text]
    parts += ["--- JSON schema, where the provider constrains the answer", json.dumps(asked.schema)]
    click.echo("\n".join(parts))
    return [
        (printable(image), f"{image.size[0]} x {image.size[1]} px, {image.px_per_mm} px/mm")
        for image in case.every_image
    ]


def _shortened(body: object) -> object:
    """Return a request's JSON with the pixels of its images left out."""
    if isinstance(body, Mapping):
        return {name: _shortened(part) for name, part in body.items()}
    if isinstance(body, list):
        return [_shortened(part) for part in body]
    if isinstance(body, str) and len(body) > 10_000 and " " not in body:
        return f"{body[:40]}... ({len(body):,} characters)"
    return body


def _written(images: list[bytes], ecg_id: object, out: Path) -> list[Path]:
    from taxonomy.error import StorageError

    paths = [out / f"{str(ecg_id).zfill(5)}_{number}.png" for number in range(1, len(images) + 1)]
    try:
        out.mkdir(parents=True, exist_ok=True)
        for path, png in zip(paths, images, strict=True):
            path.write_bytes(png)
    except OSError as error:
        raise StorageError(f"{out} cannot be written: {error.strerror}") from error
    return paths
