"""Log-likelihoods of many continuations of an answer, of which each prompt and each beginning is fed to the model once.

The cache of the prompts grows by each case's answer up to the axis; behind it, the alternatives are short rows of their
own. Where a model has no such cache (:func:`~readers.vlm.cache.new_cache`), every answer is fed whole behind its
prompt, which is slow and gives the same.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from readers.vlm.cache import behind, crossed, holds, images_seen, move, new_cache, of_rows, takes
from readers.vlm.chat import Encoded
from readers.vlm.generation import on_device
from readers.vlm.loading import Vlm

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import DynamicCache

TOKENS_AT_ONCE = 32_768
"""Tokens of all rows that are scored together, those in the cache included: it is copied for each row.

At 57 kB a token (Qwen2.5-VL 7B in bfloat16) this takes 1.9 GB, at 136 kB (Gemma 3 4B) 4.5 GB. One row is always scored,
however long."""

Rows = Sequence[Sequence[Sequence[int]]]
"""Tokens of each continuation of each case's answer, from the answer's beginning."""


class Continuations(Protocol):
    """Prompts behind which answers can be scored."""

    def scores(self, rows: Rows, shared: Sequence[int]) -> list[list[float]]:
        """Return the log-likelihood of each row behind the tokens that its case's rows share."""


def continuations(vlm: Vlm, prompts: Encoded) -> Continuations:
    """Return the prompts, in the cache where the model has one that can grow by the token."""
    cache = new_cache(vlm.model)
    if cache is not None:
        grown = Grown(vlm, prompts, cache)
        if holds(cache, prompts.tensors["input_ids"].shape[1], grown.images):
            return grown
    return Whole(vlm, prompts)


class Whole:
    """Prompts that are fed anew with each answer."""

    def __init__(self, vlm: Vlm, prompts: Encoded) -> None:
        self.vlm, self.tensors = vlm, prompts.tensors

    def scores(self, rows: Rows, shared: Sequence[int]) -> list[list[float]]:
        """Return the log-likelihood of each row behind the tokens that its case's rows share."""
        each = [self._scored(answers, shared) for answers in zip(*rows, strict=True)]
        return [list(of_case) for of_case in zip(*each, strict=True)]

    def _scored(self, answers: Sequence[Sequence[int]], shared: Sequence[int]) -> list[float]:
        import torch

        ids, mask = _padded(answers, self.vlm.chat.pad)
        forget_positions(self.vlm)
        more = {"logits_to_keep": ids.shape[1] + 1} if takes(self.vlm.model, "logits_to_keep") else {}
        with torch.inference_mode():
            batch = on_device(self.vlm, behind(self.tensors, ids, mask))
            logits = self.vlm.model(**batch, use_cache=False, **more).logits[:, -ids.shape[1] - 1 : -1]
            taken = _taken(logits, ids)
        return [float(row[begin : len(own)].sum()) for row, own, begin in zip(taken, answers, shared, strict=True)]


@dataclass(frozen=True)
class _Tail:
    """What of one row is not shared, with the row's place."""

    case: int
    row: int
    tokens: Sequence[int]


