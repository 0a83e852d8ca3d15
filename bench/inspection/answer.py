"""The answer in a sample of a log, and the reading that it gives: as an API reader reads it, with the same failures."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from readers.api.failure import NO_CREDIT
from readers.api.price import Price, Tokens
from readers.api.request import Request
from readers.api.response import MESSAGES
from taxonomy.parsing import parse
from taxonomy.reading import Failure, FailureKind, Reading, Usage
from taxonomy.redaction import redacted
from taxonomy.schema import follows

CUT = frozenset({"max_tokens", "model_length"})
"""Reasons to stop by which an answer is cut off."""

TOO_MANY = ("429", "rate limit", "ratelimit", "too many requests", *NO_CREDIT)
"""Words of an error that tell of a quota."""

SHOWN = 300
"""Characters of an error that are kept."""


def reading_of(sample: Mapping[str, Any], request: Request, price: Price | None, constrained: bool) -> Reading:
    """Return the reading of a logged sample.

    Parameters
    ----------
    sample : mapping
        As the log holds it.
    request : Request
        What was asked.
    price : Price or None
    constrained : bool
        Whether the schema was sent.

    Raises
    ------
    ValueError
        When the sample is of another form than Inspect writes.
    """
    usage = _usage(sample, request, price)
    text, refused, stop = _said(sample)
    failure = _failure(sample, refused, stop)
    if failure is not None:
        return Reading(raw=text, usage=usage, error=failure)
    told = follows(text, request.schema) if constrained and request.schema else None
    return replace(parse(text, request.form), usage=replace(usage, follows_schema=told))


def _failure(sample: Mapping[str, Any], refused: bool, stop: str) -> Failure | None:
    error, limit = sample.get("error"), sample.get("limit")
    if error is not None:
        message = redacted(_reason(error))[:SHOWN]
        kind: FailureKind = "quota" if any(word in message.lower() for word in TOO_MANY) else "transport"
        return Failure(kind, message or "Inspect ended the sample by an error")
    if limit is not None:
        return Failure("truncated", f"Inspect's limit of {str(_field(limit, 'type'))[:40]} ended the sample")
    if refused:
        return _told("refusal")
    if stop in CUT:
        return Failure("truncated", "the answer was cut off at the most output tokens")
    return _told("content_filter") if stop == "content_filter" else None


def _reason(error: object) -> str:
    """Return what went wrong: the last line of the traceback, since Inspect's message begins with the whole request."""
    for name in ("traceback", "message"):
        lines = str(_field(error, name) or "").strip().splitlines()
        if lines:
            return " ".join(lines[-1].split())
    return ""


def _told(stop: str) -> Failure:
    return Failure(*MESSAGES[stop])


def _said(sample: Mapping[str, Any]) -> tuple[str, bool, str]:
    """Return the text of the last answer, whether it is a refusal, and why the model stopped."""
    output = sample.get("output", {})
    choices = _field(output, "choices", []) or [{}]
    if not isinstance(choices, list):
        raise ValueError("its output has no list of choices")
    content = _field(_field(choices[0], "message", {}), "content", "")
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    if not isinstance(parts, list):
        raise ValueError("its answer is no text")
    texts = [part for part in parts if isinstance(part, Mapping) and part.get("type") == "text"]
    if not all(isinstance(part.get("text"), str) for part in texts):
        raise ValueError("its answer is no text")
    refused = any(part.get("refusal") is True for part in texts)
    return redacted("".join(part["text"] for part in texts)), refused, str(_field(choices[0], "stop_reason", ""))


def _field(data: object, name: str, missing: Any = None) -> Any:  # noqa: ANN401  # JSON is of any type
    if not isinstance(data, Mapping):
        raise ValueError(f"what should hold {name!r} is no JSON object")
    return data.get(name, missing)


def _usage(sample: Mapping[str, Any], request: Request, price: Price | None) -> Usage:
    """Return what the whole sample took: all its calls, where a tool loop made several."""
    used = _field(sample, "model_usage", {}) or {}
    if not isinstance(used, Mapping):
        raise ValueError("its model_usage is no JSON object")
    calls = list(used.values())
    read = sum(_count(one, "input_tokens_cache_read") for one in calls)
    stored = sum(_count(one, "input_tokens_cache_write") for one in calls)
    plain = sum(_count(one, "input_tokens") for one in calls)
    tokens = Tokens(plain + read + stored, sum(_count(one, "output_tokens") for one in calls), read, stored)
    seconds = sample.get("working_time")
    seen = min((image.px_per_mm for image in request.images), default=None)
    return Usage(
        input_tokens=tokens.input if calls else None,
        output_tokens=tokens.output if calls else None,
        cached_tokens=tokens.cached or None,
        cost=price.cost(tokens) if price and calls else None,
        seconds=float(seconds) if isinstance(seconds, int | float) and seconds >= 0 else None,
        px_per_mm=None if seen is None else round(seen, 2),
    )


def _count(call: object, name: str) -> int:
    count = _field(call, name, 0) or 0
    if not isinstance(count, int) or count < 0:
        raise ValueError(f"its {name} is {str(count)[:40]!r}, no number of tokens")
    return count
