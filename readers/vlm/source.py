"""Check a model by its small files, so that bad input fails before its weights are read."""

import hashlib
import importlib.util
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from readers.vlm.option import LoadOptions
from taxonomy.distribution import install
from taxonomy.error import ReaderError

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, ProcessorMixin

T = TypeVar("T")
ADAPTER = "adapter_config.json"
MOST_PARTS = 2000
"""Layers or experts at most; the largest open models have some 130 layers and 400 experts."""

_PARTS = re.compile(r"layers?$|blocks?$|depths?$|experts$")
INSTALL = install("vlm")

PIP_NAMES = {"pil": "pillow", "pytorch": "torch", "cv2": "opencv-python"}
"""What packages are called on PyPI that transformers calls otherwise."""


@dataclass(frozen=True, eq=False)
class ModelSource:
    """A checked model.

    ``name`` is a folder or a name on the hub, ``version`` the commit on the hub or a digest of its weights, and
    ``runs_own_code`` whether the user allowed the model's own code.
    """

    name: str
    config: "PreTrainedConfig"
    version: str
    runs_own_code: bool

    @property
    def context(self) -> int | None:
        """Most tokens of prompt and answer together; None where the configuration does not say."""
        positions = getattr(self.config.get_text_config(), "max_position_embeddings", None)
        return int(positions) if positions else None

    @property
    def shown(self) -> str:
        """The name on the leaderboard: for a folder, its last part."""
        return Path(self.name).name if Path(self.name).is_dir() else self.name

    def ends(self, options: LoadOptions) -> tuple[int, ...]:
        """Return the tokens that end an answer by the generation configuration, or else the model's own."""
        from transformers import GenerationConfig

        try:
            found = GenerationConfig.from_pretrained(self.name, revision=options.revision).eos_token_id
        except OSError:  # there is none
            found = getattr(self.config.get_text_config(), "eos_token_id", None)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ReaderError(
                f"the generation_config.json of model {self.name!r} cannot be read: {first_line(error)}"
            ) from error
        listed = found if isinstance(found, list | tuple) else [found]
        return tuple(token for token in listed if isinstance(token, int))


def model_source(name: str, options: LoadOptions) -> ModelSource:
    """Find a model and check that it takes images; reads weights only for the digest of a folder.

    Raises ReaderError when the model does not exist, takes no images, or needs its own code.
    """
    need_transformers()
    from transformers import CONFIG_MAPPING, AutoConfig, PreTrainedConfig
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING

    _check_folder(name)
    data, _ = _from_hub(name, lambda: PreTrainedConfig.get_config_dict(name, revision=options.revision))
    if not isinstance(data, dict) or not isinstance(data.get("model_type", ""), str):
        raise ReaderError(f"model {name!r} cannot be read: its config.json is not that of a model")
    _check_parts(name, data)
    trusted = options.remote_code == name
    kind = data.get("model_type", "")
    if kind not in CONFIG_MAPPING and not trusted:
        if "auto_map" in data:
            raise ReaderError(f"model {name!r} needs its own code, which runs only with --option remote_code={name}")
        raise ReaderError(f"model {name!r} has type {kind!r}, which this version of transformers does not know")
    config = _from_hub(
        name, lambda: AutoConfig.from_pretrained(name, revision=options.revision, trust_remote_code=trusted)
    )
    if type(config) not in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING and not trusted:
        architectures = ", ".join(data.get("architectures") or [kind])
        raise ReaderError(f"model {name!r} ({architectures}) is not an image-text-to-text model: it takes no images")
    commit = getattr(config, "_commit_hash", None)
    return ModelSource(name, config, commit or weights_digest(Path(name)), trusted)


def need_transformers() -> None:
    """Check that the packages for open models are installed, and quiet their logging.

    Raises ReaderError when a package is missing.
    """
    missing = [name for name in ("transformers", "peft", "llguidance") if importlib.util.find_spec(name) is None]
    if missing:
        raise ReaderError(f"open models need the packages of the extra 'vlm' ({missing[0]} is missing): {INSTALL}")
    _check_torchvision()
    import transformers

    transformers.utils.logging.set_verbosity_error()
    if not sys.stderr.isatty():
        transformers.utils.logging.disable_progress_bar()


