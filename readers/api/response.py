"""The answer of a model, and the reading that it gives."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from readers.api.price import Price, Tokens
from readers.api.request import Request
from readers.api.token_chance import NOT_SENT, SpelledToken, value_chances
from readers.setting import checked_settings
from taxonomy.parsing import parse
from taxonomy.reading import Failure, FailureKind, Reading, Usage
from taxonomy.redaction import redacted
from taxonomy.schema import follows

Stop = Literal["end", "length", "refusal", "content_filter"]

MESSAGES: Mapping[str, tuple[FailureKind, str]] = {
    "length": ("truncated", "the answer was cut off at {max_tokens} output tokens"),
    "refusal": ("refusal", "the model refused to answer"),
    "content_filter": ("content_filter", "the provider's content filter held the answer back"),
}

ENOUGH_ANSWERS = 10
"""Answers to a request with a schema from which on it is judged whether the server heeds it."""

IGNORED_FROM = 0.2
"""Share of answers astray from the schema from which on it counts as ignored; a server that heeds it has none."""

LEAN_CHARS_PER_TOKEN = 4.5
"""Most characters per token of our prompts: names and numbers take more tokens than prose."""


class CallError(Exception):
    """Raised when a call fails.

    Attributes
    ----------
    kind : str
        ``transport`` or ``quota``.
    fatal : bool
        Whether every further call would fail too: a refused key, an unknown model, no credit.
    systematic : bool
        Whether the same holds as long as no call has worked: a request that the model does not accept.
    answered : bool
        Whether the server has answered something, for which it may bill.
    """

    def __init__(
        self,
        kind: FailureKind,
        message: str,
        *,
        fatal: bool = False,
        systematic: bool = False,
        answered: bool = False,
    ) -> None:
        super().__init__(redacted(message))
        self.kind, self.fatal, self.systematic, self.answered = kind, fatal, systematic, answered


@dataclass(frozen=True)
class Response:
    """An answer that was paid for.

    Attributes
    ----------
    stop : str
        Why the model stopped.
    tokens : Tokens or None
        None where the endpoint does not report them.
    model : str
        The model by the provider's answer.
    seconds : float or None
        Wall time with retries; None for an answer from a batch.
    run_id : str
        The run that paid for it.
    batch : bool
        Whether it has the price of a batch.
    probabilities, partial
        As of :class:`~taxonomy.reading.Reading`, where the request asked for them and the tokens tell them.
    without_probabilities : str
        Why an answer has none that should; empty where it has them, or should have none.
    spelled : tuple of SpelledToken
        The tokens of an answer on its way to the store, which keeps what they tell in their place.
    turn : str
        JSON of an answer that calls instruments, as it must be sent back (:mod:`readers.instrument`); empty for others.
    """

    text: str
    stop: Stop
    tokens: Tokens | None
    model: str
    seconds: float | None = None
    run_id: str = ""
    batch: bool = False
    probabilities: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    partial: tuple[str, ...] = ()
    without_probabilities: str = ""
    spelled: tuple[SpelledToken, ...] = field(default=(), repr=False)
    turn: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        for name in ("text", "model", "turn"):  # a server may echo the key
            object.__setattr__(self, name, redacted(getattr(self, name)))

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data, without the tokens; what is empty by default is left out."""
        data = asdict(replace(self, spelled=()))
        return {name: value for name, value in data.items() if name not in LATER_FIELDS or value}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Response":
        """Return what :meth:`to_json` wrote; raises SettingError when the data has another form."""
        return checked_settings(cls, data, "field")


def with_thought(thought: str, answer: str) -> str:
    """Return an answer behind the summary of its reasoning, marked as models mark theirs, which no reader takes for it.

    What :func:`~taxonomy.parsing.parse` reads stands behind ``</think>``.
    """
    return f"<think>{thought}</think>{answer}" if thought else answer


