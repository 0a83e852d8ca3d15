"""What a model was told beside its question: the turns of a logged conversation behind the input."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bench.inspection.conversation import NOT_LOGGED, Turn, logged_turns

FOLLOWS = {"assistant": ("", "tool"), "tool": ("assistant", "tool")}
"""What a turn behind the question may follow: the model answers once, or after its tools, which it calls itself."""

LONGEST = 40
"""Characters of a tool's name at most."""

MOST_TOOLS = 20


def told_beside(messages: object, asked: Sequence[Turn], attachments: Mapping[str, Any]) -> str:
    """Return how a conversation departs from its input and the answers of model and tools; empty where it does not.

    Parameters
    ----------
    messages : object
        ``messages`` of the sample: its input as the solver left it, and everything behind it.
    asked : sequence of Turn
        Its ``input``.
    attachments : mapping of str to str

    Raises
    ------
    ValueError
        When it is of another form than Inspect writes.
    """
    if not isinstance(messages, list):
        raise ValueError("its messages are no list")
    if logged_turns(messages[: len(asked)], attachments) != tuple(asked):
        return "its messages do not begin with what was asked"
    last = ""
    for number, message in enumerate(messages[len(asked) :], start=len(asked) + 1):
        role = str(message.get("role") if isinstance(message, Mapping) else None)
        if last not in FOLLOWS.get(role, ()):
            return f"its messages hold turn {number}, {role[:20]!r}, which is not of the task"
        last = role
    return ""


def tools_in(messages: object, asked: int) -> frozenset[str]:
    """Return the names of the tools that were called behind so many turns, those of the model's provider too."""
    behind = messages[asked:] if isinstance(messages, list) else []
    names = (name for message in behind if isinstance(message, Mapping) for name in _named(message))
    return frozenset(_name(name) for name in names)


def _named(message: Mapping[str, Any]) -> Iterator[object]:
    if message.get("role") == "tool":
        yield message.get("function")
    yield from (call.get("function") for call in _mappings(message.get("tool_calls")))
    yield from (part.get("name") for part in _mappings(message.get("content")) if part.get("type") == "tool_use")


def _mappings(data: object) -> list[Mapping[str, Any]]:
    return [one for one in data if isinstance(one, Mapping)] if isinstance(data, list) else []


def _name(name: object) -> str:
    return name[:LONGEST] if isinstance(name, str) and name.isprintable() and name else "without a name"


def log_caveats(solvers: Sequence[str], tools: Iterable[str], turns: Iterable[Turn]) -> tuple[str, ...]:
    """Return what a log cannot show of how its model was asked, in sentences.

    Parameters
    ----------
    solvers : sequence of str
        Beside Inspect's own ``generate``.
    tools : iterable of str
        That were called.
    turns : iterable of Turn
        Of all samples.
    """
    used = sorted(set(tools))
    named = ", ".join(used[:MOST_TOOLS]) + (f" and {len(used) - MOST_TOOLS:,} more" if len(used) > MOST_TOOLS else "")
    by = f"Asked by solver {', '.join(solvers) or 'generate'}" + (f" with tools {named}" if used else "")
    what = "these" if used or len(solvers) > 1 else "it"
    said = [f"{by}: what {what} told the model is not checked."] if solvers or used else []
    unseen = any(part.kind == "image" and part.content == NOT_LOGGED for turn in turns for part in turn.parts)
    if unseen:
        said.append(
            "The log lacks pictures (--no-log-images): that they are those of the task is known only by the digest "
            "that the task wrote down."
        )
    return tuple(said)
