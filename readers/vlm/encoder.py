"""Features of a model's image encoder, and of an untrained encoder of the same shape."""

import copy
import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from readers.vlm.generation import on_device
from readers.vlm.loading import Vlm
from taxonomy.error import ReaderError

if TYPE_CHECKING:
    from torch import Tensor, nn

OWN_SEED = 602_17531
"""Added to the twin's seed, because the encoder itself may come from a small seed."""

SEGMENTS = 12
"""Runs of tokens, in the encoder's order, that are averaged separately: bands of a page, or leads."""


@dataclass(frozen=True, eq=False)
class ImageEncoder:
    """The image encoder of a model, with a twin of the same shape and random weights.

    ``name`` is the name of the encoder inside the model.
    """

    vlm: Vlm
    name: str
    twin: "nn.Module"

    @classmethod
    def of(cls, vlm: Vlm, seed: int = 0) -> "ImageEncoder":
        """Return the encoder of a model; ``seed`` is that of the twin's weights, drawn by the model's initialisation.

        Raises ReaderError when the model does not name its image encoder.
        """
        import torch

        model = vlm.model
        encoder = model.get_encoder(modality="image")
        name = next((name for name, part in model.named_modules() if part is encoder and name), "")
        if not name or not hasattr(model, "get_image_features"):
            raise ReaderError(f"model {vlm.source.shown!r} does not name its image encoder")
        with torch.random.fork_rng():
            torch.manual_seed(OWN_SEED + seed)
            twin = type(encoder)._from_config(copy.deepcopy(encoder.config))
        return cls(vlm, name, twin.to(encoder.device, encoder.dtype).eval())

    def features(self, tensors: "Mapping[str, Tensor]") -> dict[str, NDArray[np.float32]]:
        """Return the features of one case.

        Parameters
        ----------
        tensors : mapping of str to Tensor
            Of a single case, from :meth:`readers.vlm.chat.Chat.encode`.

        Returns
        -------
        dict of str to float32 array (SEGMENTS x width,)
            ``encoder``: the last hidden state of the image encoder; ``projected``: the language model's input from it;
            ``random``: the last hidden state of the twin.
        """
        return self.seen(tensors)[0]

    def seen(
        self, tensors: "Mapping[str, Tensor]"
    ) -> tuple[dict[str, NDArray[np.float32]], dict[str, NDArray[np.float32]]]:
        """Return the features of one case, and its tokens.

        Parameters
        ----------
        tensors : mapping of str to Tensor
            As of :meth:`features`.

        Returns
        -------
        features : dict of str to float32 array (SEGMENTS x width,)
            As of :meth:`features`.
        tokens : dict of str to float32 array (tokens, width)
            The last hidden state of the image encoder (``encoder``) and of the twin (``random``), image after image.
        """
        own = self._outputs(tensors)
        with self._swapped():
            other = self._outputs(tensors)
        tokens = {"encoder": tokens_of(own.last_hidden_state), "random": tokens_of(other.last_hidden_state)}
        features = {**{name: _means(found) for name, found in tokens.items()}, "projected": pooled(own.pooler_output)}
        return features, tokens

    def _outputs(self, tensors: "Mapping[str, Tensor]") -> Any:  # noqa: ANN401  # a class of each model's own
        import torch

        model = self.vlm.model
        parameters = inspect.signature(model.get_image_features).parameters
        inputs = {name: value for name, value in on_device(self.vlm, tensors).items() if name in parameters}
        with torch.inference_mode():
            return model.get_image_features(**inputs)

    @contextmanager
    def _swapped(self) -> Iterator[None]:
        """Replace the encoder by its twin."""
        parent, _, leaf = self.name.rpartition(".")
        home = self.vlm.model.get_submodule(parent)
        own = getattr(home, leaf)
        setattr(home, leaf, self.twin)
        try:
            yield
        finally:
            setattr(home, leaf, own)


def pooled(states: Any) -> NDArray[np.float32]:  # noqa: ANN401  # one tensor, or one for each image
    """Return the means of equal runs of tokens, float32 (SEGMENTS x width,)."""
    return _means(tokens_of(states))


def tokens_of(states: Any) -> NDArray[np.float32]:  # noqa: ANN401  # as of pooled
    """Return the tokens of all images one after another, float32 (tokens, width)."""
    import torch

    parts = states if isinstance(states, (tuple, list)) else [states]
    tokens: NDArray[np.float32] = torch.cat([part.reshape(-1, part.shape[-1]) for part in parts]).float().cpu().numpy()
    return tokens


def _means(tokens: NDArray[np.float32]) -> NDArray[np.float32]:
    runs = np.array_split(tokens, SEGMENTS) if len(tokens) >= SEGMENTS else [tokens]
    return np.concatenate([run.mean(axis=0) for run in runs]).astype(np.float32)
