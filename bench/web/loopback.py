"""Addresses of this machine alone, as every page that is served has them."""

from taxonomy.error import SettingError

LOOPBACK = "127.0.0.1"


def hosts(port: int) -> frozenset[str]:
    """Return the names under which a server at a port may be asked: any other is a page elsewhere (DNS rebinding)."""
    return frozenset(f"{name}:{port}" for name in (LOOPBACK, "localhost"))


def port_refused(port: int, error: OSError) -> SettingError:
    """Return the error to raise where a port cannot be listened at."""
    return SettingError(
        f"--port {port} cannot be had ({error.strerror}): name another, or leave --port out for a free one"
    )
