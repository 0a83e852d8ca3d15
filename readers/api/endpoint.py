"""The address and key of an API, from the environment, or an address and the name of a variable from the options."""

import os
from dataclasses import dataclass, field

from readers.api.option import RequestOptions
from taxonomy.error import SettingError, StopReading
from taxonomy.redaction import redacted
from taxonomy.secret import keep_address, keep_secret, shown_address


@dataclass(frozen=True)
class Endpoint:
    """One API, as configured by environment variables.

    Attributes
    ----------
    key_variable, address_variable : str
        Names of the variables, or of the option that names the address.
    official : str
        Address of the maker's own API, the default.
    """

    key_variable: str
    address_variable: str
    official: str
    _configured: str = field(default="", repr=False)
    _key: str = field(default="", repr=False)
    _is_named: bool = False

    @classmethod
    def from_environment(
        cls, key_variable: str, address_variable: str, official: str, options: RequestOptions | None = None
    ) -> "Endpoint":
        """Read the key and the address, and keep what is secret in them out of every text.

        Options name another address, or another variable of the key. The usual key goes to no address of an option,
        except the maker's own.

        Raises SettingError when the address is none.
        """
        address = os.environ.get(address_variable, "").strip()
        is_usual = True
        if options is not None and options.base_url:
            address, address_variable = options.base_url, "--option base_url"
            is_usual = address.rstrip("/") == official.rstrip("/")
        if options is not None and options.key_variable:
            key_variable, is_usual = options.key_variable, True
        key = os.environ.get(key_variable, "").strip() if is_usual else ""
        keep_secret(key)
        keep_address(address)
        try:
            shown_address(address or official)
        except ValueError:
            raise SettingError(
                f"{address_variable} is no address such as {official}; in a user name or password, special characters "
                "are written as %2F and the like"
            ) from None
        is_named = options is not None and bool(options.key_variable)
        return cls(key_variable, address_variable, official, address, key, is_named)

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
    def has_key(self) -> bool:
        """Whether there is a key."""
        return bool(self._key)

    @property
    def lacks_key(self) -> bool:
        """Whether no call can work: the maker's own API needs a key, other endpoints often none."""
        return (self.is_official or self._is_named) and not self._key

    def key(self) -> str:
        """Return the key.

        Raises StopReading when it is needed and missing.
        """
        if self.lacks_key and self._is_named:
            raise StopReading(f"no key: {self.key_variable}, which --option key_variable names, is not set")
        if self.lacks_key:
            raise StopReading(f"no key: set {self.key_variable} (and {self.address_variable}, if not {self.official})")
        return self._key or "none"

    def scrubbed(self, text: str) -> str:
        """Return a provider's text without key, password and full address."""
        return redacted(text.replace(self.address, self.shown))
