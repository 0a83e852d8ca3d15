"""What counts against a cost limit: of a process that asks everything all that was paid, of a shard its share."""

from collections.abc import Collection, Sequence

from bench.run.folder import RunFolder


def counted(folders: Collection[RunFolder], share: float | None = None) -> float:
    """Return the US dollars that count against the cost limit of a process over one or several runs.

    The shards of a division may all spend up to one level, and what then is spent is the whole limit: what lies in
    files of no shard of it, and every shard's dollars or the level, whichever is more. The level stays where it is
    while shards spend below it, so that each finds it alone, whenever it begins.

    Parameters
    ----------
    folders : collection of RunFolder
        All of the same shard, or of none.
    share : float, optional
        An equal share of the limit for each shard; no limit when not given.

    Returns
    -------
    float
        For a shard, ``share`` less what it may still spend.
    """
    shard = next((folder.shard for folder in folders), None)
    if shard is None:
        return sum(folder.paid() for folder in folders)
    paid = [sum(folder.paid_in(index) for folder in folders) for index in range(shard.of)]
    beside = sum(folder.paid_beside(shard.of) for folder in folders)
    if share is None:
        return paid[shard.index] + beside / shard.of
    return share + paid[shard.index] - _level(share * shard.of - beside, paid)


def _level(dollars: float, paid: Sequence[float]) -> float:
    """Return up to what each of several shards may spend, so that with those above it they spend so many dollars."""
    left = len(paid)
    for above in sorted(paid, reverse=True):
        if left == 1 or above <= dollars / left:
            break
        dollars, left = dollars - above, left - 1
    return dollars / left