LATER_FIELDS = frozenset({"probabilities", "partial", "without_probabilities", "spelled", "turn"})
"""Fields that answers kept by an earlier version do not have."""


def with_probabilities(response: Response, request: Request) -> Response:
    """Return a response with what its tokens tell of each value, where the request asked for it, and without them."""
    if request.options.probabilities == "off" or response.stop != "end":
        return replace(response, spelled=())
    reading = parse(response.text, request.form)
    if reading.error:
        # An answer that cannot be read says nothing on whether the server tells its tokens.
        return replace(response, spelled=(), without_probabilities="" if response.spelled else NOT_SENT)
    found = value_chances(response.spelled, reading, request.form)
    return replace(
        response,
        probabilities=found.probabilities,
        partial=found.partial,
        without_probabilities=found.problem,
        spelled=(),
    )


def response_reading(response: Response, request: Request, price: Price | None, run_id: str = "") -> Reading:
    """Return the reading of a response: its answer, or a scored failure."""
    usage = _usage(response, request, price, run_id)
    if response.stop != "end":
        kind, message = MESSAGES[response.stop]
        failure = Failure(kind, message.format(max_tokens=request.options.max_tokens))
        return Reading(raw=response.text, usage=usage, error=failure)
    reading = replace(parse(response.text, request.form), usage=usage)
    if reading.error:
        return reading
    return replace(reading, probabilities=response.probabilities, partial=frozenset(response.partial))


def missing_image(response: Response, request: Request) -> str | None:
    """Return a message when too few input tokens were billed for the images to have arrived, else None.

    Some endpoints drop an image silently. The bill must cover the text at 4.5 characters per token, plus half of the
    images' tokens by the provider's formula (50 each where it is unknown). Images that cost much less than the text can
    escape the check; a page at 6 px/mm costs more than the text.
    """
    if not request.every_image or response.tokens is None or request.options.image_check == "off":
        return None
    images = request.image_tokens or 50 * len(request.every_image)
    least = round(request.text_chars / LEAN_CHARS_PER_TOKEN + images / 2)
    if response.tokens.input >= least:
        return None
    return (
        f"the images did not reach the model: {response.tokens.input} input tokens were billed, at least {least} are "
        "expected (set --option image_check=off where the endpoint does not count images)"
    )


@dataclass
class SchemaWatch:
    """Counts the answers that follow the schema that was sent, and says once when the server ignores it."""

    answers: int = 0
    astray: int = 0
    has_told: bool = False

    def seen(self, reading: Reading) -> str | None:
        """Count an answer; return a sentence when it shows that the schema is ignored, the first time."""
        if reading.usage.follows_schema is None:
            return None
        self.answers += 1
        self.astray += not reading.usage.follows_schema
        if self.has_told or self.answers < ENOUGH_ANSWERS or self.astray < IGNORED_FROM * self.answers:
            return None
        self.has_told = True
        return (
            f"the server ignores the schema that was sent: {self.astray} of {self.answers} answers do not follow it, "
            "and are read as free text (--option structured=text sends none)"
        )


def failed_reading(error: CallError, usage: Usage | None = None) -> Reading:
    """Return the reading of a failed call."""
    return Reading(usage=usage or Usage(), error=Failure(error.kind, str(error)))


def _usage(response: Response, request: Request, price: Price | None, run_id: str) -> Usage:
    tokens = response.tokens
    seen = min((image.px_per_mm for image in request.images), default=None)
    return Usage(
        input_tokens=tokens.input if tokens else None,
        output_tokens=tokens.output if tokens else None,
        cached_tokens=(tokens.cached or None) if tokens else None,
        cost=price.cost(tokens, response.batch) if price and tokens else None,
        seconds=response.seconds,
        px_per_mm=None if seen is None else round(seen, 2),
        reused=True if run_id and response.run_id != run_id else None,
        follows_schema=follows(response.text, request.schema) if request.schema and response.stop == "end" else None,
    )
