"""Anthropic's models on Google Cloud's Vertex AI, through the Vertex client of Anthropic's SDK."""

import asyncio
import os
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from readers.api.anthropic import AnthropicMessages
from readers.api.endpoint import Endpoint
from readers.api.model import model_table
from readers.api.option import RequestOptions
from readers.api.provider import MALFORMED, Body, Busy, Details, Provider
from readers.api.reader import ApiReader
from readers.api.response import CallError, Response
from readers.api.sdk import SdkClient, needs_package
from taxonomy.error import SettingError, StopReading
from taxonomy.secret import keep_secret

HOSTS: Mapping[str, str] = {
    "global": "aiplatform.googleapis.com",
    "us": "aiplatform.us.rep.googleapis.com",
    "eu": "aiplatform.eu.rep.googleapis.com",
}
"""Hosts of what is no single region (Anthropic's SDK 2.11.0)."""

PROJECT_VARIABLES = ("ANTHROPIC_VERTEX_PROJECT_ID", "GOOGLE_CLOUD_PROJECT")
SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)

FILE_VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
"""Names the file of a service account, as for Google's own tools."""

NO_CREDENTIALS = (
    f"no Google Cloud credentials: run 'gcloud auth application-default login', or set {FILE_VARIABLE} "
    "to the file of a service account"
)


class VertexProvider(AnthropicMessages):
    """Anthropic's Messages API on Vertex AI for one model, by Google's application default credentials."""

    name = "vertex"

    def __init__(self, model: str, options: RequestOptions) -> None:
        if options.service_tier is not None:
            raise SettingError("option service_tier is not supported on Vertex AI; leave it out")
        self._region, self._project = _settings()
        official = f"https://{HOSTS.get(self._region, f'{self._region}-aiplatform.googleapis.com')}/v1"
        endpoint = Endpoint.from_environment("", "ANTHROPIC_VERTEX_BASE_URL", official, options)
        # An access token tells who asks: an address of an option gets a key that is named for it, or none.
        self._logs_in = not options.key_variable and (not options.base_url or endpoint.is_official)
        if self._logs_in:
            endpoint = replace(endpoint, key_variable="the Google Cloud credentials")
        self._credentials: Any = None
        self._renewing = threading.Lock()
        sdk = SdkClient("anthropic", "AsyncAnthropicVertex", endpoint, model, options, self._access)
        # Structured output there is switched off until an organisation allows it (Google's page on it, 2026).
        super().__init__(model, options, endpoint, sdk, has_schema=False)
        self.connect = self._connect

    def details(self) -> Details:
        """Return the settings on which the answers depend, with the price and the limits of the place."""
        factor = 1.0 if self._region == "global" else float(model_table()["vertex"]["regional"])
        found = super().details()
        return replace(found, limits=found.limits.at("vertex"), price_factor=factor)

    def check(self) -> None:
        """Raise StopReading when there are no credentials."""
        if self._logs_in:
            self._credentials = _credentials()
        else:
            self._endpoint.key()

    def _connect(self, busy: Busy) -> None:
        """Build the client; raises StopReading when there are no credentials."""
        self.check()
        self._sdk.connect(busy)

    def _access(self) -> Mapping[str, Any]:
        who = {"credentials": self._credentials} if self._logs_in else {"access_token": self._endpoint.key()}
        return {"region": self._region, "project_id": self._project, "base_url": self._endpoint.address, **who}

    async def ask(self, body: Body) -> Response:
        """Send a message; raises CallError, fatal where Google gives no access token."""
        if self._logs_in:
            await asyncio.to_thread(self._renew)
        return await super().ask(body)

    def _renew(self) -> None:
        """Get an access token where there is none that holds, and keep it out of every text."""
        from google.auth.exceptions import GoogleAuthError
        from google.auth.transport.requests import Request as AuthRequest

        with self._renewing:
            if self._credentials.valid:
                return
            try:
                self._credentials.refresh(AuthRequest())
            except (GoogleAuthError, OSError, RecursionError, *MALFORMED) as error:
                # Google's package has tried again where that may help; it reads what it is given without a check.
                said = self._endpoint.scrubbed(" ".join(str(error).split()))[:300]
                raise CallError("transport", f"Google gives no access token: {said}", fatal=True) from error
            keep_secret(self._credentials.token or "")


def _settings() -> tuple[str, str]:
    """Return region and project; raises SettingError when one is not set."""
    region = os.environ.get("CLOUD_ML_REGION", "").strip()
    if not region:
        raise SettingError("Vertex AI needs a region: set CLOUD_ML_REGION, such as global or us-east5")
    project = next((name for name in PROJECT_VARIABLES if os.environ.get(name, "").strip()), None)
    if project is None:
        raise SettingError(f"Vertex AI needs a project: set {PROJECT_VARIABLES[0]} to its id")
    return region, os.environ[project].strip()


def _credentials() -> Any:  # noqa: ANN401  # a class of google-auth, which is an extra
    """Return Google's application default credentials; raises StopReading when there are none."""
    needs_package("google.auth", "google-auth", "cloud")
    import google.auth
    from google.auth.exceptions import GoogleAuthError

    try:
        return google.auth.default(scopes=SCOPES)[0]
    except (GoogleAuthError, OSError, RecursionError, *MALFORMED) as error:
        # Google's package reads the file without a check; what it says of it may show its content.
        file = os.environ.get(FILE_VARIABLE, "")
        named = f" ({FILE_VARIABLE} is {file!r}, which holds none)" if file else ""
        raise StopReading(f"{NO_CREDENTIALS}{named}") from error


class VertexReader(ApiReader):
    """One of Anthropic's vision models on Google Cloud's Vertex AI."""

    description = "vertex:MODEL, such as claude-opus-4-8, by Google Cloud credentials and CLOUD_ML_REGION"
    provider_type: ClassVar[type[Provider]] = VertexProvider
