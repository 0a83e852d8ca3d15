"""What a reader would be told and shown, for a person to look at."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from bench.dataset import open_dataset
from bench.prompt import template_version
from bench.run.case import Asking, CaseBuilder
from bench.run.options import parsed
from bench.run.settings import RunSettings
from bench.run.shown import ShownRecords, shown_numbers
from readers.contract import Case
from readers.contract_suite import RecordingReader
from readers.registry import reader as reader_named
from renderers import PageStyle, renderer
from taxonomy.error import RenderError, RunError, SettingError


def show_prompt(ecg_id: int, data: Path | None, reader: str | None, out: Path, options: Mapping[str, Any]) -> None:
    """Print the prompt of a record, or the JSON of an API reader's request, and write the images into ``out``.

    Raises
    ------
    taxonomy.error.BenchError
        When there is no such record, condition, format, renderer or reader, or ``out`` cannot be written.
    """
    case = _case(ecg_id, data, options)
    click.echo(f"templates {template_version()}; record {ecg_id}, which the reader does not learn\n", err=True)
    if reader:
        from readers.api.reader import ApiReader

        asking = reader_named(reader, parsed(options["option"]))
        if not isinstance(asking, ApiReader):
            raise SettingError(f"reader {reader!r} sends no request")
        request = asking.request(case)
        images = [image.png for image in request.images]
        click.echo(json.dumps(_shortened(asking.provider.body(request)), indent=2, ensure_ascii=False))
        seen = [
            f"{image.size[0]} x {image.size[1]} px, seen at {image.px_per_mm:.1f} px/mm" for image in request.images
        ]
    else:
        images = [image.png() for image in case.images]
        click.echo(_readable(case))
        seen = [f"{image.size[0]} x {image.size[1]} px, {image.px_per_mm} px/mm" for image in case.images]
    for name, said in zip(_written(images, ecg_id, out), seen, strict=True):
        click.echo(f"{name}: {said}", err=True)


def _case(ecg_id: int, data: Path | None, options: Mapping[str, Any]) -> Case:
    try:
        renderer(options["renderer"])
        PageStyle(px_per_mm=options["px_per_mm"])
    except RenderError as error:
        raise SettingError(str(error)) from error
    dataset = open_dataset(data)
    records = dataset.cohort(ids=(ecg_id,))
    settings = RunSettings(
        reader="",
        reader_details={},
        dataset=dataset.name,
        dataset_version=dataset.version,
        fingerprint="",
        is_sample=dataset.is_sample,
        split="ids",
        ids=(ecg_id,),
        renderer=options["renderer"],
        px_per_mm=options["px_per_mm"],
        condition=options["condition"],
        form=options["form"],
    )
    numbers, standing_in = shown_numbers(ShownRecords(records, settings.condition), records.measure())
    builder = CaseBuilder(settings, RecordingReader(), numbers, donors=standing_in, dataset=dataset)
    return builder.case(Asking(records[0]))


def _readable(case: Case) -> str:
    assert case.prompt is not None
    prompt = case.prompt
    parts = ["--- system", prompt.system, "--- user"]
    parts += [f"{caption}\n[image]" for caption in prompt.captions]
    parts += [prompt.text, "--- JSON schema, where the provider constrains the answer", json.dumps(prompt.schema)]
    return "\n".join(parts)


def _shortened(body: object) -> object:
    """Return a request's JSON with the pixels of its images left out."""
    if isinstance(body, Mapping):
        return {name: _shortened(part) for name, part in body.items()}
    if isinstance(body, list):
        return [_shortened(part) for part in body]
    if isinstance(body, str) and len(body) > 10_000 and " " not in body:
        return f"{body[:40]}... ({len(body):,} characters)"
    return body


def _written(images: list[bytes], ecg_id: int, out: Path) -> list[Path]:
    paths = [out / f"{ecg_id:05d}_{number}.png" for number in range(1, len(images) + 1)]
    try:
        out.mkdir(parents=True, exist_ok=True)
        for path, png in zip(paths, images, strict=True):
            path.write_bytes(png)
    except OSError as error:
        raise RunError(f"{out} cannot be written: {error.strerror}") from error
    return paths