def _check_torchvision() -> None:
    """Raise ReaderError where torchvision is there and of another build than torch, which transformers cannot bear."""
    if importlib.util.find_spec("torchvision") is None:
        return
    try:
        import torchvision  # noqa: F401
    except (ImportError, RuntimeError, OSError) as error:
        raise ReaderError(
            f"torchvision does not fit the torch that is installed ({first_line(error)}): install both from the same "
            "place, as PyTorch's site says, or uninstall torchvision"
        ) from error


def processor_of(source: ModelSource, options: LoadOptions) -> "ProcessorMixin":
    """Return the model's own processor.

    Raises ReaderError when it is missing, incomplete, lacks a package, or has no chat template.
    """
    from transformers import AutoProcessor

    try:
        processor = AutoProcessor.from_pretrained(
            source.name, revision=options.revision, trust_remote_code=source.runs_own_code
        )
    except ImportError as error:
        raise ReaderError(f"the processor of {source.name!r} {_needs(error)}") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ReaderError(f"model {source.name!r} has no usable processor: {first_line(error)}") from error
    if not all(hasattr(processor, part) for part in ("image_processor", "tokenizer")):
        raise ReaderError(
            f"model {source.name!r} has no processor for images and text together, only a {type(processor).__name__}: "
            "save one into its folder with AutoProcessor.save_pretrained"
        )
    if not getattr(processor, "chat_template", None):
        raise ReaderError(f"the processor of {source.name!r} has no chat template: is it an instruction-tuned model?")
    checked: ProcessorMixin = processor
    return checked


def _needs(error: ImportError) -> str:
    """Return which packages are missing, by transformers' own words for it."""
    words = r"pip install ([\w.\[\]-]+)|No module named '(\w+)|requires the (\w+) library"
    names = [next(filter(None, found)).lower() for found in re.findall(words, str(error))]
    if not names:
        return f"needs a package: {first_line(error)}"
    packages = " ".join(dict.fromkeys(PIP_NAMES.get(name, name) for name in names))
    return f"needs what is not installed: pip install {packages}"


def _check_folder(name: str) -> None:
    folder = Path(name)
    if not folder.is_dir():
        if folder.is_absolute() or name.startswith("."):
            raise ReaderError(f"the model folder {name} does not exist")
        return
    if (folder / ADAPTER).is_file():
        raise ReaderError(f"the folder {name} holds an adapter, not a model: --reader lora:{name}")
    if not (folder / "config.json").is_file():
        raise ReaderError(f"the folder {name} holds no config.json, so it is not a model of transformers")


def _check_parts(name: str, data: Mapping[str, Any]) -> None:
    """Raise ReaderError for a model with more layers than can be built: each takes time even before it has weights."""
    for setting, value in data.items():
        if isinstance(value, Mapping):
            _check_parts(name, value)
        elif _PARTS.search(setting) and isinstance(value, int | float) and value > MOST_PARTS:
            raise ReaderError(f"model {name!r} cannot be built: {setting} is {value}, more than {MOST_PARTS}")


def _from_hub(name: str, load: Callable[[], T]) -> T:
    try:
        return load()
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ReaderError(f"model {name!r} cannot be found or read: {first_line(error)}") from error


def first_line(error: Exception) -> str:
    """Return the first line of an error's message, or its type where it has none."""
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def weights_digest(folder: Path) -> str:
    """Return a digest of the weight files of a folder, 16 hex digits.

    Raises ReaderError when it holds no safetensors; pickled weights are not read.
    """
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise ReaderError(f"the folder {folder} holds no *.safetensors; pickled weights are not read")
    return _digest(tuple((str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files))


@lru_cache
def _digest(files: tuple[tuple[str, int, int], ...]) -> str:
    """Return the digest of files; sizes and times are part of the cache key, so a changed file is read again."""
    digest = hashlib.sha256()
    for path, _, _ in files:
        with Path(path).open("rb") as weights:
            digest.update(Path(path).name.encode() + hashlib.file_digest(weights, "sha256").digest())
    return digest.hexdigest()[:16]
