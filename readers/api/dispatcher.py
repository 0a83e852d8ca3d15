"""Asks in the background: many requests at once, each answer kept on disk the moment it comes."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, wait
from dataclasses import replace
from typing import Any, TypeVar

from readers.api.budget import Budget
from readers.api.limiter import Limiter
from readers.api.price import Price, Tokens
from readers.api.provider import Body, Provider
from readers.api.request import Request
from readers.api.response import CallError, Response, failed_reading, missing_image, response_reading
from readers.api.store import RequestOrigin, ResponseStore, request_key
from readers.session import Session
from taxonomy.error import StopReading
from taxonomy.reading import Reading, Usage

T = TypeVar("T")
FAILURES_TO_STOP = 5
"""Failed calls, with no answer before, after which a run stops."""

GRACE_S = 120.0
"""How long answers in flight are awaited when a run is interrupted: they are paid for."""


class Dispatcher:
    """An event loop in a thread of its own, and what every request passes on it.

    Parameters
    ----------
    provider : Provider
        Connected here.
    store : ResponseStore
    session : Session
    price : Price or None
    """

    def __init__(self, provider: Provider, store: ResponseStore, session: Session, price: Price | None) -> None:
        self.limiter = Limiter(session.concurrency)
        self._provider, self._store, self._session, self._price = provider, store, session, price
        self.budget = Budget(session.spent, session.max_cost)
        self.stopped: StopReading | None = None
        self._answers = self._failures = 0
        self._closing = False
        self._asking: dict[str, asyncio.Lock] = {}
        self._flying: set[Future[Reading]] = set()
        self._last = asyncio.Event()
        self._last.set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="api", daemon=True)
        self._thread.start()
        # An SDK takes a second to import: the first pages are drawn meanwhile.
        self._connecting = self._begin(asyncio.to_thread(provider.connect, self.limiter.overloaded))

    def submit(self, make: Callable[[], Request], repeat: int) -> "Future[Reading]":
        """Begin to make and answer a request; the future raises :class:`StopReading` when none can be any more."""
        before, self._last = self._last, asyncio.Event()
        future = self._begin(self._answer(make, repeat, (before, self._last)))
        self._flying.add(future)
        future.add_done_callback(self._flying.discard)
        return future

    def close(self) -> None:
        """Begin nothing new, wait for what is in flight, and end the thread."""
        self._closing = True
        flying = {future for future in self._flying if not future.done()}
        if flying:
            self._session.say(f"waiting for up to {len(flying)} requests in flight, which are paid for")
            wait(flying, timeout=GRACE_S)
        if self._connecting.exception() is None:
            self._begin(self._provider.close()).result(timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    def _begin(self, work: "Coroutine[Any, Any, T]") -> "Future[T]":
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    @property
    def has_answered(self) -> bool:
        """Whether anything was answered or found among the kept answers."""
        return self._answers > 0

    async def _answer(
        self, make: Callable[[], Request], repeat: int, order: tuple[asyncio.Event, asyncio.Event]
    ) -> Reading:
        try:
            request, body, key = await self._in_order(make, repeat, order)
            async with self._asking.setdefault(key, asyncio.Lock()):
                kept = self._store.get(key)
                reading = self._found(kept, request) if kept else await self._ask(request, body, key)
        except StopReading as stop:
            self.stopped = self.stopped or stop
            raise
        self._asking.pop(key, None)
        return reading

    async def _in_order(
        self, make: Callable[[], Request], repeat: int, order: tuple[asyncio.Event, asyncio.Event]
    ) -> tuple[Request, Body, str]:
        """Prepare a request, then let those before it go first, so that what stops a run stops it late."""
        before, prepared = order
        try:
            made = await asyncio.to_thread(self._prepared, make, repeat)
            await before.wait()
        finally:
            prepared.set()
        return made

    def _prepared(self, make: Callable[[], Request], repeat: int) -> tuple[Request, Body, str]:
        request, provider = make(), self._provider
        body = provider.body(request)
        return request, body, request_key(body, RequestOrigin(provider.name, provider.details().endpoint, repeat))

    async def _ask(self, request: Request, body: Body, key: str) -> Reading:
        await asyncio.wrap_future(self._connecting)
        async with self.limiter:
            worst = self._worst(request)
            await self._admit(worst)
            begun, cost = time.monotonic(), 0.0
            try:
                found = await self._provider.ask(body)
                seconds = round(time.monotonic() - begun, 3)
                response = replace(found, seconds=seconds, run_id=self._session.run_id)
                cost = self._cost(response.tokens)
            except CallError as error:
                return self._failed(error)
            finally:
                await self.budget.settle(worst, cost)
        return self._keep(response, request, key)

    def _keep(self, response: Response, request: Request, key: str) -> Reading:
        """Keep an answer that holds; one to a question without its image is none, and is asked again another time."""
        problem = missing_image(response, request)
        if problem:
            usage = self._read(response, request).usage
            return self._failed(CallError("transport", problem), usage)
        self._store.put(key, response)
        self._answers += 1
        self.limiter.answered()
        return self._read(response, request)

    async def _admit(self, worst: float) -> None:
        if self.stopped:
            raise self.stopped
        if self._closing:
            raise StopReading("the run was interrupted")
        if not await self.budget.reserve(worst):
            raise StopReading(
                f"stopped before --max-cost {self._session.max_cost:g} dollars would be passed: "
                f"{self.budget.spent:.2f} are spent, and the next answer may cost {worst:.2f}; what was read is kept, "
                "and the same command with a higher --max-cost goes on"
            )

    def _failed(self, error: CallError, usage: Usage | None = None) -> Reading:
        """Return the failed reading; before anything was answered, what fails every call ends the run."""
        self._failures += 1
        hopeless = self._answers == 0 and (error.systematic or self._failures >= FAILURES_TO_STOP)
        if error.fatal or hopeless:
            raise self.stopped or StopReading(str(error))
        return failed_reading(error, usage)

    def _found(self, kept: Response, request: Request) -> Reading:
        """Return the reading of a kept answer; one of this run counts into its cost, having no reading on disk yet."""
        self._answers += 1
        if kept.run_id == self._session.run_id:
            self.budget.spent += self._cost(kept.tokens)
        return self._read(kept, request)

    def _read(self, response: Response, request: Request) -> Reading:
        return response_reading(response, request, self._price, self._session.run_id)

    def _worst(self, request: Request) -> float:
        return self._price.most(request.estimated_tokens, request.options.max_tokens) if self._price else 0.0

    def _cost(self, tokens: Tokens | None) -> float:
        return self._price.cost(tokens) if self._price and tokens else 0.0
