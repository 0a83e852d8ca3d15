"""The cost limit of a run: no request is sent that could exceed it."""

import asyncio


class Budget:
    """Dollars spent, and dollars reserved for requests in flight.

    Lives on one event loop.

    Parameters
    ----------
    spent : float
        US dollars that the run has cost so far.
    most : float or None
        Most US dollars; None sets no limit.
    """

    def __init__(self, spent: float, most: float | None) -> None:
        self.spent, self._most, self._reserved = spent, most, 0.0
        self._settled = asyncio.Condition()

    async def reserve(self, worst: float) -> bool:
        """Reserve the worst cost of a request, waiting for others if needed; False when the limit cannot hold it."""
        if self._most is None:
            return True
        async with self._settled:
            while self.spent + self._reserved + worst > self._most:
                if self._reserved <= 0:
                    return False
                await self._settled.wait()
            self._reserved += worst
            return True

    async def settle(self, worst: float, cost: float) -> None:
        """Replace a reservation by the actual cost, 0 for a failed call."""
        async with self._settled:
            self.spent += cost
            if self._most is not None:
                self._reserved = max(0.0, self._reserved - worst)
                if self._reserved < 1e-9:
                    self._reserved = 0.0
            self._settled.notify_all()
