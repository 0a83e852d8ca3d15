"""A fine-tuned adapter as a reader: a folder written by ``bench finetune``, with its base model."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from annotated_types import Interval

from readers.digest import file_digest
from readers.setting import checked_settings
from readers.taught import taught_on
from readers.vlm.adapter_file import MANIFEST, WEIGHTS, checked_adapter
from readers.vlm.option import LoadOptions
from readers.vlm.reader import HfReader
from readers.vlm.source import ADAPTER
from taxonomy.error import BenchError, ReaderError
from taxonomy.outside import object_in

if TYPE_CHECKING:
    from readers.vlm.loading import Vlm


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
    if not (folder / MANIFEST).is_file():
        raise ReaderError(
            f"the adapter {folder} has no {MANIFEST}: its fine-tuning is unfinished, or not by 'bench finetune'"
        )
    data = object_in(folder / MANIFEST, ReaderError)
    own = {item.name for item in fields(AdapterManifest)}
    try:
        manifest = checked_settings(AdapterManifest, {name: data[name] for name in data if name in own}, "its")
        shown = {item.name for item in fields(Taught)}
        checked_settings(Taught, {name: value for name, value in manifest.taught.items() if name in shown}, "taught")
    except BenchError as error:
        raise ReaderError(f"the manifest of adapter {folder} is invalid: {error}") from error
    return manifest


@dataclass(frozen=True)
class Taught:
    """What an adapter was shown in training: what a reader of it cannot do without."""

    format: str
    renderer: str
    px_per_mm: Annotated[int, Interval(ge=2, le=24)]
    condition: str = ""
    demography: bool = False


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
        base_of_adapter = checked_adapter(self.folder)
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
        made = self.manifest.made.get("dataset")
        named = made if isinstance(made, dict) else {}
        return taught_on(str(named.get("name", "")), str(named.get("training_split", "")))

    @property
    def details(self) -> Mapping[str, str]:
        """The details of the model, with the digest of the adapter and what it was taught."""
        taught = {f"taught_{name}": str(value) for name, value in self.manifest.taught.items()}
        adapter = {"adapter": file_digest(self.folder / WEIGHTS), "peft": version("peft")}
        return {**super().details, **adapter, **taught}

    def loaded(self) -> "Vlm":
        """Return the model with the adapter in it."""
        from readers.vlm.loading import load_vlm

        return load_vlm(self.source.name, self.options, self.folder)

    def _as_made(self) -> dict[str, str]:
        """Return the options that the adapter was made with, where they are not the defaults."""
        default = LoadOptions().kept
        load = {name: value for name, value in self.manifest.load.items() if name in default}
        return {name: str(value) for name, value in load.items() if value is not None and value != default[name]}
