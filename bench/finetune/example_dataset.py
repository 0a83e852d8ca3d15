"""Examples as a Hugging Face dataset, drawn on demand or once onto disk."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.progress import Report
from bench.storage import cache_folder
from bench.view import Question
from bench.view.example import Example, Examples
from renderers import PackedImage, Picture, packed
from taxonomy.error import StorageError

if TYPE_CHECKING:
    import datasets

KEPT = ("leads", "px_per_mm", "mm_per_s", "mm_per_mv")
"""Attributes of a page that are stored beside its PNG and size."""


def as_dataset(examples: Examples) -> "datasets.Dataset":
    """Return a dataset that draws examples on demand; its only column is ``example``."""
    import datasets

    rows = datasets.Dataset.from_dict({"index": list(range(len(examples)))})
    return rows.with_transform(lambda batch: {"example": [examples[index] for index in batch["index"]]})


def as_drawn_dataset(examples: Examples, report: Report) -> "datasets.Dataset":
    """Return a dataset whose pages are read from the cache folder, after drawing them there if necessary.

    Raises
    ------
    StorageError
        When the cache folder cannot be written.
    """
    import datasets

    folder = cache_folder() / f"pages-{_key(examples)}"
    if not folder.is_dir():
        _draw(examples, folder, report)
    rows = datasets.load_from_disk(str(folder))

    def example(index: int, pages: list[dict[str, Any]]) -> Example:
        record = examples.records[index]
        return examples.example(
            record, examples.cases.with_images(Question(record), tuple(_page(page) for page in pages))
        )

    return rows.with_transform(
        lambda batch: {"example": [example(*row) for row in zip(batch["index"], batch["pages"], strict=True)]}
    )


def _draw(examples: Examples, folder: Path, report: Report) -> None:
    import datasets

    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    features = datasets.Features(
        {
            "index": datasets.Value("int64"),
            "pages": [
                {
                    "png": datasets.Value("binary"),
                    "size": [datasets.Value("int32")],
                    "leads": [datasets.Value("string")],
                    "px_per_mm": datasets.Value("int32"),
                    "mm_per_s": datasets.Value("float64"),
                    "mm_per_mv": datasets.Value("float64"),
                }
            ],
        }
    )

    def rows() -> Iterator[dict[str, Any]]:
        for index in range(len(examples)):
            yield {"index": index, "pages": [_row(image) for image in examples[index].case.images]}
            report(index + 1, len(examples))

    try:
        drawn = datasets.Dataset.from_generator(
            rows, features=features, cache_dir=str(part / "building"), fingerprint=folder.name
        )
        drawn.save_to_disk(str(part / "pages"))
        (part / "pages").replace(folder)
    except OSError as error:
        raise StorageError(f"the drawn pages cannot be kept in {folder.parent}: {error}; or leave cache off") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _key(examples: Examples) -> str:
    """Return a digest of everything that the drawn pages depend on."""
    view = {
        name: value for name, value in examples.cases.view.to_json().items() if name not in {"format", "demography"}
    }
    drawn = {"view": view, "records": examples.cases.cohort.signal_fingerprint}
    return hashlib.sha256(json.dumps(drawn, sort_keys=True).encode()).hexdigest()[:16]


def _row(image: Picture) -> dict[str, Any]:
    page = packed(image)
    return {"png": page.png(), "size": list(page.size), **{name: getattr(page, name) for name in KEPT}}


def _page(row: dict[str, Any]) -> PackedImage:
    width, height = row["size"]
    return PackedImage(
        row["png"], (width, height), **{**{name: row[name] for name in KEPT}, "leads": tuple(row["leads"])}
    )
