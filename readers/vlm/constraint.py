"""Constrain decoding to the JSON schema of an answer, with llguidance."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from readers.vlm.loading import Vlm

if TYPE_CHECKING:
    from llguidance import LLMatcher
    from llguidance._lib import JsonCompileOptions
    from torch import Tensor

SPACING: "JsonCompileOptions" = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
"""One space after commas and colons and none elsewhere: a weak model could fill its answer with spaces."""

REASONING_CHARS = 800
"""Room for four long sentences; without a limit, a weak model could write without end."""


class Constraint:
    """Masks, at each step, every token that would break the schema of its answer."""

    def __init__(self, vlm: Vlm, schemas: Sequence[Mapping[str, Any] | None], prompt: int) -> None:
        import llguidance.numpy

        self.prompt, self.stops = prompt, vlm.chat.stops
        tokens, grammar = vlm.tokens, llguidance.LLMatcher.grammar_from_json_schema
        self.matchers = [
            llguidance.LLMatcher(tokens, grammar(json.dumps(bounded(schema)), overrides=SPACING)) if schema else None
            for schema in schemas
        ]
        self.vocabulary = vlm.vocabulary
        self.mask = llguidance.numpy.allocate_token_bitmask(1, vlm.vocabulary)

    def __call__(self, ids: "Tensor", scores: "Tensor") -> "Tensor":
        """Return the scores, minus infinity for forbidden tokens."""
        import torch

        for row, matcher in enumerate(self.matchers):
            if matcher is None:
                continue
            if ids.shape[1] > self.prompt and not matcher.is_stopped():
                matcher.consume_token(int(ids[row, -1]))
            if matcher.is_stopped() or matcher.is_accepting():
                allowed = np.isin(np.arange(self.vocabulary), self.stops)
            else:
                allowed = self._allowed(matcher)
            scores[row].masked_fill_(~torch.from_numpy(allowed).to(scores.device), float("-inf"))
        return scores

    def _allowed(self, matcher: "LLMatcher") -> NDArray[np.bool_]:
        """Return which tokens may come next, bool (vocabulary,)."""
        import llguidance.numpy

        llguidance.numpy.fill_next_token_bitmask(matcher, self.mask, 0)
        bits = np.unpackbits(self.mask.view(np.uint8), bitorder="little")
        return bits[: self.vocabulary].astype(np.bool_)


def bounded(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of an answer with limits on its free text and its lists."""
    properties = dict(schema["properties"])
    for name, part in properties.items():
        if part.get("type") == "array":
            properties[name] = {**part, "maxItems": len(part["items"]["enum"])}
        elif part.get("type") == "string" and "enum" not in part:
            properties[name] = {**part, "maxLength": REASONING_CHARS}
    return {**schema, "properties": properties}
