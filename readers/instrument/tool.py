"""What an instrument is to a model, what a model's call is, and what it gives back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readers.api.request import SentImage
from readers.instrument.argument import WrongCall, shortened
from readers.instrument.place import Place
from taxonomy.instrument import InstrumentCall

MOST_CALLS = 6
"""Calls of a case."""


@dataclass(frozen=True)
class Tool:
    """An instrument as a model is told of it: its name, what it does, and the JSON schema of its arguments."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class ToolCall:
    """A call in a model's answer: its id, the name of an instrument, and arguments as they were written."""

    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, eq=False)
class ToolResult:
    """What a call gave: a text, an enlarged part where there is one, and what is kept of it."""

    call_id: str
    text: str
    log: InstrumentCall
    images: tuple[SentImage, ...] = ()


@dataclass(frozen=True, eq=False)
class Found:
    """What an instrument found: a text, where it was on which picture, and the enlarged part with its resolution."""

    text: str
    picture: int
    where_mm: tuple[float, float, float, float]
    lead: str = ""
    px_per_mm: int | None = None
    images: tuple[SentImage, ...] = ()


def lead_schema(places: Mapping[str, Place], said: str) -> dict[str, Any]:
    """Return the schema of the name of a lead."""
    return {"type": "string", "enum": list(places), "description": said}


def numbers_schema(said: str) -> dict[str, Any]:
    """Return the schema of a list of numbers: of how many, only the words tell, which every server understands."""
    return {"type": "array", "items": {"type": "number"}, "description": said}


def arguments_schema(properties: Mapping[str, Any], required: Sequence[str]) -> dict[str, Any]:
    """Return the schema of all arguments."""
    return {"type": "object", "properties": dict(properties), "required": list(required), "additionalProperties": False}


def place_named(places: Mapping[str, Place], lead: object) -> Place:
    """Return the place of a lead as a model names it; raises WrongCall where there is none."""
    if not places:
        raise WrongCall("it is not known where the leads stand on this picture: name a box in mm")
    named = {name.lower(): place for name, place in places.items()}
    wanted = " ".join(lead.lower().split()) if isinstance(lead, str) else ""
    if wanted not in named:
        raise WrongCall(f"there is no lead {shortened(lead)}: choose from {', '.join(places)}")
    return named[wanted]
