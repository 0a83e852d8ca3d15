"""Where an API is and with which key: from the environment, and never anywhere else."""

import os
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

from taxonomy.error import StopReading


@dataclass(frozen=True)
class Endpoint:
    """One API as the environment describes it.

    Attributes
    ----------
    key_variable, address_variable : str
        Names of the environment's variables.
    official : str
        Address of the maker's own API, used where the environment names none.
    """

    key_variable: str
    address_variable: str
    official: str
    _given: str = field(default="", repr=False)
    _key: str = field(default="", repr=False)

    @classmethod
    def from_environment(cls, key_variable: str, address_variable: str, official: str) -> "Endpoint":
        """Read the key and the address."""
        given, key = os.environ.get(address_variable, "").strip(), os.environ.get(key_variable, "").strip()
        return cls(key_variable, address_variable, official, given, key)

    @property
    def is_official(self) -> bool:
        """Whether it is the maker's own."""
        return not self._given or self.shown.rstrip("/") == self.official.rstrip("/")

    @property
    def address(self) -> str:
        """Where to connect; may hold a user's name or a token, so it is for the SDK alone."""
        return self._given or self.official

    @property
    def shown(self) -> str:
        """The address for messages and manifests: without user, query or fragment."""
        parts = urlsplit(self.address)
        host = parts.hostname or ""
        host = f"[{host}]" if ":" in host else host
        where = f"{host}:{parts.port}" if parts.port else host
        return urlunsplit((parts.scheme, where, parts.path, "", ""))

    def key(self) -> str:
        """Return the key.

        Raises StopReading when there is none and the API is the maker's own; endpoints of one's own often want none.
        """
        if self._key:
            return self._key
        if self.is_official:
            raise StopReading(
                f"no key: set {self.key_variable} ({self.address_variable} for other endpoints than {self.official})"
            )
        return "none"

    def scrubbed(self, text: str) -> str:
        """Return a text of the provider's without the key, or the part of it that some error messages quote."""
        clean = text
        if len(self._key) >= 8:
            clean = clean.replace(self._key, "[key]").replace(self._key[-8:], "[key]")
        return clean.replace(self.address, self.shown)
