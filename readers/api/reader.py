"""A reader behind an API: turns cases into requests, and yields readings in the order of the cases."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, wait
from functools import partial
from pathlib import Path
from typing import ClassVar

from readers.api.batch import NO_ANSWER, BatchDispatcher
from readers.api.batch_folder import BatchFolder, Line, shard_limit
from readers.api.dispatcher import Dispatcher
from readers.api.model import ModelLimits, is_arn, makers_name
from readers.api.option import RequestOptions
from readers.api.price import TYPICAL_OUTPUT, Price, Tokens, price_date, price_of
from readers.api.provider import BatchProvider, Provider
from readers.api.request import Request, sent_images, sent_shots
from readers.api.response import CallError, SchemaWatch, failed_reading, response_reading
from readers.api.store import RequestOrigin, ResponseStore, request_key
from readers.contract import Case, Input, Prompt, Reader
from readers.session import Estimate, Session
from readers.setting import manifest_options, parsed_options
from taxonomy.error import ReaderError, SettingError, StopReading
from taxonomy.reading import Reading

PREPARED_PER_REQUEST = 2
"""Cases in preparation for each request in flight, so that drawing overlaps with waiting."""

UNREAD_PER_REQUEST = 50
"""Most readings, for each request in flight, that wait for a slow one before them."""

NO_MODEL_TOLD = "this ARN does not tell its model, as that of a system's inference profile does"


class ApiReader:
    """Base of every reader behind an API.

    Parameters
    ----------
    model : str
        The provider's name for it.
    options : str
        By name, as after ``--option``: the fields of :class:`~readers.api.option.RequestOptions`.

    Raises
    ------
    taxonomy.error.ReaderError
        When no model is named, or an option is invalid.
    """

    inputs: frozenset[Input] = frozenset({"image", "text"})
    description: ClassVar[str]
    provider_type: ClassVar[type[Provider]]
    dispatcher_type: ClassVar[type[Dispatcher]] = Dispatcher

    def __init__(self, model: str = "", **options: str) -> None:
        if not model:
            maker = self.provider_type.name
            raise ReaderError(f"reader {maker!r} needs the name of a model: --reader {maker}:MODEL")
        self.model, self.options = model, parsed_options(RequestOptions, options)
        self.provider = self.new_provider()
        self.name = f"{self.provider.name}:{model}"
        self.session = Session()

    def new_provider(self) -> Provider:
        """Return another provider of the same model; each run connects one of its own."""
        return self.provider_type(self.model, self.options)

    @property
    def details(self) -> Mapping[str, str]:
        """Model, endpoint and options, for the manifest."""
        return manifest_options(self.options) | self.provider.details().to_manifest()

    def within(self, session: Session) -> Reader:
        """Return this reader, bound to the session's limits.

        Raises SettingError when the session wants batches and the provider has none.
        """
        if session.batch is not None and not isinstance(self.provider, BatchProvider):
            raise SettingError(f"provider {self.provider.name!r} has no batches; leave out --batch")
        self.session = session
        return self

    def check(self) -> None:
        """Raise StopReading when no case can be answered: there is no key, and no answer is kept either."""
        kept = self.session.responses
        if kept is None or not (kept / "responses.sqlite").is_file():
            self.provider.check()

    def read(self, cases: Iterable[Case]) -> Iterator[Reading]:
        """Yield one reading for each case, in order, while up to ``concurrency`` requests are in flight.

        Raises StopReading when no further case can be answered.
        """
        if self.session.max_cost is not None and self.price is None:
            raise StopReading(
                f"there is no price for model {self._priced!r}, so --max-cost cannot be kept: give one with "
                f"--prices FILE{f' ({NO_MODEL_TOLD})' if self._is_hidden else ''}"
            )
        if self._is_hidden:
            self.session.say(f"{NO_MODEL_TOLD}: images are sent as drawn, and only --prices FILE gives it a price")
        store = ResponseStore(self.session.responses, self.session.say)
        try:
            if self.session.batch is None:
                yield from self._one_by_one(cases, store)
            else:
                yield from self._batched(cases, store, self.session.batch)
        finally:
            store.close()

    @property
    def _is_hidden(self) -> bool:
        """Whether the model is an ARN that does not tell what is behind it."""
        return is_arn(makers_name(self.model))

    @property
    def _priced(self) -> str:
        """The model, with its service tier where it has one."""
        tier = self.options.service_tier
        return f"{self.model}, tier {tier}" if tier else self.model

    @property
    def price(self) -> Price | None:
        """The price of the model in its service tier, None where it is unknown."""
        factor = self.provider.details().price_factor
        return price_of(self.model, self.session.prices, self.options.service_tier, factor)

    def estimate(self, case: Case) -> Estimate:
        """Return the estimated cost of a case; sends nothing and needs no key."""
        request, price = self.request(case), self.price
        tokens, batch = request.estimated_tokens, self.session.batch is not None
        typical = Tokens(tokens, min(TYPICAL_OUTPUT[request.form.name], self.options.max_tokens))
        return Estimate(
            input_tokens=tokens,
            image_px_per_mm=min((image.px_per_mm for image in request.images), default=None),
            cost=price.cost(typical, batch) if price else None,
            most=price.most(tokens, self.options.max_tokens, batch) if price else None,
            prices=str(self.session.prices or f"prices of {price_date()}"),
            output_tokens=typical.output,
            most_output_tokens=self.options.max_tokens,
        )

    def request(self, case: Case) -> Request:
        """Return the request for a case, with its images scaled to the model's limits."""
        details, prompt = self.provider.details(), case.prompt or Prompt("")
        every, limit = sent_images(case, self.limits(case)), details.limits.image
        tokens = sum(limit.tokens(image.size) for image in every) if limit else 0
        return Request(
            model=self.model,
            system=prompt.system,
            text=prompt.text,
            images=every[len(every) - len(case.images) :],
            schema=prompt.schema if details.structured else None,
            form=prompt.form,
            options=self.options,
            detail=details.image_detail,
            image_tokens=tokens,
            shots=sent_shots(case, every),
        )

    def limits(self, case: Case) -> ModelLimits:
        """Return the limits within which the images of a case are sent."""
        return self.provider.details().limits

    def _one_by_one(self, cases: Iterable[Case], store: ResponseStore) -> Iterator[Reading]:
        """Yield readings in order; a failed one only after some request was answered."""
        dispatcher = self.dispatcher_type(self.new_provider(), store, self.session, self.price)
        places = threading.Semaphore(PREPARED_PER_REQUEST * self.session.concurrency)
        window, most_unread = deque[Future[Reading]](), UNREAD_PER_REQUEST * self.session.concurrency
        try:
            for case in cases:
                places.acquire()
                future = dispatcher.submit(partial(self.request, case), case.repeat)
                future.add_done_callback(lambda _: places.release())
                window.append(future)
                while window and (len(window) > most_unread or _ready(window[0], dispatcher)):
                    yield window.popleft().result()
                if dispatcher.stopped:
                    break
            while window:
                yield self._next(window, dispatcher)
        finally:
            dispatcher.close()

    def _next(self, window: "deque[Future[Reading]]", dispatcher: Dispatcher) -> Reading:
        """Return the next reading; if it failed and nothing was answered yet, wait for all the others first."""
        head = window.popleft()
        if head.result().outcome == "failed" and not dispatcher.has_answered:
            wait(window)
            if dispatcher.stopped:
                raise dispatcher.stopped
        return head.result()

    def _batched(self, cases: Iterable[Case], store: ResponseStore, path: Path) -> Iterator[Reading]:
        """Yield readings after every batch has ended; cases with a kept answer are in no batch."""
        provider = self.new_provider()
        assert isinstance(provider, BatchProvider)
        provider.connect(lambda seconds: None)
        folder, asked, others = BatchFolder.opened(path, self.session.say), list[str](), list[str]()
        dispatcher = BatchDispatcher(provider, store, folder, self.session, self.price, self.session.spent)
        most = None if self.session.max_cost is None else self.session.max_cost - self.session.spent
        lines = self._lines(cases, dispatcher, asked, others)
        folder.write(lines, shard_limit(provider.details().limits, most))
        problems = asyncio.run(_run(dispatcher)) | self._waited(store, others)
        schema = SchemaWatch()
        for key in asked:
            kept = store.get(key)
            if kept:
                kept = dispatcher.believed(key, kept)
                reading = response_reading(kept, dispatcher.requests[key], self.price, self.session.run_id)
                if ignored := schema.seen(reading):
                    self.session.say(ignored)
                yield reading
            else:
                yield failed_reading(CallError("transport", problems.get(key, NO_ANSWER)))

    def _waited(self, store: ResponseStore, others: Iterable[str]) -> dict[str, str]:
        """Wait for the answers to requests that other runs were asking; return what came of those without one."""
        problems = {}
        for key in others:
            while not (kept := store.get(key)) and not store.claim(key):
                time.sleep(min(1.0, self.session.poll_seconds))
            if not kept and not store.get(key):
                problems[key] = "another run was asking this and got no answer"
        return problems

    def _lines(
        self, cases: Iterable[Case], dispatcher: BatchDispatcher, asked: list[str], others: list[str]
    ) -> Iterator[Line]:
        """Yield a line for each case without an answer that no other run is asking, and claim it.

        Every key is appended to ``asked``, and those that another run is asking to ``others``; requests are kept.
        """
        held = {key for shard in dispatcher.folder.pending() for key in shard.keys}
        for case in cases:
            request = self.request(case)
            body = dispatcher.provider.body(request)
            key = request_key(body, RequestOrigin.of(dispatcher.provider, case.repeat))
            asked.append(key)
            dispatcher.requests[key] = request.without_pixels()
            kept = dispatcher.store.get(key)
            if kept is None and not dispatcher.store.claim(key) and key not in held:
                others.append(key)
            elif kept is None:
                yield key, dispatcher.provider.batch_line(key, body), dispatcher.worst(request)
            elif kept.run_id == self.session.run_id:
                dispatcher.spent += dispatcher.cost(key, dispatcher.believed(key, kept))


async def _run(dispatcher: BatchDispatcher) -> dict[str, str]:
    try:
        return await dispatcher.run()
    finally:
        await dispatcher.provider.close()


def _ready(head: "Future[Reading]", dispatcher: Dispatcher) -> bool:
    """Tell whether the next reading can be yielded without waiting."""
    if not head.done() or head.exception() is not None:
        return False
    return dispatcher.has_answered or head.result().outcome != "failed"
