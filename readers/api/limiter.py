"""How many requests may be in flight: less when the provider is busy, more again as answers come."""

import asyncio
import time
from collections.abc import Mapping

BUSY_STATUS = frozenset({429, 503, 529})
"""By which a response says that the provider has too much."""

MOST_PAUSE_S = 600.0
"""A provider that asks for a longer pause than this is asked again all the same."""

TOLERATED = 0.1
"""Share of requests that may meet a busy provider before fewer are sent at once."""


class Limiter:
    """Additive increase, multiplicative decrease (Chiu and Jain 1989) over requests in flight.

    Lives on one event loop.

    Parameters
    ----------
    most : int
        Requests in flight at most.
    """

    def __init__(self, most: int) -> None:
        self._most, self._limit = most, float(most)
        self._running = 0
        self._resume_at = self._judged_at = 0.0
        self._good = self._busy = 0
        self._freed = asyncio.Condition()

    @property
    def allowed(self) -> int:
        """Requests that may be in flight now."""
        return int(self._limit)

    async def __aenter__(self) -> None:
        async with self._freed:
            while True:
                await self._freed.wait_for(lambda: self._running < self.allowed)
                pause = self._resume_at - time.monotonic()
                if pause <= 0:
                    self._running += 1
                    return
                self._freed.release()
                try:
                    await asyncio.sleep(pause)
                finally:
                    await self._freed.acquire()

    async def __aexit__(self, *_: object) -> None:
        async with self._freed:
            self._running -= 1
            self._freed.notify(2)  # one for the place that is free, one for a limit that has grown

    def answered(self) -> None:
        """Take in that a request was answered."""
        self._good += 1
        self._limit = min(self._most, self._limit + 1 / self._limit)

    def overloaded(self, retry_after: float | None) -> None:
        """Take in that the provider had too much: none is sent before ``retry_after`` seconds.

        The limit is halved, at most once a second since requests of one burst come back together, unless nearly all
        requests of that second were answered: a provider that now and then has too much is not too fast asked.
        """
        now = time.monotonic()
        self._busy += 1
        if now - self._judged_at > 1:
            if self._busy > TOLERATED * (self._good + self._busy):
                self._limit = max(1.0, self._limit / 2)
            self._judged_at, self._good, self._busy = now, 0, 0
        if retry_after:
            self._resume_at = max(self._resume_at, now + min(retry_after, MOST_PAUSE_S))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a response asks to wait, None where it names none in seconds."""
    for name, factor in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return float(headers[name]) * factor
        except (KeyError, ValueError):
            continue
    return None
