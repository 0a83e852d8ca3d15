"""OpenAI's models on Azure, through the Azure client of OpenAI's SDK."""

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from readers.api.endpoint import Endpoint
from readers.api.openai import ChatCompletions
from readers.api.option import RequestOptions
from readers.api.provider import Details, Provider
from readers.api.reader import ApiReader
from readers.api.sdk import SdkClient
from taxonomy.error import SettingError, StopReading
from taxonomy.secret import keep_secret

KEY_VARIABLE, ADDRESS_VARIABLE = "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT"
EXAMPLE = "https://NAME.openai.azure.com"

VERSION_VARIABLE = "OPENAI_API_VERSION"
"""Names the version of Azure's API, as for the SDK."""

TOKEN_VARIABLE = "AZURE_OPENAI_AD_TOKEN"
"""Holds a token of Microsoft Entra ID, where there is no key."""


class AzureProvider(ChatCompletions):
    """The chat completions of one deployment, which limits and prices know if it is called as its model is."""

    name = "azure"

    def __init__(self, model: str, options: RequestOptions) -> None:
        endpoint = _endpoint(options)
        self._version = os.environ.get(VERSION_VARIABLE, "").strip()
        if not self._version:
            raise SettingError(f"Azure OpenAI needs the version of its API: set {VERSION_VARIABLE}, such as 2024-10-21")
        sdk = SdkClient("openai", "AsyncAzureOpenAI", endpoint, model, options, self._access)
        super().__init__(model, options, endpoint, sdk, is_makers=True)

    def details(self) -> Details:
        """Return the settings on which the answers depend; a resource with and without a final slash is the same."""
        found = super().details()
        return replace(found, endpoint=found.endpoint.rstrip("/"), api_version=self._version)

    def check(self) -> None:
        """Raise StopReading when there is no key."""
        self._key()

    def _access(self) -> Mapping[str, Any]:
        address = self._endpoint.address.rstrip("/")
        return {**self._key(), "base_url": f"{address}/openai", "api_version": self._version}

    def _key(self) -> Mapping[str, str]:
        """Return the key or the token; neither goes to an address of an option unless it is named for it."""
        if self._endpoint.has_key or self._options.base_url or self._options.key_variable:
            return {"api_key": self._endpoint.key()}
        token = os.environ.get(TOKEN_VARIABLE, "").strip()
        if not token:
            raise StopReading(f"no key: set {KEY_VARIABLE}, or {TOKEN_VARIABLE} to a token of Microsoft Entra ID")
        keep_secret(token)
        return {"azure_ad_token": token}


def _endpoint(options: RequestOptions) -> Endpoint:
    """Return the resource's endpoint; raises SettingError when none is named."""
    if not os.environ.get(ADDRESS_VARIABLE, "").strip() and not options.base_url:
        raise SettingError(
            f"Azure OpenAI needs the address of your resource: set {ADDRESS_VARIABLE}, such as {EXAMPLE}"
        )
    return Endpoint.from_environment(KEY_VARIABLE, ADDRESS_VARIABLE, EXAMPLE, options)


class AzureReader(ApiReader):
    """A vision model that is deployed on Azure OpenAI."""

    description = "azure:DEPLOYMENT, by AZURE_OPENAI_API_KEY, AZURE_OPENAI_ENDPOINT and OPENAI_API_VERSION"
    provider_type: ClassVar[type[Provider]] = AzureProvider
