"""What of its pictures moved an open model's answer: the gradient of its own scoring, times the pixels, token by token.

What is explained is the log-odds of one value of an axis, by the likelihoods of :mod:`readers.vlm.likelihood`: behind
the prompt and the model's own earlier answers, against the other values of the axis (of a set of findings, against the
empty set). A model that thinks is scored behind a thought that ends at once.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from readers.contract import Case, Prompt
from readers.page_relevance import PageRelevance, TokenGrid
from readers.vlm.cache import holds, new_cache
from readers.vlm.chat import Chat, Encoded
from readers.vlm.continuation import Grown, continuations
from readers.vlm.image_token import INSTEAD, PIXELS, check_family, check_tokens, views_of
from readers.vlm.likelihood import choice_at, continued
from readers.vlm.loading import Vlm
from taxonomy.axis import Axis, axis_named
from taxonomy.error import ReaderError, unknown_name
from taxonomy.reading import Reading
from taxonomy.target import SPARSE, TargetFormat

if TYPE_CHECKING:
    from torch import Tensor, nn

LEAST_LEFT = 1e-12
"""Least probability of all that was not scored, as in the scoring of answers."""


@dataclass(frozen=True, eq=False)
class VlmPages:
    """A loaded model whose answers to pictures are explained (:class:`readers.open_page.OpenPageReader`).

    Attributes
    ----------
    name : str
    vlm : Vlm
    """

    name: str
    vlm: Vlm

    def page_relevance(
        self, case: Case, axis: str, value: str, reading: Reading | None = None, bare: Case | None = None
    ) -> PageRelevance:
        """Return what of the pictures of a case moved the log-odds of a value.

        As :meth:`readers.open_page.OpenPageReader.page_relevance`; without a reading, each earlier axis has its
        likeliest value.
        """
        import torch

        chat, config = self.vlm.chat, self.vlm.source.config
        check_family(config)
        form = self._checked(case, axis, value)
        prompts = _prompts(chat, [case])
        try:
            with _frozen(self.vlm.model):
                score, gradient = _gradient(self.vlm, prompts, reading or Reading(), form, (axis, value))
        except torch.OutOfMemoryError as error:
            raise ReaderError(
                f"the memory of {self.vlm.device} is full: a gradient takes more than an answer; "
                f"--option max_pixels=N, or {INSTEAD}"
            ) from error
        pixels = _pixels(prompts)
        if bare is not None:
            pixels = pixels - _pixels(_prompts(chat, [bare]))
        return _relevance(chat, config, case, prompts, gradient * pixels, score)

    def log_odds(
        self, cases: Sequence[Case], axis: str, value: str, reading: Reading | None = None
    ) -> NDArray[np.float64]:
        """Return the log-odds of a value for each case, behind the same beginning of an answer, float64 (n,).

        What the reading does not say of an earlier axis is what is likeliest for the first case.
        """
        form = self._checked(cases[0], axis, value)
        first = _prompts(self.vlm.chat, cases[:1])
        tokens, shared = continued(self.vlm.chat, choice_at(self.vlm, first, reading or Reading(), form, axis))
        found = list[float]()
        for start in range(0, len(cases), self.vlm.options.batch):
            prompts = _prompts(self.vlm.chat, cases[start : start + self.vlm.options.batch])
            count = len(prompts.tokens)
            scored = continuations(self.vlm, prompts).scores([list(tokens.values())] * count, [shared] * count)
            found += [_log_odds_of(dict(zip(tokens, row, strict=True)), axis, form, value) for row in scored]
        if not np.isfinite(found).all():
            raise ReaderError(f"the model {self.vlm.source.shown!r} gives a logit that is not finite")
        return np.array(found)

    def page_ink(self, case: Case, bare: Case) -> PageRelevance:
        """Return how much the traces change of what the model is given, by token."""
        return page_ink(self.vlm.chat, self.vlm.source.config, case, bare)

    def randomised(self, seed: int) -> "VlmPages":
        """Return a copy of the model in which the entries of every weight are shuffled.

        They keep their size, so that signals still come through; what the model has learned is gone. It takes as much
        memory as the model.

        Raises
        ------
        taxonomy.error.ReaderError
            When the weights are quantised, or on several devices.
        """
        import torch

        if (
            self.vlm.options.quantization != "none"
            or len(set(getattr(self.vlm.model, "hf_device_map", {}).values())) > 1
        ):
            raise ReaderError(
                f"the weights of {self.name!r} are quantised or on several devices and cannot be drawn at random: "
                "explain it with neither (--option quantization=none, device=cuda:0)"
            )
        model = copy.deepcopy(self.vlm.model)
        draw = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for weight in model.parameters():
                order = torch.randperm(weight.numel(), generator=draw).to(weight.device)
                weight.copy_(weight.flatten()[order].view_as(weight))
        return VlmPages(self.name, replace(self.vlm, model=model.eval()))

    def _checked(self, case: Case, axis: str, value: str) -> TargetFormat:
        """Return the format of a case's answer, after a check of the target and of the model's mode."""
        form = (case.prompt or Prompt("")).form
        if axis not in form.axes:
            raise unknown_name(f"axis of the format {form.name}", axis, form.axes)
        if value not in axis_named(axis).values:
            raise unknown_name(f"value of {axis}", value, axis_named(axis).values)
        if self.vlm.model.training:
            raise ReaderError("the model is in training mode: call its eval() before it is explained")
        return form


def _log_odds_of(scores: Mapping[str, float], axis: str, form: TargetFormat, value: str) -> float:
    import torch

    given = {name: torch.tensor(score, dtype=torch.float64) for name, score in scores.items()}
    return float(log_odds(given, axis_named(axis), form, value))


def page_ink(chat: Chat, config: Any, case: Case, bare: Case) -> PageRelevance:  # noqa: ANN401
    """Return how much the traces of a case change of what a model is given, by token; needs no weights.

    Parameters
    ----------
    chat : Chat
    config : PreTrainedConfig
    case, bare : Case
        With and without traces, the pictures of one layout.

    Raises
    ------
    taxonomy.error.ReaderError
        When the model is of a family whose tokens cannot be placed.
    """
    check_family(config)
    prompts = _prompts(chat, [case])
    return _relevance(chat, config, case, prompts, np.abs(_pixels(prompts) - _pixels(_prompts(chat, [bare]))), 0.0)


def log_odds(scores: "Mapping[str, Tensor]", axis: Axis, form: TargetFormat, value: str) -> "Tensor":
    """Return the log-odds of a value from the log-likelihoods of an axis's values, as answers are scored.

    Parameters
    ----------
    scores : mapping of str to Tensor
        ``""`` is the empty set of findings.
    axis : Axis
    form : TargetFormat
    value : str
    """
    import torch

    def left() -> "Tensor":
        rest = 1 - torch.stack(list(scores.values())).exp().sum()
        return rest.clamp(min=LEAST_LEFT).log()

    if axis.is_set:
        return scores[value] - (scores[""] if "" in scores else left())
    complete = dict(scores)
    if form is SPARSE and axis.negative:
        complete[axis.negative] = left()
    others = torch.stack([complete[other] for other in axis.values if other != value])
    return complete[value] - others.logsumexp(dim=0)


def _gradient(
    vlm: Vlm, prompts: Encoded, reading: Reading, form: TargetFormat, target: tuple[str, str]
) -> tuple[float, NDArray[np.float32]]:
    """Return the log-odds of the target and its gradient with respect to the pixels."""
    import torch

    axis, value = axis_named(target[0]), target[1]
    tokens, shared = continued(vlm.chat, choice_at(vlm, prompts, reading, form, axis.name))
    with torch.enable_grad():
        pixels = prompts.tensors[PIXELS].detach().float().clone().requires_grad_()
        asked = replace(prompts, tensors={**prompts.tensors, PIXELS: pixels})
        cache = new_cache(vlm.model)
        grown = None if cache is None else Grown(vlm, asked, cache, has_gradients=True)
        if grown is None or not holds(grown.cache, prompts.tensors["input_ids"].shape[1], grown.images):
            raise ReaderError(f"the model {vlm.source.shown!r} has no cache that its gradient can pass: {INSTEAD}")
        (row,) = grown.log_likelihoods([list(tokens.values())], [shared])
        score = log_odds(dict(zip(tokens, row, strict=True)), axis, form, value)
        if not torch.isfinite(score):
            raise ReaderError(f"the model {vlm.source.shown!r} gives a logit that is not finite")
        (gradient,) = torch.autograd.grad(score, pixels)
    if not torch.isfinite(gradient).all():
        raise ReaderError(f"the model {vlm.source.shown!r} gives a gradient that is not finite")
    return float(score.detach()), np.asarray(gradient.cpu().numpy(), dtype=np.float32)


def _relevance(  # noqa: PLR0913  # of which model, on which case, and what
    chat: Chat,
    config: Any,  # noqa: ANN401
    case: Case,
    prompts: Encoded,
    product: NDArray[np.float32],
    score: float,
) -> PageRelevance:
    """Return what each token has of a product in the shape of the pixels."""
    images, inputs = case.every_image, prompts.tensors
    check_tokens(views_of(_pixels(prompts), inputs, config), inputs, config)
    own, grids, of_examples = len(images) - len(case.images), list[TokenGrid](), 0.0
    for view, placed in zip(views_of(product, inputs, config), chat.placed_tokens(images, config), strict=True):
        if placed is None:
            continue
        relevance = view.summed(view.values.sum(axis=0))
        if placed.picture < own:
            of_examples += float(np.abs(relevance).sum())
            continue
        image = images[placed.picture]
        width, height = (edge / image.px_per_mm for edge in image.size)
        grids.append(TokenGrid(placed.picture - own, placed.across * width, placed.down * height, relevance))
    whole = of_examples + sum(float(np.abs(grid.relevance).sum()) for grid in grids)
    sizes = tuple(image.size for image in case.images)
    return PageRelevance(score, tuple(grids), case.images, sizes, of_examples / whole if whole else 0.0)


def _prompts(chat: Chat, cases: Sequence[Case]) -> Encoded:
    for case in cases:
        if not case.images:
            raise ReaderError(f"case {case.case_id} shows no picture whose pixels could be explained")
    prompts = chat.encode(cases)
    if chat.dialogue.thinking == "never":
        return prompts
    return prompts.continued([chat.tokens(chat.dialogue.bridge)] * len(cases), chat.pad)


def _pixels(prompts: Encoded) -> NDArray[np.float32]:
    return np.asarray(prompts.tensors[PIXELS].float().cpu().numpy(), dtype=np.float32)


@contextmanager
def _frozen(model: "nn.Module") -> Iterator[None]:
    """Let no weight take a gradient, so that only the pixels cost memory."""
    learning = [weight for weight in model.parameters() if weight.requires_grad]
    for weight in learning:
        weight.requires_grad_(False)
    try:
        yield
    finally:
        for weight in learning:
            weight.requires_grad_(True)
