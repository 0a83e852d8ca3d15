"""What vLLM's engine gives for a case, and the reading of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from readers.api.token_chance import SpelledToken, spelled_tokens, value_chances
from readers.contract import Case, Prompt
from readers.vllm.conversation import schema_of, shrunk
from readers.vllm.option import VllmOptions
from taxonomy.parsing import parse
from taxonomy.reading import Failure, Reading, Usage
from taxonomy.schema import follows


class Chance(Protocol):
    """``vllm.logprobs.Logprob``."""

    @property
    def logprob(self) -> float:
        """Of the token, before anything constrained it."""
        ...

    @property
    def decoded_token(self) -> str | None:
        """Its text."""
        ...


class Completion(Protocol):
    """``vllm.outputs.CompletionOutput``."""

    @property
    def text(self) -> str:
        """Without special tokens."""
        ...

    @property
    def token_ids(self) -> Sequence[int]:
        """Those that were generated."""
        ...

    @property
    def logprobs(self) -> Sequence[Mapping[int, Chance] | None] | None:
        """By token, of the likeliest ones and of the one generated."""
        ...

    @property
    def finish_reason(self) -> str | None:
        """``stop``, ``length``, or why the engine gave up."""
        ...


class Output(Protocol):
    """``vllm.outputs.RequestOutput``."""

    @property
    def prompt_token_ids(self) -> Sequence[int] | None:
        """Those of the prompt, its pictures' among them."""
        ...

    @property
    def outputs(self) -> Sequence[Completion]:
        """One completion."""
        ...


def answer(output: Output, case: Case, options: VllmOptions, seconds: float) -> Reading:
    """Return the reading of a case.

    Parameters
    ----------
    output : Output
    case : Case
    options : VllmOptions
    seconds : float
        That the case took, its share of the batch's.
    """
    (done,), prompt = output.outputs, case.prompt or Prompt("")
    usage = _usage(output, case, options, seconds)
    if done.finish_reason == "length":
        message = f"the answer was cut off at {options.max_tokens} tokens (--option max_tokens=N)"
        return Reading(raw=done.text, usage=usage, error=Failure("truncated", message))
    if done.finish_reason != "stop":
        return Reading(usage=usage, error=Failure("transport", f"vLLM ended the answer by {done.finish_reason!r}"))
    reading = replace(parse(done.text, prompt.form), usage=usage)
    if reading.error or options.probabilities == "off":
        return reading
    found = value_chances(_spelled(done), reading, prompt.form)
    return replace(reading, probabilities=found.probabilities, partial=frozenset(found.partial))


def _usage(output: Output, case: Case, options: VllmOptions, seconds: float) -> Usage:
    (done,), schema = output.outputs, schema_of(case, options)
    seen = min((one.px_per_mm * shrunk(one.size, options.max_pixels) for one in case.every_image), default=None)
    return Usage(
        input_tokens=len(output.prompt_token_ids or ()),
        output_tokens=len(done.token_ids),
        cost=0.0,
        seconds=round(seconds, 4),
        px_per_mm=None if seen is None else round(seen, 2),
        follows_schema=follows(done.text, schema) if schema and done.finish_reason == "stop" else None,
    )


def _spelled(done: Completion) -> tuple[SpelledToken, ...]:
    """Return the tokens of an answer, which a server would send in the form of chat completions."""
    return spelled_tokens({"content": list(_entries(done))})


def _entries(done: Completion) -> Iterator[dict[str, Any]]:
    for token, chances in zip(done.token_ids, done.logprobs or (), strict=False):
        told = {other: _entry(chance) for other, chance in (chances or {}).items()}
        if token in told:
            yield {**told[token], "top_logprobs": list(told.values())}


def _entry(chance: Chance) -> dict[str, Any]:
    return {"token": chance.decoded_token or "", "logprob": chance.logprob}
