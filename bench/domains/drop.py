"""What an arm loses from intra-source to leave-one-out, on the same records of a domain."""

from collections.abc import Sequence

from bench.domains.cell import taught_by
from bench.domains.domain import Answered
from bench.domains.noise import noise_of
from bench.domains.paired import ClassDrop, Paired
from bench.domains.rare import Frequencies, groups_of
from bench.domains.result import DomainDrop
from bench.domains.sheet import answered_ids, sheet_of

Pair = tuple[Sequence[Answered], Sequence[Answered]]
"""An arm's answers intra-source and leave-one-out, domain by domain."""


def drop_of(pair: Pair, name: str, frequencies: Frequencies, draws: int, seed: int) -> DomainDrop:
    """Return what one arm loses on a domain, or on several as one under another name.

    Parameters
    ----------
    pair : (sequence of Answered, sequence of Answered)
        Each of the same domains in the same order.
    name : str
        Of the domain.
    frequencies : Frequencies
        Of the classes, by which they are rare or common.
    draws, seed : int
        Of the bootstrap.
    """
    home, away = pair
    both = [answered_ids(one) & answered_ids(other) for one, other in zip(home, away, strict=True)]
    taught = [one.contaminated | other.contaminated for one, other in zip(home, away, strict=True)]
    kept = [own - seen for own, seen in zip(both, taught, strict=True)]
    paired = Paired(sheet_of(home, kept), sheet_of(away, kept), draws, seed)
    single = {
        known.name: one.drop
        for known, one in paired.class_drops.items()
        if not known.is_joined and isinstance(one, ClassDrop)
    }
    return DomainDrop(
        arm=home[0].arm,
        domain=name,
        n=len(paired.home.cases),
        patients=paired.home.people,
        left_out=sum(len(one.domain.records) - len(own) for one, own in zip(home, both, strict=True)),
        contaminated=sum(len(own & seen) for own, seen in zip(both, taught, strict=True)),
        taught_home=taught_by(home),
        taught_away=taught_by(away),
        changes=(*paired.classes(), *paired.axes(), *paired.scores()) if paired.home.cases else (),
        groups=groups_of(single, frequencies),
        noise=noise_of(paired.home, paired.away, paired.class_drops),
    )
