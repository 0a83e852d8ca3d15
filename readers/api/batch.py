"""Batches: half the price for answers within a day. Submit, poll and fetch; resume after a kill at any point."""

import asyncio
import time
from dataclasses import dataclass, field, replace

from readers.api.batch_folder import BatchFolder, Shard
from readers.api.bill import believed, disbelief
from readers.api.price import Price
from readers.api.provider import MALFORMED, BatchLabel, BatchProvider, BatchResult
from readers.api.request import Request
from readers.api.response import CallError, Response, with_probabilities
from readers.api.store import ResponseStore
from readers.session import Session
from taxonomy.error import StopReading

NO_ANSWER = "the batch returned no answer for this case"


@dataclass(eq=False)
class BatchDispatcher:
    """Fetches the answers of a run's shards into the store; ``spent`` is the run's cost so far in US dollars.

    ``requests`` are the run's, by key and without pixels.
    """

    provider: BatchProvider
    store: ResponseStore
    folder: BatchFolder
    session: Session
    price: Price | None
    spent: float = 0.0
    requests: dict[str, Request] = field(default_factory=dict)
    _has_told: bool = False

    async def run(self) -> dict[str, str]:
        """Submit, poll and fetch every pending shard.

        Returns
        -------
        dict of str to str
            By request key, the reason why there is no answer.

        Raises
        ------
        taxonomy.error.StopReading
            When a whole batch is refused, or the next one could exceed the cost limit.
        """
        problems: dict[str, str] = {}
        while self.folder.pending():
            try:
                waiting = [shard for shard in self.folder.pending() if shard.status != "submitted"]
                for shard in waiting:
                    if not await self._submit(shard):
                        break
                for shard in [shard for shard in self.folder.pending() if shard.status == "submitted"]:
                    problems |= await self._poll(shard)
            except CallError as error:
                raise StopReading(f"{error}; the batches are kept: repeat the command to resume") from error
            if any(shard.status == "submitted" for shard in self.folder.pending()):
                await asyncio.sleep(self.session.poll_seconds)
        return problems

    async def _submit(self, shard: Shard) -> bool:
        """Submit a shard, or find its batch when a kill lost the id; False when the cost limit requires waiting."""
        if shard.status == "submitting":
            batch_id = await self.provider.find(self._label(shard))
            if batch_id:
                self.folder.keep(shard, status="submitted", batch_id=batch_id)
                return True
        flying = [other for other in self.folder.pending() if other.status == "submitted"]
        most, spent = self.session.max_cost, self.spent
        if most is not None and spent + sum(other.worst for other in flying) + shard.worst > most:
            if flying:
                return False
            raise StopReading(
                f"stopped before exceeding --max-cost {most:g}: {self.session.spent_line(spent)} and the next batch, "
                f"of {len(shard.keys)} requests, may cost {shard.worst:.2f}; to resume, repeat it with a higher "
                "--max-cost"
            )
        shard = self.folder.keep(shard, status="submitting", submitted=time.time())
        batch_id = await self.provider.submit(self.folder.file(shard), self._label(shard))
        self.folder.keep(shard, status="submitted", batch_id=batch_id)
        self.session.say(f"batch {batch_id}: {len(shard.keys)} requests submitted")
        return True

    async def _poll(self, shard: Shard) -> dict[str, str]:
        assert shard.batch_id is not None
        state = await self.provider.state(shard.batch_id)
        if state.status == "running":
            self.session.say(f"batch {shard.batch_id}: {state.done} of {state.total or len(shard.keys)} done")
            return {}
        if state.status == "failed":
            self.folder.keep(shard, status="failed")
            raise StopReading(f"batch {shard.batch_id} was refused as a whole: {state.problem}")
        return await self._fetch(shard)

    async def _fetch(self, shard: Shard) -> dict[str, str]:
        """Match results by custom id; a foreign id, or one that occurs twice, gives no answer."""
        assert shard.batch_id is not None
        ours, outcomes, twice, foreign = set(shard.keys), dict[str, Response | CallError](), set[str](), 0
        async for result in self.provider.results(shard.batch_id):
            if result.custom_id not in ours:
                foreign += 1
            elif result.custom_id in outcomes:
                twice.add(result.custom_id)
            else:
                outcomes[result.custom_id] = self._answer(result)
        if foreign and not outcomes:
            self.session.say(f"batch {shard.batch_id} belongs to another run; this shard is submitted again")
            not_ours = (*shard.not_ours, shard.batch_id)
            self.folder.keep(shard, status="written", batch_id=None, not_ours=not_ours)
            return {}
        if foreign:
            self.session.say(f"ignored {foreign} foreign results of batch {shard.batch_id}")
        problems = dict.fromkeys(ours - outcomes.keys(), NO_ANSWER)
        problems |= dict.fromkeys(twice, "the batch returned two results for this case")
        for key, outcome in outcomes.items():
            if isinstance(outcome, CallError):
                problems[key] = str(outcome)
            elif key not in twice:
                outcome = replace(outcome, run_id=self.session.run_id, batch=True)
                if key in self.requests:
                    outcome = with_probabilities(outcome, self.requests[key])
                response = self.believed(key, outcome)
                self.store.put(key, response)
                self.spent += self.cost(key, response)
        self.folder.keep(shard, status="fetched")
        self.folder.file(shard).unlink(missing_ok=True)
        self.session.say(f"batch {shard.batch_id}: {len(shard.keys) - len(problems)} of {len(shard.keys)} answered")
        return problems

    def believed(self, key: str, response: Response) -> Response:
        """Return a response with a bill that is possible; one that is not is told once.

        Of a request that the run no longer has, no bill is believed.
        """
        request = self.requests.get(key)
        counted = believed(response, request) if request else replace(response, tokens=None)
        if request and counted is not response and not self._has_told:
            self.session.say(disbelief(response.tokens, counted.tokens))
            self._has_told = True
        return counted

    def cost(self, key: str, response: Response) -> float:
        """Return what an answer counts under the cost limit: at worst, where the server bills nothing."""
        if self.price is None:
            return 0.0
        if response.tokens:
            return self.price.cost(response.tokens, response.batch)
        return self.worst(self.requests[key]) if key in self.requests else 0.0

    def worst(self, request: Request) -> float:
        """Return the most that a request may cost in a batch, in US dollars."""
        return self.price.most(request.estimated_tokens, request.options.max_tokens, True) if self.price else 0.0

    def _answer(self, result: BatchResult) -> Response | CallError:
        if isinstance(result.outcome, CallError):
            return result.outcome
        try:
            return self.provider.response(result.outcome)
        except CallError as error:
            return error
        except MALFORMED as error:
            return CallError("transport", f"the batch returned an answer in an unknown format ({error!r})")

    def _label(self, shard: Shard) -> BatchLabel:
        return BatchLabel(self.session.run_id, shard.name, shard.submitted, len(shard.keys), shard.not_ours)
