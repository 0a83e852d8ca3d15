"""The process that renders chat templates: a line of JSON in, a line of JSON out.

A template comes with a model and is a program: it may loop for ever or write a gigabyte. Here it has bounded time and
memory, and nothing is lost when it is stopped. The reader starts this file; its other side is
:mod:`readers.vlm.template`.
"""

import json
import signal
import sys

LONGEST = 4_000_000
"""Characters of a prompt at most: far more than any model's context holds."""

MEMORY = 4 * 1024**3
"""Bytes of address space at most, where the system can limit it."""


def main() -> None:
    """Render each chat that is asked for; a template that runs too long ends this process."""
    seconds = int(sys.argv[1])
    _limit_memory()
    from jinja2 import TemplateError
    from transformers.utils.chat_template_utils import render_jinja_template

    broken = (
        TemplateError, ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError,
    )  # fmt: skip
    print("ready", flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        _limit_time(seconds)
        try:
            texts = render_jinja_template(
                conversations=[asked["messages"]], chat_template=asked["template"], **asked["settings"]
            )[0]
            text = texts[0]
            answer: dict[str, str | bool] = {"text": text}
            if len(text) > LONGEST:
                answer = {"error": f"wrote {len(text):,} characters", "raised": False}
        except broken as error:
            said = f"raised {type(error).__name__}: {' '.join(str(error).split())[:200]}".rstrip(": ")
            answer = {"error": said, "raised": True}
        _limit_time(0)
        print(json.dumps(answer), flush=True)


def _limit_time(seconds: int) -> None:
    """End this process after so many seconds unless called again; where there is no alarm, the reader does it."""
    if hasattr(signal, "alarm"):
        signal.alarm(seconds)


def _limit_memory() -> None:
    if sys.platform != "linux":  # other systems have no such limit, or do not keep to it
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY if hard == resource.RLIM_INFINITY else min(MEMORY, hard), hard))


if __name__ == "__main__":
    main()
