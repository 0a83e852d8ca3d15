"""The one large model that a process keeps loaded from run to run."""

import gc
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Model = TypeVar("Model")


class KeptModel(Generic[Model]):
    """Keeps the latest model, and lets go of it before the next is loaded: two may not fit into memory."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, Model] = {}

    def of(self, key: Hashable, load: Callable[[], Model]) -> Model:
        """Return the model of a key: the one that is kept, or the one that ``load`` makes in its place."""
        if key not in self._kept:
            self.let_go()
            self._kept[key] = load()
        return self._kept[key]

    def let_go(self) -> None:
        """Free the memory of the model."""
        if self._kept:
            self._kept.clear()
            gc.collect()  # a model refers to itself
