"""Limit the requests in flight: fewer when the provider is overloaded, more again with each answer."""

import asyncio
import time
from collections.abc import Mapping

BUSY_STATUS = frozenset({429, 503, 529})
"""Statuses of an overloaded provider."""

MOST_PAUSE_S = 600.0
"""Longest pause that is kept, even if the provider asks for more."""

TOLERATED = 0.1
"""Share of overload responses above which the limit is halved."""


class Limiter:
    """Additive increase, multiplicative decrease (Chiu and Jain 1989) over requests in flight.

    For use on one event loop.

    Parameters
    ----------
    most : int
        Most requests in flight.
    """

    def __init__(self, most: int) -> None:
        self._most, self._limit = most, float(most)
        self._running = 0
        self._resume_at = self._judged_at = 0.0
        self._good = self._busy = 0
        self._freed = asyncio.Condition()

    @property
    def allowed(self) -> int:
        """Most requests in flight at present."""
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
            self._freed.notify(2)  # one for the free place, one for a limit that has grown

    def answered(self) -> None:
        """Record an answer."""
        self._good += 1
        self._limit = min(self._most, self._limit + 1 / self._limit)

    def overloaded(self, retry_after: float | None) -> None:
        """Record an overload response: nothing is sent for ``retry_after`` seconds, if given.

        The limit is halved at most once a second, since the requests of one burst fail together, and only when more
        than ``TOLERATED`` of the responses of that second were overload responses.
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
    """Return the pause in seconds that a response asks for, None where it gives no number."""
    for name, factor in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return float(headers[name]) * factor
        except (KeyError, ValueError):
            continue
    return None
