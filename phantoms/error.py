"""The error of the simulator."""

from taxonomy.error import BenchError


class PhantomError(BenchError):
    """Parameters of a phantom contradict each other or lie outside what can be simulated."""
