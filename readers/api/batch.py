"""Batches: half the price for answers within a day; submit, poll, fetch, and go on after a kill at any point."""

import asyncio
import time
from dataclasses import dataclass, replace

from readers.api.batch_folder import BatchFolder, Shard
from readers.api.price import Price
from readers.api.provider import MALFORMED, BatchLabel, BatchProvider, BatchResult
from readers.api.response import CallError, Response
from readers.api.store import ResponseStore
from readers.session import Session
from taxonomy.error import StopReading


@dataclass(eq=False)
class BatchDispatcher:
    """Brings the answers of a run's shards into the store.

    Attributes
    ----------
    provider : BatchProvider
    store : ResponseStore
    folder : BatchFolder
    session : Session
    price : Price or None
    spent : float
        US dollars that the run has cost so far.
    """

    provider: BatchProvider
    store: ResponseStore
    folder: BatchFolder
    session: Session
    price: Price | None
    spent: float = 0.0

    async def run(self) -> dict[str, str]:
        """Submit, poll and fetch every pending shard.

        Returns
        -------
        dict of str to str
            Why a request has no answer, by its key.

        Raises
        ------
        taxonomy.error.StopReading
            When a batch is refused as a whole, or the next one could pass the cost limit.
        """
        problems: dict[str, str] = {}
        while self.folder.pending():
            try:
                waiting = [shard for shard in self.folder.pending() if shard.status != "submitted"]
                for shard in waiting:
                    if not await self._submitted(shard):
                        break
                for shard in [shard for shard in self.folder.pending() if shard.status == "submitted"]:
                    problems |= await self._looked_at(shard)
            except CallError as error:
                raise StopReading(f"{error}; the batches are kept, and the same command goes on with them") from error
            if any(shard.status == "submitted" for shard in self.folder.pending()):
                await asyncio.sleep(self.session.poll_seconds)
        return problems

    async def _submitted(self, shard: Shard) -> bool:
        """Submit a shard, or find it where a kill came between submitting and writing that down; False to wait."""
        if shard.status == "submitting":
            found = await self.provider.find(self._label(shard))
            if found:
                self.folder.keep(shard, status="submitted", batch_id=found)
                return True
        flying = [one for one in self.folder.pending() if one.status == "submitted"]
        most, spent = self.session.max_cost, self.spent
        if most is not None and spent + sum(one.worst for one in flying) + shard.worst > most:
            if flying:
                return False
            raise StopReading(
                f"stopped before --max-cost {most:g} dollars would be passed: {spent:.2f} are spent, the next batch of "
                f" {len(shard.keys)} requests may cost {shard.worst:.2f}; the same command with a higher --max-cost "
                "goes on"
            )
        shard = self.folder.keep(shard, status="submitting", submitted=time.time())
        batch_id = await self.provider.submit(self.folder.file(shard), self._label(shard))
        self.folder.keep(shard, status="submitted", batch_id=batch_id)
        self.session.say(f"batch {batch_id}: {len(shard.keys)} requests submitted")
        return True

    async def _looked_at(self, shard: Shard) -> dict[str, str]:
        assert shard.batch_id is not None
        state = await self.provider.state(shard.batch_id)
        if state.status == "running":
            self.session.say(f"batch {shard.batch_id}: {state.done} of {state.total or len(shard.keys)} done")
            return {}
        if state.status == "failed":
            self.folder.keep(shard, status="failed")
            raise StopReading(f"batch {shard.batch_id} was refused as a whole: {state.problem}")
        return await self._fetched(shard)

    async def _fetched(self, shard: Shard) -> dict[str, str]:
        """Match results by custom id; one that is not ours, or that two results claim, is no answer."""
        assert shard.batch_id is not None
        ours, found, twice, strangers = set(shard.keys), dict[str, Response | CallError](), set[str](), 0
        async for result in self.provider.results(shard.batch_id):
            if result.custom_id not in ours:
                strangers += 1
            elif result.custom_id in found:
                twice.add(result.custom_id)
            else:
                found[result.custom_id] = self._answered(result)
        if strangers and not found:
            self.session.say(f"batch {shard.batch_id} is another's; this shard is submitted anew")
            not_ours = (*shard.not_ours, shard.batch_id)
            self.folder.keep(shard, status="written", batch_id=None, not_ours=not_ours)
            return {}
        if strangers:
            self.session.say(
                f"batch {shard.batch_id} holds {strangers} results of requests that were never in it: ignored"
            )
        problems = dict.fromkeys(ours - found.keys(), "the batch brought no answer for this case")
        problems |= dict.fromkeys(twice, "two results of the batch claim to be this case's")
        for key, outcome in found.items():
            if isinstance(outcome, CallError):
                problems[key] = str(outcome)
            elif key not in twice:
                self.store.put(key, replace(outcome, run_id=self.session.run_id, batch=True))
                if self.price and outcome.tokens:
                    self.spent += self.price.cost(outcome.tokens, batch=True)
        self.folder.keep(shard, status="fetched")
        self.folder.file(shard).unlink(missing_ok=True)
        self.session.say(f"batch {shard.batch_id}: {len(shard.keys) - len(problems)} of {len(shard.keys)} answered")
        return problems

    def _answered(self, result: BatchResult) -> Response | CallError:
        if isinstance(result.outcome, CallError):
            return result.outcome
        try:
            return self.provider.response(result.outcome)
        except MALFORMED as error:
            return CallError("transport", f"the batch brought no answer of this API ({error!r})")

    def _label(self, shard: Shard) -> BatchLabel:
        return BatchLabel(self.session.run_id, shard.name, shard.submitted, len(shard.keys), shard.not_ours)
