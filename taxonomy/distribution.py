"""What the project is called where packages are installed from: PyPI takes no name that reads like another's."""

DISTRIBUTION = "ecg-reading-bench"


def install(extra: str) -> str:
    """Return the command that installs an extra of the project, such as ``"vlm"``."""
    return f"pip install '{DISTRIBUTION}[{extra}]'"
