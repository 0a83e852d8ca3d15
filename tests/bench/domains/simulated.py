"""Domains of simulated labels, and readings of them whose area under the ROC curve is known."""

from statistics import NormalDist

import numpy as np

from bench.dataset import Dataset, Record
from bench.dataset.base import Split
from bench.domains.domain import HELD_OUT, INTRA, Answered, Domain
from taxonomy.axis import AXES
from taxonomy.reading import Reading
from taxonomy.statement import SUPERCLASSES
from taxonomy.truth import Truth

UNLABELLED = dict.fromkeys(axis.name for axis in AXES)


class Labelled(Dataset):
    """Records without a signal, whose truths are given."""

    name, version, title, citation, licence = "labelled", "1", "Labelled", "nobody", "none"
    truth_is_measured = False

    def __init__(self, truths, patients=None, codes=None):
        self._truths, self._patients = truths, patients or {one: one for one in truths}
        self.splits = {"all": Split("all", (1,), "all")}
        if codes is not None:
            self.codes = lambda ecg_id: tuple(codes[ecg_id])

    def __len__(self):
        return len(self._truths)

    def __iter__(self):
        return map(self.record, self._truths)

    def record(self, ecg_id):
        return Record(ecg_id, self._patients[ecg_id], None, None, 1, self.name, (), lambda _, fs: None)

    def truth(self, record, numbers=None):
        return self._truths[record.ecg_id]


def truth_of(*superclasses, **values):
    """Return a truth of these superclasses, and of these values by axis."""
    return Truth({**UNLABELLED, **values}, superclasses=frozenset(superclasses))


def reading_of(values=None, **chances):
    """Return a reading of these probabilities of superclasses; the others have 0.1."""
    superclass = {**dict.fromkeys(SUPERCLASSES, 0.1), **{name: float(p) for name, p in chances.items()}}
    return Reading(values=values or {}, probabilities={"superclass": superclass})


def domain_of(name, truths, patients=None, lenient=None, codes=None):
    """Return a domain of these truths by id, with lenient ones where they are given."""
    dataset = Labelled(truths, patients, codes)
    return Domain(name, dataset, tuple(dataset), None if lenient is None else Labelled(lenient, patients))


def separation(area):
    """Return the distance of two normal distributions of scores that makes this area."""
    return NormalDist().inv_cdf(area) * np.sqrt(2)


def scores(rng, truth, patients, area, shared=None):
    """Return scores (n,) of this area: half of their variance is the patient's, half of that the ``shared`` one."""
    count = int(patients.max()) + 1
    own = rng.normal(size=count)
    person = own if shared is None else (own + shared[:count]) / np.sqrt(2)
    noise = (person[patients] + rng.normal(size=len(truth))) / np.sqrt(2)
    return separation(area) * truth + noise


def chances(score):
    """Return scores as probabilities, the order kept."""
    return 1 / (1 + np.exp(-score))


def population(rng, people=60, most=3, share=0.3):
    """Return the truth (n,) of a class and the patients (n,), of whom each has one record to ``most``."""
    patients = np.repeat(np.arange(people), rng.integers(1, most + 1, people))
    sick = rng.random(people) < share
    return sick[patients], patients


def both(domain, home, away, **taught):
    """Return one arm's answers intra-source and leave-one-out."""
    return [
        Answered("arm", INTRA, domain, home, {domain.name: 90.0}),
        Answered("arm", HELD_OUT, domain, away, taught or {"elsewhere": 100.0}),
    ]


def of_mi(score, ids=None):
    """Return readings by id whose probability of MI follows a score."""
    return {ecg_id: reading_of(MI=p) for ecg_id, p in zip(ids or range(len(score)), chances(score), strict=True)}


def mi_truths(truth):
    """Return truths by id: MI, or normal."""
    return {ecg_id: truth_of("MI" if sick else "NORM") for ecg_id, sick in enumerate(truth)}