class Grown:
    """Prompts with their key-value cache, which grows by the answers.

    Attributes
    ----------
    images : frozenset of int
        Layers of the cache that hold images only.
    has_gradients : bool
        Whether the likelihoods can be differentiated with respect to the prompts' inputs.
    """

    def __init__(self, vlm: Vlm, prompts: Encoded, cache: "DynamicCache", has_gradients: bool = False) -> None:
        import torch

        self.vlm, self.cache, self.tensors, self.has_gradients = vlm, cache, prompts.tensors, has_gradients
        self.images, self.mask = crossed(vlm.model), prompts.tensors["attention_mask"].cpu().long()
        home = forget_positions(vlm)
        how: dict[str, Any] = {"logits_to_keep": 1} if takes(vlm.model, "logits_to_keep") else {}
        if home is None:
            how["position_ids"] = (self.mask.cumsum(dim=1) - 1).clamp(min=0).to(vlm.device)
        with self._pass():
            tensors = on_device(vlm, prompts.tensors)
            out = vlm.model(**tensors, past_key_values=cache, use_cache=True, **how)
        self.first = out.logits[:, -1].float()
        self.last = self.first.clone()
        self.fed: list[list[int]] = [[] for _ in self.mask]
        self.in_three = home is not None
        self.starts = self.mask.sum(dim=1)
        if home is not None and home.rope_deltas is not None:
            self.starts += home.rope_deltas.reshape(-1).cpu()
        elif home is not None:  # without an image, these models count places, the padding's too
            self.starts = torch.full_like(self.starts, self.mask.shape[1])

    def scores(self, rows: Rows, shared: Sequence[int]) -> list[list[float]]:
        """Return the log-likelihood of each row behind the tokens that its case's rows share."""
        return [of_case.tolist() for of_case in self.log_likelihoods(rows, shared)]

    def log_likelihoods(self, rows: Rows, shared: Sequence[int]) -> "list[Tensor]":
        """Return the same as a float64 tensor (rows,) of each case."""
        with self._pass():
            return self._log_likelihoods(rows, shared)

    def _log_likelihoods(self, rows: Rows, shared: Sequence[int]) -> "list[Tensor]":
        self._grow([list(of_case[0][:length]) for of_case, length in zip(rows, shared, strict=True)])
        tails = [
            _Tail(case, number, row[length:])
            for case, (of_case, length) in enumerate(zip(rows, shared, strict=True))
            for number, row in enumerate(of_case)
            if len(row) > length
        ]
        starts = [sum(map(len, rows[:case])) for case in range(len(rows))]
        found = self.last.double().new_zeros(sum(map(len, rows)))
        chances = self.last.log_softmax(dim=-1)[[tail.case for tail in tails], [tail.tokens[0] for tail in tails]]
        found = found.index_add(0, _places(tails, starts, found), chances.double())
        for some in self._at_once([tail for tail in tails if len(tail.tokens) > 1]):
            found = found.index_add(0, _places(some, starts, found), self._behind_first(some))
        return list(found.split([len(of_case) for of_case in rows]))

    def _grow(self, answers: Sequence[list[int]]) -> None:
        """Make the cache end with these beginnings of answers, and ``last`` the logits behind them."""
        kept = [_kept(fed, answer) for fed, answer in zip(self.fed, answers, strict=True)]
        more = [answer[length:] for answer, length in zip(answers, kept, strict=True)]
        for case, answer in enumerate(answers):
            if not answer:
                self.last[case] = self.first[case]
        self._move([len(fed) - length for fed, length in zip(self.fed, kept, strict=True)])
        self.fed = [fed[:length] for fed, length in zip(self.fed, kept, strict=True)]
        if not any(more):
            return
        ends = sorted({len(tokens) - 1 for tokens in more if tokens})
        logits = self._forward(self.cache, range(len(more)), more, ends).float()
        for case, tokens in enumerate(more):
            if tokens:
                self.last[case] = logits[case, ends.index(len(tokens) - 1)]
        longest = max(map(len, more))
        self.mask = _joined(self.mask, _padded(more, 0)[1])
        self._move([longest - len(tokens) for tokens in more])
        self.fed = list(answers)

    def _move(self, by: Sequence[int]) -> None:
        """Move rows to the right, over their last places."""
        import torch

        if not any(by):
            return
        rows = [row.roll(places) for row, places in zip(self.mask, by, strict=True)]
        for row, places in zip(rows, by, strict=True):
            row[:places] = 0
        mask = torch.stack(rows)
        first = int(mask.any(dim=0).int().argmax())
        self.mask = mask[:, first:]
        move(self.cache, by, first, self.images)

    def _at_once(self, tails: Sequence[_Tail]) -> Iterator[list[_Tail]]:
        """Yield tails that are scored together, those of like length."""
        cached, some = self.mask.shape[1], list[_Tail]()
        for tail in sorted(tails, key=lambda tail: len(tail.tokens)):
            if some and (len(some) + 1) * (cached + len(tail.tokens)) > TOKENS_AT_ONCE:
                yield some
                some = []
            some.append(tail)
        if some:
            yield some

    def _behind_first(self, tails: Sequence[_Tail]) -> "Tensor":
        """Return the log-likelihood of each tail behind its first token, float64 (tails,)."""
        import torch

        cases, fed = [tail.case for tail in tails], [tail.tokens[:-1] for tail in tails]
        logits = self._forward(of_rows(self.cache, torch.tensor(cases)), cases, fed, range(max(map(len, fed))))
        taken = _taken(logits, _padded([tail.tokens[1:] for tail in tails], 0)[0])
        return torch.stack([row[: len(tokens)].sum() for row, tokens in zip(taken, fed, strict=True)])

    def _forward(
        self, cache: "DynamicCache", cases: Sequence[int], rows: Sequence[Sequence[int]], places: Sequence[int]
    ) -> "Tensor":
        """Feed rows behind what the cache holds; return the logits at some of their places."""
        import torch

        which = torch.tensor(list(cases))
        ids, own = _padded(rows, self.vlm.chat.pad)
        begun = self.starts[which] + torch.tensor([len(self.fed[case]) for case in cases])
        positions = begun[:, None] + torch.arange(ids.shape[1])
        inputs = {
            "input_ids": ids,
            "attention_mask": _joined(self.mask[which], own),
            "position_ids": positions.expand(3, -1, -1) if self.in_three else positions,
            **{name: value[which] for name, value in images_seen(self.tensors, ids.shape[1]).items()},
        }
        wanted = torch.tensor(list(places), device=self.vlm.device)
        cut = takes(self.vlm.model, "logits_to_keep")
        more = {"logits_to_keep": wanted} if cut else {}
        with self._pass():
            inputs = on_device(self.vlm, inputs)
            logits: Tensor = self.vlm.model(**inputs, past_key_values=cache, use_cache=True, **more).logits
        return logits if cut else logits[:, wanted]

    def _pass(self) -> AbstractContextManager[object]:
        import torch

        return torch.enable_grad() if self.has_gradients else torch.inference_mode()


