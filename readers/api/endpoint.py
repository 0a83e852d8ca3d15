"""The address and key of an API, read from the environment only."""

import os
from dataclasses import dataclass, field

from taxonomy.error import SettingError, StopReading
from taxonomy.redaction import redacted
from taxonomy.secret import keep_address, keep_secret, shown_address


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
        """Read the key and the address, and keep what is secret in them out of every text.

        Raises SettingError when the address is none.
        """
        address, key = (os.environ.get(name, "").strip() for name in (address_variable, key_variable))
        keep_secret(key)
        keep_address(address)
        try:
            shown_address(address or official)
        except ValueError:
            raise SettingError(
                f"{address_variable} is no address such as {official}; in a user name or password, special characters "
                "are written as %2F and the like"
            ) from None
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
        return shown_address(self.address)

    @property
    def lacks_key(self) -> bool:
        """Whether no call can work: the maker's own API needs a key, other endpoints often none."""
        return self.is_official and not self._key

    def key(self) -> str:
        """Return the key.

        Raises StopReading when it is needed and missing.
        """
        if self.lacks_key:
            raise StopReading(f"no key: set {self.key_variable} (and {self.address_variable}, if not {self.official})")
        return self._key or "none"

    def scrubbed(self, text: str) -> str:
        """Return a provider's text without key, password and full address."""
        return redacted(text.replace(self.address, self.shown))
