"""What the cards of readers and of adapters say alike."""


def no_device(reader: str) -> str:
    """Return what a card says first of a reader, named as after ``--reader``."""
    return (
        "It is no medical device, and whether it reads the trace or recites what is common is for `bench ablate "
        f"--reader {reader}` to say."
    )
