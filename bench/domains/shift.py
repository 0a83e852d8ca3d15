"""The domain study: what each arm is worth on each domain, and what it loses where it was not taught."""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

from bench.domains.cell import cell_of
from bench.domains.description import described
from bench.domains.domain import HELD_OUT, INTRA, Answered, Domain
from bench.domains.drop import drop_of
from bench.domains.rare import class_shares, frequencies
from bench.domains.result import POOLED, DomainStudy
from taxonomy.error import SettingError

DRAWS = 2000
"""Resamples of the patients."""


def domain_study(answered: Sequence[Answered], draws: int = DRAWS, seed: int = 0) -> DomainStudy:
    """Return the figures of every arm, protocol and domain, and the drops where an arm has both of a domain.

    Parameters
    ----------
    answered : sequence of Answered
        At most one of each arm, protocol and domain.
    draws, seed : int
        Of the bootstrap.

    Raises
    ------
    taxonomy.error.SettingError
        When there is none, an arm answered a domain twice under one protocol, or two domains have one name.
    """
    domains = checked_domains(answered)
    shares = {name: class_shares(domain) for name, domain in domains.items()}
    return DomainStudy(
        cells=tuple(
            cell_of(parts, name, draws, seed)
            for of in _by(answered, lambda one: (one.arm, one.protocol))
            for name, parts in _with_pooled(of)
        ),
        drops=tuple(
            drop_of(pair, name, frequencies(pair[1], shares), draws, seed)
            for of in _by(answered, lambda one: one.arm)
            for name, pair in _pairs(of)
        ),
        domains=tuple(map(described, domains.values())),
        is_simulated=any(domain.dataset.is_simulated for domain in domains.values()),
        draws=draws,
        seed=seed,
    )


def checked_domains(answered: Sequence[Answered]) -> Mapping[str, Domain]:
    """Return the domains by name; raises :class:`taxonomy.error.SettingError` as :func:`domain_study`."""
    if not answered:
        raise SettingError("a domain study needs the answers of one arm at least, and there are none")
    domains: dict[str, Domain] = {}
    seen = set()
    for one in answered:
        name = one.domain.name
        if name == POOLED or domains.setdefault(name, one.domain) is not one.domain:
            raise SettingError(f"two domains are called {name!r}: give each a name of its own")
        if (one.arm, one.protocol, name) in seen:
            raise SettingError(f"{one.arm!r} answered the domain {name!r} twice under {one.protocol}: give it once")
        seen.add((one.arm, one.protocol, name))
    return domains


def _by(answered: Sequence[Answered], key: Callable[[Answered], object]) -> list[list[Answered]]:
    """Return the answers in groups, in the order in which the groups begin."""
    place = {found: number for number, found in enumerate(dict.fromkeys(map(key, answered)))}
    ordered = sorted(answered, key=lambda one: place[key(one)])
    return [list(group) for _, group in groupby(ordered, key=lambda one: place[key(one)])]


def _with_pooled(of: Sequence[Answered]) -> list[tuple[str, Sequence[Answered]]]:
    single: list[tuple[str, Sequence[Answered]]] = [(one.domain.name, [one]) for one in of]
    return [*single, (POOLED, of)] if len(of) > 1 else single


def _pairs(of: Sequence[Answered]) -> list[tuple[str, tuple[Sequence[Answered], Sequence[Answered]]]]:
    """Return an arm's domains with intra-source and leave-one-out answers, and all of them as one."""
    found = {(one.protocol, one.domain.name): one for one in of}
    names = [name for protocol, name in found if protocol == INTRA and (HELD_OUT, name) in found]
    pairs = [(name, ([found[INTRA, name]], [found[HELD_OUT, name]])) for name in names]
    if len(pairs) > 1:
        both = tuple([found[protocol, name] for name in names] for protocol in (INTRA, HELD_OUT))
        pairs.append((POOLED, (both[0], both[1])))
    return [(name, (pair[0], pair[1])) for name, pair in pairs]