def forget_positions(vlm: Vlm) -> Any:  # noqa: ANN401
    """Return the part of a model that remembers where images moved the positions of the last prompts, None without one.

    It is made to forget them: a prompt without an image would take those of other prompts.
    """
    home = next((part for part in vlm.model.modules() if hasattr(part, "rope_deltas")), None)
    if home is not None:
        home.rope_deltas = None
    return home


def _kept(fed: Sequence[int], answer: Sequence[int]) -> int:
    """Return how many of the tokens in the cache stay there; the last token is fed anew where its logits are gone."""
    length = next((i for i, (a, b) in enumerate(zip(fed, answer, strict=False)) if a != b), min(len(fed), len(answer)))
    return max(0, length - 1) if length == len(answer) < len(fed) else length


def _padded(rows: Sequence[Sequence[int]], pad: int) -> "tuple[Tensor, Tensor]":
    """Return tokens filled up on the right, int (rows, tokens), and their mask."""
    import torch

    longest = max(map(len, rows))
    ids = torch.tensor([[*row, *[pad] * (longest - len(row))] for row in rows])
    return ids, torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])


def _joined(one: "Tensor", other: "Tensor") -> "Tensor":
    import torch

    return torch.cat([one, other], dim=1)


def _places(tails: Sequence[_Tail], starts: Sequence[int], beside: "Tensor") -> "Tensor":
    """Return where among all rows each tail stands, on the device of another tensor."""
    import torch

    return torch.tensor([starts[tail.case] + tail.row for tail in tails], dtype=torch.long, device=beside.device)


def _taken(logits: "Tensor", ids: "Tensor") -> "Tensor":
    """Return the log-probability of each token, float64 (rows, tokens), of logits (rows, tokens, vocabulary)."""
    chances = logits.float().log_softmax(dim=-1)
    return chances.gather(2, ids.to(logits.device)[..., None])[..., 0].double()
