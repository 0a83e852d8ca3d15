"""Anthropic's models on Amazon Bedrock, through the Bedrock client of Anthropic's SDK."""

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from readers.api.anthropic import AnthropicMessages
from readers.api.endpoint import Endpoint
from readers.api.option import RequestOptions
from readers.api.provider import Body, Busy, Details, Provider
from readers.api.reader import ApiReader
from readers.api.response import CallError, Response
from readers.api.sdk import SdkClient, needs_package
from taxonomy.error import SettingError, StopReading
from taxonomy.secret import keep_secret

KEY_VARIABLE = "AWS_BEARER_TOKEN_BEDROCK"
"""Holds an API key of Bedrock's; without one, requests are signed by the chain of AWS credentials."""

NO_CREDENTIALS = (
    "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN, if they are "
    f"temporary), AWS_PROFILE, or {KEY_VARIABLE}"
)


class BedrockProvider(AnthropicMessages):
    """Anthropic's Messages API on Amazon Bedrock for one model or inference profile."""

    name = "bedrock"

    def __init__(self, model: str, options: RequestOptions) -> None:
        if options.service_tier is not None:
            raise SettingError("option service_tier is not supported on Amazon Bedrock; leave it out")
        self._region = _region()
        official = f"https://bedrock-runtime.{self._region}.amazonaws.com"
        endpoint = Endpoint.from_environment(KEY_VARIABLE, "ANTHROPIC_BEDROCK_BASE_URL", official, options)
        # The signature of a request tells who asks: an address of an option gets a key that is named for it, or none.
        is_usual = not options.key_variable and (not options.base_url or endpoint.is_official)
        self._signs = is_usual and not endpoint.has_key
        if self._signs:
            endpoint = replace(endpoint, key_variable="the AWS credentials")
        sdk = SdkClient("anthropic", "AsyncAnthropicBedrock", endpoint, model, options, self._access)
        super().__init__(model, options, endpoint, sdk, has_schema=True)
        self.connect = self._connect

    def details(self) -> Details:
        """Return the settings on which the answers depend, with the place's own limit of a request."""
        found = super().details()
        return replace(found, limits=found.limits.at("bedrock"))

    def check(self) -> None:
        """Raise StopReading when there are neither a key nor AWS credentials."""
        if self._signs:
            _keep_credentials(self._region)
        else:
            self._endpoint.key()

    def _connect(self, busy: Busy) -> None:
        """Build the client; raises StopReading when there are neither a key nor AWS credentials."""
        self.check()
        self._sdk.connect(busy)
        if self._signs:
            self._sdk.client.api_key = None  # the SDK takes an empty variable for a key

    def _access(self) -> Mapping[str, Any]:
        key = {} if self._signs else {"api_key": self._endpoint.key()}
        return {"aws_region": self._region, "base_url": self._endpoint.address, **key}

    async def ask(self, body: Body) -> Response:
        """Send a message; raises CallError, fatal where the AWS credentials cannot be had any more."""
        if not self._signs:
            return await super().ask(body)
        from botocore.exceptions import BotoCoreError

        try:
            return await super().ask(body)
        except (BotoCoreError, RuntimeError) as error:
            said = self._endpoint.scrubbed(" ".join(str(error).split()))[:300]
            raise CallError("transport", f"the AWS credentials cannot be had: {said}", fatal=True) from error


def _region() -> str:
    """Return the AWS region; raises SettingError when none is set."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        region = os.environ.get(name, "").strip()
        if region:
            return region
    raise SettingError("Amazon Bedrock needs a region: set AWS_REGION, such as us-east-1")


def _keep_credentials(region: str) -> None:
    """Look for AWS credentials as every AWS tool does, and keep them out of every text.

    Raises StopReading when there are none, or boto3 is not installed.
    """
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        keep_secret(os.environ.get(name, ""))
    needs_package("boto3", "boto3", "cloud")
    import boto3
    from botocore.exceptions import BotoCoreError

    try:
        found = boto3.Session(region_name=region).get_credentials()
        frozen = found.get_frozen_credentials() if found else None
    except BotoCoreError as error:
        raise StopReading(f"{NO_CREDENTIALS} ({' '.join(str(error).split())[:300]})") from error
    if frozen is None or not frozen.access_key or not frozen.secret_key:
        raise StopReading(NO_CREDENTIALS)
    for secret in (frozen.access_key, frozen.secret_key, frozen.token or ""):
        keep_secret(secret)


class BedrockReader(ApiReader):
    """One of Anthropic's vision models on Amazon Bedrock."""

    description = "bedrock:MODEL, such as us.anthropic.claude-opus-4-8, by AWS credentials and AWS_REGION"
    provider_type: ClassVar[type[Provider]] = BedrockProvider
