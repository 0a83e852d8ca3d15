"""What a server bills, held to what a request can have cost: the cost limit believes no impossible number."""

from dataclasses import replace

from readers.api.price import Tokens
from readers.api.request import Request
from readers.api.response import Response

UNUSABLE = -1
"""Stands for a count that is no whole number from 0 on."""

FRAME_TOKENS = 1_000
"""Most input tokens that a provider adds to a request: roles, and its own words about the schema."""

PIXELS_PER_TOKEN = 16
"""Fewest pixels of an image that a token covers; the dearest model we know covers 25 (OpenAI's gpt-4o-mini)."""


def count(value: object) -> int:
    """Return a count of tokens in a server's JSON; None counts as 0, and what is no count is ``UNUSABLE``."""
    if value is None:
        return 0
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else UNUSABLE


def most_tokens(request: Request) -> Tokens:
    """Return the most tokens that a request can have: one for each character, and all that the answer may have."""
    text = request.text_chars + (len(str(request.schema)) if request.schema else 0)
    pixels = sum(image.size[0] * image.size[1] for image in request.every_image)
    most = FRAME_TOKENS + text + max(2 * request.image_tokens, pixels // PIXELS_PER_TOKEN)
    return Tokens(input=most, output=request.options.max_tokens, cache_written=most)


def believed(response: Response, request: Request) -> Response:
    """Return a response whose bill is possible: the same, or one with the most tokens in the place of impossible ones.

    The most is on the safe side of the cost limit; input tokens count as written into the cache, which costs most.
    """
    if response.tokens is None:
        return response
    billed, most = response.tokens, most_tokens(request)
    parts = (billed.input, billed.cached, billed.cache_written)
    if min(parts) < 0 or billed.input > most.input or billed.cached + billed.cache_written > billed.input:
        billed = replace(most, output=billed.output)
    if not 0 <= billed.output <= most.output:
        billed = replace(billed, output=most.output)
    return response if billed == response.tokens else replace(response, tokens=billed)


def disbelief(billed: Tokens | None, counted: Tokens | None) -> str:
    """Return a sentence on a bill that is not believed."""
    assert billed is not None
    assert counted is not None
    return (
        f"the server bills impossible numbers of tokens, such as {_said(billed.input)} in and {_said(billed.output)} "
        f"out: the most that is possible is counted instead, {counted.input:,} in and {counted.output:,} out"
    )


def _said(number: int) -> str:
    return "no number" if number == UNUSABLE else f"{number:,}" if abs(number) < 10**15 else "more than 10^15"
