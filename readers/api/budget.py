"""What a run may cost: nothing is sent that could pass the limit."""

import asyncio


class Budget:
    """Dollars spent and dollars that requests in flight may yet cost.

    Lives on one event loop.

    Parameters
    ----------
    spent : float
        US dollars that the run has cost so far.
    most : float or None
        US dollars at most; None sets no limit.
    """

    def __init__(self, spent: float, most: float | None) -> None:
        self.spent, self._most, self._reserved = spent, most, 0.0
        self._settled = asyncio.Condition()

    async def reserve(self, worst: float) -> bool:
        """Set aside what a request costs at worst; False when that would pass the limit whatever is in flight costs."""
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
        """Replace what was set aside by what the request really cost, 0 when it brought no answer."""
        async with self._settled:
            self.spent += cost
            if self._most is not None:
                self._reserved = max(0.0, self._reserved - worst)
                if self._reserved < 1e-9:
                    self._reserved = 0.0
            self._settled.notify_all()
