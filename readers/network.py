"""A reader's network as explanations see it: what goes in, what comes out, and the layers between."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from readers.contract import Case
from readers.head import Heads, is_multi_label
from readers.isolation import Crash, attempt
from taxonomy.error import ReaderError, unknown_name

if TYPE_CHECKING:
    from torch import Tensor, nn

NEAREST = 5
"""Layers that are named beside one that cannot be explained."""

Output = tuple[str, str]
"""A head and one of its values, such as ``("conduction", "lbbb")``."""


@dataclass(frozen=True, eq=False)
class Shown:
    """What a network is shown of one case.

    Attributes
    ----------
    leads : float32 array (12, n_samples)
        Lead order I II III aVR aVL aVF V1..V6, on the network's own scale.
    beside : float32 array (n_others,) or None
        What it is told beside the leads; no explanation of leads changes it.
    """

    leads: NDArray[np.float32]
    beside: NDArray[np.float32] | None = None


@dataclass(frozen=True, eq=False)
class Network:
    """One network, or several whose logits are averaged.

    Attributes
    ----------
    members : tuple of torch.nn.Module
        In evaluation mode. Each maps leads, float32 (batch, 12, n_samples), and what stands beside them, if anything,
        float32 (batch, n_others), to logits (batch, outputs).
    heads : mapping of str to tuple of str
        The values of each head, in the order of the outputs.
    fs : float
        Sampling rate of the leads that it is shown, in Hz.
    prepare : callable
        Returns what it is shown of a case.

    Raises
    ------
    taxonomy.error.ReaderError
        When a member is in training mode: its answer would depend on the batch.
    """

    members: "tuple[nn.Module, ...]"
    heads: Heads
    fs: float
    prepare: Callable[[Case], Shown]

    def __post_init__(self) -> None:
        if any(member.training for member in self.members):
            raise ReaderError("the network is in training mode: call its eval() before it is explained")

    @cached_property
    def outputs(self) -> tuple[Output, ...]:
        """Every head with each of its values, in the order of the logits."""
        return tuple((head, value) for head, values in self.heads.items() for value in values)

    def place(self, head: str, value: str) -> int:
        """Return the column of an output.

        Raises
        ------
        taxonomy.error.UnknownNameError
            When it is none; the message names the nearest.
        """
        if head not in self.heads:
            raise unknown_name("head of the network", head, self.heads)
        if value not in self.heads[head]:
            raise unknown_name(f"value of the network's {head}", value, self.heads[head])
        return self.outputs.index((head, value))

    def logits(self, leads: "Tensor", beside: "Tensor | None" = None) -> "Tensor":
        """Return the mean of the members' logits, float32 (batch, outputs), differentiable with respect to both.

        Raises
        ------
        taxonomy.error.ReaderError
            When a module raises, a logit is not finite, or there are not as many as the heads have values.
        """
        import torch

        others = () if beside is None else (beside,)
        found = attempt(
            lambda: torch.stack([member(leads, *others) for member in self.members]).mean(dim=0), torch.OutOfMemoryError
        )
        if isinstance(found, Crash):
            raise ReaderError(
                f"the network fails on leads of shape {tuple(leads.shape)} ({leads.dtype}): {found.sentence}; try its "
                "module on such a tensor"
            )
        mean = found.value
        if mean.ndim != 2 or mean.shape[1] != len(self.outputs):
            raise ReaderError(
                f"the network gives logits of shape {tuple(mean.shape)}, not (records, {len(self.outputs)}): "
                "its heads do not name its outputs"
            )
        if not torch.isfinite(mean).all():
            raise ReaderError("the network gives a logit that is not finite")
        return mean

    def probabilities(self, leads: "Tensor", beside: "Tensor | None" = None) -> "Tensor":
        """Return the probabilities of the mean logits: by sigmoid for heads of several values, else by softmax."""
        import torch

        parts = torch.split(self.logits(leads, beside), [len(values) for values in self.heads.values()], dim=1)
        return torch.cat(
            [
                part.sigmoid() if is_multi_label(head) or part.shape[1] == 1 else part.softmax(dim=1)
                for head, part in zip(self.heads, parts, strict=True)
            ],
            dim=1,
        )

    def log_odds(self, leads: "Tensor", beside: "Tensor | None" = None) -> "Tensor":
        """Return the log-odds of every output, float32 (batch, outputs): what an explanation of an answer explains.

        Of a choice the logit less those of the other values together (their logsumexp), since what is common to all
        logits of a softmax moves no answer; the logit itself where an output is a question of its own. Raises as
        :meth:`logits`.
        """
        import torch

        parts = torch.split(self.logits(leads, beside), [len(values) for values in self.heads.values()], dim=1)
        odds = []
        for head, part in zip(self.heads, parts, strict=True):
            if is_multi_label(head) or part.shape[1] == 1:
                odds.append(part)
                continue
            itself = torch.eye(part.shape[1], dtype=torch.bool)
            others = part[:, None, :].expand(-1, part.shape[1], -1).masked_fill(itself, -torch.inf)
            odds.append(part - others.logsumexp(dim=2))
        return torch.cat(odds, dim=1)

    def layers(self, shown: Shown) -> tuple[str, ...]:
        """Return the layers that can be explained, by the names that every member has, in the order of their answers.

        Convolutions, what holds them, and what stands in one row with them, of which a network really calls the whole
        and which answers with a course over time: (records, channels, moments), two moments or more.

        Parameters
        ----------
        shown : Shown
            Of any case.
        """
        import torch

        called: list[dict[str, None]] = []
        with torch.inference_mode():
            leads = torch.from_numpy(shown.leads[None])
            beside = None if shown.beside is None else torch.from_numpy(shown.beside[None])
            for one in self.each_member():
                seen, member = dict[str, None](), one.members[0]
                hooks = [
                    member.get_submodule(name).register_forward_hook(_noting(name, seen)) for name in self._candidates
                ]
                try:
                    one.logits(leads, beside)
                finally:
                    for hook in hooks:
                        hook.remove()
                called.append(seen)
        return tuple(name for name in called[0] if all(name in other for other in called[1:]))

    def layer(self, name: str) -> "tuple[nn.Module, ...]":
        """Return a layer of every member.

        Raises
        ------
        taxonomy.error.UnknownNameError
            When there is none of that name; the message names the nearest.
        """
        if name not in self._candidates:
            raise unknown_name("layer of the network", name, self._candidates)
        return tuple(member.get_submodule(name) for member in self.members)

    def without_course(self, name: str, shown: Shown) -> ReaderError:
        """Return the error for a layer that the network has, and that cannot be explained: it names those that can."""
        there = self.layers(shown)
        near = get_close_matches(name, there, n=NEAREST, cutoff=0) or ["none"]
        return ReaderError(
            f"layer {name!r} of the network gives no activations over time: it is never called as a whole, or its "
            f"output is not (records, channels, moments); layers that do are {', '.join(near)}"
            + (f" and {len(there) - len(near)} more" if len(there) > len(near) else "")
        )

    @cached_property
    def _candidates(self) -> tuple[str, ...]:
        """Names of the convolutions, of what holds them and of what stands in one row with them, in every member."""
        each = [_convolving(member) for member in self.members]
        return tuple(name for name in each[0] if all(name in other for other in each[1:]))

    def each_member(self) -> "Iterator[Network]":
        """Yield every member as a network of its own."""
        for member in self.members:
            yield replace(self, members=(member,))

    def randomised(self, seed: int) -> "Network":
        """Return the network with random weights: what a map of it shows was not learned (Adebayo et al. 2018).

        Every layer begins anew by its own initialisation, normalisations with what they have learned of their inputs;
        parameters of a layer without one are shuffled.
        """
        import torch

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            members = tuple(_drawn_anew(copy.deepcopy(member)) for member in self.members)
        return replace(self, members=members)


@runtime_checkable
class OpenReader(Protocol):
    """A reader that lets its network be explained; any other reader is a black box."""

    def network(self) -> Network:
        """Return the network on which its answers rest."""
        ...


def _convolving(member: "nn.Module") -> list[str]:
    from torch import nn

    convolving = {
        id(module) for module in member.modules() if any(isinstance(part, nn.Conv1d) for part in module.modules())
    }
    rows = [row for row in member.modules() if isinstance(row, nn.Sequential) and id(row) in convolving]
    beside = {id(part) for row in rows for part in row}
    return [name for name, module in member.named_modules() if name and id(module) in convolving | beside]


def _noting(name: str, seen: dict[str, None]) -> Callable[..., None]:
    """Return a hook that notes a module as seen where its answer has a course over time."""
    import torch

    def note(_module: object, _given: object, out: object) -> None:
        if isinstance(out, torch.Tensor) and out.ndim == 3 and out.shape[2] > 1:
            seen.pop(name, None)
            seen[name] = None

    return note


def _drawn_anew(member: "nn.Module") -> "nn.Module":
    import torch

    drawn: set[int] = set()
    for module in member.modules():
        reset = getattr(module, "reset_parameters", None)
        own = list(module.parameters(recurse=False))
        if callable(reset) and own:
            reset()
            drawn.update(map(id, own))
    for parameter in member.parameters():
        if id(parameter) not in drawn:
            with torch.no_grad():
                parameter.copy_(parameter.flatten()[torch.randperm(parameter.numel())].view_as(parameter))
    return member.eval()
