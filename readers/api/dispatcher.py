"""Send many requests at once in the background, and keep each answer on disk as soon as it arrives."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, wait
from dataclasses import replace
from typing import Any, TypeVar

from readers.api.bill import believed, disbelief
from readers.api.budget import Budget
from readers.api.limiter import Limiter
from readers.api.price import Price
from readers.api.provider import Body, Provider
from readers.api.request import Request
from readers.api.response import (
    CallError,
    Response,
    SchemaWatch,
    failed_reading,
    missing_image,
    response_reading,
    with_probabilities,
)
from readers.api.store import RequestOrigin, ResponseStore, request_key
from readers.session import Session
from taxonomy.error import StopReading
from taxonomy.reading import Reading, Usage

T = TypeVar("T")
FAILURES_TO_STOP = 5
"""Failed calls after which a run without a single answer stops."""

GRACE_S = 120.0
"""Wait for requests in flight when a run is interrupted: their answers are paid for."""


CLAIMED_S = 0.1
"""Wait between two looks for an answer that another run is asking for."""


class Dispatcher:
    """Sends requests from an event loop in its own thread, within the run's limits; connects the provider."""

    def __init__(self, provider: Provider, store: ResponseStore, session: Session, price: Price | None) -> None:
        self.limiter = Limiter(session.concurrency)
        self._provider, self._store, self._session, self._price = provider, store, session, price
        self.budget = Budget(session.spent, session.max_cost)
        self.stopped: StopReading | None = None
        self._answers = self._failures = self._sent = 0
        self._closing = False
        self._told: set[str] = set()
        self._schema = SchemaWatch()
        self._asking: dict[str, asyncio.Lock] = {}
        self._flying: set[Future[Reading]] = set()
        self._last = asyncio.Event()
        self._last.set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="api", daemon=True)
        self._thread.start()
        # Importing an SDK takes a second; the first pages are drawn meanwhile.
        self._connecting = self._begin(asyncio.to_thread(provider.connect, self.limiter.overloaded))

    def submit(self, make: Callable[[], Request], repeat: int) -> "Future[Reading]":
        """Prepare and send a request; the future raises :class:`StopReading` when the run cannot go on."""
        before, self._last = self._last, asyncio.Event()
        future = self._begin(self._answer(make, repeat, (before, self._last)))
        self._flying.add(future)
        future.add_done_callback(self._flying.discard)
        return future

    def close(self) -> None:
        """Send nothing new, wait for the requests in flight, and end the thread."""
        self._closing = True
        flying = {future for future in self._flying if not future.done()}
        if self._sent:
            self._session.say(f"waiting for up to {self._sent} requests already sent, which will be billed")
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
        """Whether any request has an answer, new or kept."""
        return self._answers > 0

    async def _answer(
        self, make: Callable[[], Request], repeat: int, order: tuple[asyncio.Event, asyncio.Event]
    ) -> Reading:
        try:
            request, body, key = await self._in_order(make, repeat, order)
            async with self._asking.setdefault(key, asyncio.Lock()):
                reading = await self._kept_or_asked(request, body, key)
        except StopReading as stop:
            self.stopped = self.stopped or stop
            raise
        self._asking.pop(key, None)
        return reading

    async def _kept_or_asked(self, request: Request, body: Body, key: str) -> Reading:
        """Return the reading of a kept answer, or ask; while another run asks the same, wait for its answer."""
        while not (kept := self._store.get(key)) and not self._store.claim(key):
            self._tell_once("waiting", "another run is asking some of these questions: its answers are waited for")
            self._check_open()
            await asyncio.sleep(CLAIMED_S)
        if kept:
            return self._reuse(kept, request)
        try:
            kept = self._store.get(key)  # it may have arrived just before the claim
            return self._reuse(kept, request) if kept else await self._ask(request, body, key)
        finally:
            self._store.release(key)

    def _tell_once(self, what: str, line: str) -> None:
        if what not in self._told:
            self._told.add(what)
            self._session.say(line)

    async def _in_order(
        self, make: Callable[[], Request], repeat: int, order: tuple[asyncio.Event, asyncio.Event]
    ) -> tuple[Request, Body, str]:
        """Prepare a request, then wait for those before it, so that an error stops the run at its own place."""
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
        return request, body, request_key(body, RequestOrigin.of(provider, repeat))

    async def _ask(self, request: Request, body: Body, key: str) -> Reading:
        await asyncio.wrap_future(self._connecting)
        async with self.limiter:
            worst = self._worst(request)
            await self._admit(worst)
            begun, cost = time.monotonic(), 0.0
            self._sent += 1
            try:
                answer = await self._provider.ask(body)
                seconds = round(time.monotonic() - begun, 3)
                answer = replace(answer, seconds=seconds, run_id=self._session.run_id)
                response = self._believed(with_probabilities(answer, request), request)
                cost = self._cost(response, request)
            except CallError as error:
                cost = worst if error.answered else 0.0
                return self._failed(error)
            finally:
                self._sent -= 1
                await self.budget.settle(worst, cost)
        return self._keep(response, request, key)

    def _keep(self, response: Response, request: Request, key: str) -> Reading:
        """Keep an answer; one that was given without the image counts as a failed call and is not kept."""
        problem = missing_image(response, request)
        if problem:
            usage = self._read(response, request).usage
            return self._failed(CallError("transport", problem), usage)
        self._store.put(key, response)
        self._answers += 1
        self.limiter.answered()
        return self._read(response, request)

    def _believed(self, response: Response, request: Request) -> Response:
        """Return a response with a bill that is possible; one that is not is told once."""
        counted = believed(response, request)
        if counted is not response:
            self._tell_once("bill", disbelief(response.tokens, counted.tokens))
        return counted

    def _check_open(self) -> None:
        if self.stopped:
            raise self.stopped
        if self._closing:
            raise StopReading("the run was interrupted")

    async def _admit(self, worst: float) -> None:
        self._check_open()
        if not await self.budget.reserve(worst):
            raise StopReading(
                f"stopped before exceeding --max-cost {self._session.max_cost:g}: "
                f"{self._session.spent_line(self.budget.spent)}, the next answer may cost {worst:.2f}; to resume, "
                "repeat the command with a higher --max-cost"
            )

    def _failed(self, error: CallError, usage: Usage | None = None) -> Reading:
        """Return the failed reading, or end the run when the error is fatal or no call has worked so far."""
        self._failures += 1
        hopeless = self._answers == 0 and (error.systematic or self._failures >= FAILURES_TO_STOP)
        if error.fatal or hopeless:
            raise self.stopped or StopReading(str(error))
        return failed_reading(error, usage)

    def _reuse(self, kept: Response, request: Request) -> Reading:
        """Return the reading of a kept answer; the cost of one that this run paid for counts again after a kill."""
        self._answers += 1
        kept = self._believed(kept, request)
        if kept.run_id == self._session.run_id:
            self.budget.spent += self._cost(kept, request)
        return self._read(kept, request)

    def _read(self, response: Response, request: Request) -> Reading:
        reading = response_reading(response, request, self._price, self._session.run_id)
        if response.without_probabilities:
            self._tell_once("logprobs", f"no probabilities: {response.without_probabilities}")
        ignored = self._schema.seen(reading)
        if ignored:
            self._session.say(ignored)
        return reading

    def _worst(self, request: Request) -> float:
        return self._price.most(request.estimated_tokens, request.options.max_tokens) if self._price else 0.0

    def _cost(self, response: Response, request: Request) -> float:
        """Return what an answer counts under the cost limit: at worst, where the server bills nothing."""
        if self._price is None:
            return 0.0
        return self._price.cost(response.tokens) if response.tokens else self._worst(request)
