"""A fine-tuned adapter as a reader: a folder written by ``bench finetune``, with its base model."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from readers.digest import file_digest
from readers.taught import taught_on
from readers.vlm.option import LoadOptions
from readers.vlm.reader import HfReader
from readers.vlm.source import ADAPTER
from taxonomy.error import ReaderError

if TYPE_CHECKING:
    from readers.vlm.loading import Vlm

WEIGHTS, MANIFEST = "adapter_model.safetensors", "manifest.json"


@dataclass(frozen=True)
class AdapterManifest:
    """The origin of an adapter.

    Attributes
    ----------
    base, base_version : str
        The base model, and its commit on the hub or the digest of its weights.
    taught : mapping of str to str or int
        Format, renderer, px_per_mm and condition.
    load : mapping
        How the model was loaded (:class:`~readers.vlm.option.LoadOptions`).
    made : mapping
        Everything else: configuration, data, versions, the result on fold 9.
    """

    base: str
    base_version: str
    taught: Mapping[str, Any]
    load: Mapping[str, Any]
    made: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)


def read_manifest(folder: Path) -> AdapterManifest:
    """Read the manifest of an adapter.

    Raises ReaderError when the folder holds no finished adapter, or its manifest is invalid.
    """
    if not (folder / WEIGHTS).is_file() or not (folder / ADAPTER).is_file():
        raise ReaderError(f"the folder {folder} holds no adapter ({WEIGHTS} and {ADAPTER})")
    try:
        data = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return AdapterManifest(**{item.name: data[item.name] for item in fields(AdapterManifest)})
    except FileNotFoundError:
        raise ReaderError(
            f"the adapter {folder} has no {MANIFEST}: its fine-tuning is unfinished, or not by 'bench finetune'"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReaderError(f"the manifest of adapter {folder} cannot be read: {error}") from error


class LoraReader(HfReader):
    """Reads with an adapter that ``bench finetune`` made.

    Parameters
    ----------
    folder : str
        ``--reader lora:FOLDER``.
    base : str
        The base model, if it has moved (``--option base=FOLDER``).
    options : str
        As for ``hf``; the defaults are those of the fine-tuning.

    Raises
    ------
    taxonomy.error.ReaderError
        When the folder holds no adapter, or the base model is another one.
    """

    description: ClassVar[str] = "a fine-tuned adapter of 'bench finetune' on its open model (lora:FOLDER)"

    def __init__(self, folder: str = "", base: str = "", **options: str) -> None:
        if not folder:
            raise ReaderError("reader 'lora' needs the folder of an adapter: --reader lora:FOLDER")
        self.folder = Path(folder)
        self.manifest = read_manifest(self.folder)
        base_of_adapter = json.loads((self.folder / ADAPTER).read_text(encoding="utf-8"))["base_model_name_or_path"]
        super().__init__(base or base_of_adapter, **{**self._as_made(), **options})
        if self.source.version != self.manifest.base_version:
            raise ReaderError(
                f"the adapter {folder} was made for {self.manifest.base!r} of version {self.manifest.base_version}, "
                f"not for {self.source.shown!r} of version {self.source.version}: name its model with "
                "--option base=MODEL (or --option revision=COMMIT)"
            )
        self.name = f"lora:{self.folder.resolve().name}"

    @property
    def trained_on(self) -> Mapping[str, Any]:
        """The defaults of a run's format, renderer and px_per_mm, and whether age and sex were shown."""
        taught = self.manifest.taught
        shown = {name: taught[name] for name in ("format", "renderer", "px_per_mm")}
        return {**shown, "demography": taught.get("demography", False)}

    @property
    def taught_on(self) -> Mapping[str, frozenset[int | str]]:
        """The folds of the training, by dataset."""
        made = self.manifest.made.get("dataset", {})
        return taught_on(str(made.get("name", "")), str(made.get("training_split", "")))

    @property
    def details(self) -> Mapping[str, str]:
        """The details of the model, with the digest of the adapter and what it was taught."""
        taught = {f"taught_{name}": str(value) for name, value in self.manifest.taught.items()}
        return {**super().details, "adapter": file_digest(self.folder / WEIGHTS), **taught}

    def loaded(self) -> "Vlm":
        """Return the model with the adapter in it."""
        from readers.vlm.loading import load_vlm

        return load_vlm(self.source.name, self.options, self.folder)

    def _as_made(self) -> dict[str, str]:
        """Return the options that the adapter was made with, where they are not the defaults."""
        default = asdict(LoadOptions())
        load = {name: value for name, value in self.manifest.load.items() if name in default}
        return {name: str(value) for name, value in load.items() if value is not None and value != default[name]}
