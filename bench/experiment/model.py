"""A model of an experiment: an open one, which is taught, or a reader, which is asked untaught."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from readers.registry import reader
from readers.session import SessionReader
from taxonomy.error import SettingError

OPEN, ADAPTER, API = "hf", "lora", "api"
"""Prefixes of an open model, of an adapter, and of the options of every reader behind an API."""


@dataclass(frozen=True)
class ModelUnderTest:
    """A model as it stands after ``--model``.

    Attributes
    ----------
    name : str
        On the hub, or a folder; of a reader its whole name, such as ``openai:gpt-5.4``.
    is_open : bool
        Whether it can be taught here.
    """

    name: str
    is_open: bool

    @classmethod
    def named(cls, written: str) -> "ModelUnderTest":
        """Return the model of that name; what has a prefix and is no folder is a reader.

        Raises
        ------
        taxonomy.error.SettingError
            When it is an adapter, which is taught already.
        """
        prefix, colon, rest = written.partition(":")
        if not colon or Path(written).is_dir():
            return cls(written, True)
        if prefix == ADAPTER:
            raise SettingError(
                f"--model {written} is an adapter, which is taught already: name its base model, or ask it by "
                "'bench ablate'"
            )
        return cls(rest, True) if prefix == OPEN else cls(written, False)

    @property
    def reader(self) -> str:
        """The reader that asks it untaught, as after ``--reader``."""
        return f"{OPEN}:{self.name}" if self.is_open else self.name

    @property
    def shown(self) -> str:
        """The name in tables; of a folder its last part."""
        return Path(self.name).name if self.is_open and Path(self.name).is_dir() else self.name

    @property
    def folder(self) -> str:
        """The name of its folder in that of an experiment."""
        return re.sub(r"[^\w.-]+", "-", self.shown).strip("-.") or "model"

    def why_untaught(self) -> str:
        """Return why it takes part untaught alone; empty for an open model.

        Raises
        ------
        taxonomy.error.BenchError
            When there is no such reader.
        """
        if self.is_open:
            return ""
        return "not fine-tuned: behind an API" if self.is_api() else "not fine-tuned: no open model"

    def is_api(self) -> bool:
        """Tell whether it is asked behind an API; raises as :meth:`why_untaught`."""
        return not self.is_open and isinstance(reader(self.name), SessionReader)

    def takes(self, prefix: str) -> bool:
        """Tell whether an option with that prefix is for its reader."""
        own = OPEN if self.is_open else self.name.partition(":")[0]
        return prefix == own.replace("-", "_") or (prefix == API and self.is_api())

    def options(self, written: Mapping[str, str]) -> dict[str, str]:
        """Return the options for its reader: those without a prefix, then those with its own, in its place."""
        with_prefix = {name: value for name, value in written.items() if ":" in name}
        own = {
            name.partition(":")[2]: value for name, value in with_prefix.items() if self.takes(name.partition(":")[0])
        }
        return {name: value for name, value in written.items() if name not in with_prefix} | own


def models_named(written: Sequence[str], options: Iterable[str]) -> tuple[ModelUnderTest, ...]:
    """Return the models of a command.

    Parameters
    ----------
    written : sequence of str
        As after ``--model``.
    options : iterable of str
        Names of the options, some with a prefix.

    Raises
    ------
    taxonomy.error.SettingError
        When two would write to the same folder, or an option is for a reader that none of them has.
    """
    models = tuple(ModelUnderTest.named(one) for one in written)
    first: dict[str, ModelUnderTest] = {}
    for model in models:
        other = first.setdefault(model.folder, model)
        if other is not model:
            both = "is given twice" if other == model else f"and --model {other.name} have the same folder's name"
            raise SettingError(f"--model {model.name} {both}: name each model once, or give each an --out of its own")
    for name in options:
        prefix, colon, _ = name.partition(":")
        if colon and not any(model.takes(prefix) for model in models):
            raise SettingError(f"--option {name} is for a reader {prefix!r}, which no --model has")
    return models
