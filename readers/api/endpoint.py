"""The address and key of an API, read from the environment only."""

import os
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

from taxonomy.error import StopReading


@dataclass(frozen=True)
class Endpoint:
    """One API, as configured by environment variables.

    Attributes
    ----------
    key_variable, address_variable : str
        Names of the variables.
    official : str
        Address of the maker's own API, the default.
    """

    key_variable: str
    address_variable: str
    official: str
    _configured: str = field(default="", repr=False)
    _key: str = field(default="", repr=False)

    @classmethod
    def from_environment(cls, key_variable: str, address_variable: str, official: str) -> "Endpoint":
        """Read the key and the address."""
        address, key = (os.environ.get(name, "").strip() for name in (address_variable, key_variable))
        return cls(key_variable, address_variable, official, address, key)

    @property
    def is_official(self) -> bool:
        """Whether this is the maker's own API."""
        return not self._configured or self.shown.rstrip("/") == self.official.rstrip("/")

    @property
    def address(self) -> str:
        """The full address, for the SDK alone: it may contain a user name or a token."""
        return self._configured or self.official

    @property
    def shown(self) -> str:
        """The address without user, query and fragment, for messages and manifests."""
        parts = urlsplit(self.address)
        host = parts.hostname or ""
        host = f"[{host}]" if ":" in host else host
        where = f"{host}:{parts.port}" if parts.port else host
        return urlunsplit((parts.scheme, where, parts.path, "", ""))

    def key(self) -> str:
        """Return the key.

        Raises StopReading when the maker's own API has no key; other endpoints often need none.
        """
        if self._key:
            return self._key
        if self.is_official:
            raise StopReading(f"no key: set {self.key_variable} (and {self.address_variable}, if not {self.official})")
        return "none"

    def scrubbed(self, text: str) -> str:
        """Return a provider's text without the key, its end (which some messages quote) and the full address."""
        clean = text
        if len(self._key) >= 8:
            clean = clean.replace(self._key, "[key]").replace(self._key[-8:], "[key]")
        return clean.replace(self.address, self.shown)
