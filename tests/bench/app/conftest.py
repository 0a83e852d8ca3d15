import pytest

from bench.app.demo import Demo
from bench.app.local_readers import local_readers


@pytest.fixture(scope="session")
def demo(population):
    return Demo(population, local_readers())


@pytest.fixture(scope="session")
def ecg(demo):
    return demo.chosen(demo.records[0])


@pytest.fixture(scope="session")
def answers(demo, ecg):
    return demo.answers("resnet1d", ecg)
