"""Credentials of Bedrock, Vertex and Azure: where they come from, where they go, and what is said without them."""

import asyncio
import hashlib
import json
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from readers.api.azure import AzureReader
from readers.api.bedrock import BedrockReader
from readers.api.model import makers_name, place_factor, request_limit
from readers.api.openai import OpenAIReader
from readers.api.price import price_of
from readers.api.response import CallError
from readers.api.store import RequestOrigin, ResponseStore, request_key
from readers.api.vertex import VertexReader
from readers.session import Session
from taxonomy.error import SettingError, StopReading

from ...loopback.cloud import CloudServer
from ...loopback.server import Running

CLAUDE = "us.anthropic.claude-opus-4-8-v1:0"
SECRETS = {
    "AWS_ACCESS_KEY_ID": "AKIATESTTESTTEST1234",
    "AWS_SECRET_ACCESS_KEY": "aws/secret+0123456789",
    "AWS_SESSION_TOKEN": "aws-session-0123456789",
}


@pytest.fixture
def server():
    with Running(CloudServer()) as running:
        yield running


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    """No credentials of this machine."""
    for name in ("AWS_PROFILE", "AWS_BEARER_TOKEN_BEDROCK", "AWS_DEFAULT_REGION", *SECRETS):
        monkeypatch.delenv(name, raising=False)
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT", "AZURE_OPENAI_AD_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "CLOUDSDK_CONFIG"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    settings = {
        "AWS_REGION": "eu-central-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_GCE_CHECK": "true",
        "CLOUD_ML_REGION": "europe-west1",
        "ANTHROPIC_VERTEX_PROJECT_ID": "ward-7",
        "OPENAI_API_VERSION": "2024-10-21",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def bedrock(server, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_BEDROCK_BASE_URL", server.url)

    def build(model=CLAUDE, **options):
        return BedrockReader(model, **{"attempts": "1", **options})

    return build


@pytest.fixture
def signed(bedrock, monkeypatch):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    return bedrock


# Bedrock -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", [None, "", " "])
def test_requests_are_signed_by_aws_credentials_where_there_is_no_key(server, signed, cases, monkeypatch, token):
    if token is not None:
        monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", token)
    (reading,) = signed().read(cases[:1])
    assert reading.outcome == "answered", reading.error
    (headers,), (body,) = server.headers, server.bodies
    scope = r"AWS4-HMAC-SHA256 Credential=AKIATESTTESTTEST1234/\d{8}/eu-central-1/bedrock/aws4_request, SignedHeaders="
    assert re.match(scope, headers["Authorization"])
    assert headers["X-Amz-Security-Token"] == SECRETS["AWS_SESSION_TOKEN"]
    assert body["anthropic_version"] and "model" not in body


def test_a_key_of_bedrocks_own_comes_before_aws_credentials(server, signed, cases, monkeypatch):
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "bedrock-key-0123456789")
    list(signed().read(cases[:1]))
    assert server.headers[0]["Authorization"] == "Bearer bedrock-key-0123456789"


def test_a_profile_serves_as_aws_credentials(server, bedrock, cases, monkeypatch, tmp_path):
    file = tmp_path / "credentials"
    file.write_text("[ward]\naws_access_key_id = AKIAPROFILE123456789\naws_secret_access_key = profile-secret-0123\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_PROFILE", "ward")
    monkeypatch.setenv("AWS_REGION", "us-west-2")  # the SDK keeps one session for each region in a process
    list(bedrock().read(cases[:1]))
    assert "AKIAPROFILE123456789" in server.headers[0]["Authorization"]
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(StopReading, match=r"^no AWS credentials: set .*\(The config profile \(nobody\) could not"):
        bedrock().check()


def test_aws_credentials_stand_in_no_file_and_no_text(server, signed, cases, tmp_path):
    server.plan = lambda digest, times: "echo" if len(server.counts) == 2 else ""
    reader = signed().within(Session(tmp_path / "kept", run_id="a", concurrency=1))
    readings = list(reader.read(cases[:3]))
    failed = next(one for one in readings if one.error)
    assert failed.error.message.count("[secret]") >= 2, "the id and the session token"
    told = json.dumps([one.to_json() for one in readings]) + json.dumps(dict(reader.details))
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for secret in SECRETS.values():
        assert secret not in told and secret.encode() not in kept


def test_refused_credentials_are_no_key_in_a_variable(server, signed, cases):
    server.plan = lambda digest, times: "401"
    with pytest.raises(StopReading, match=r"^the key in the AWS credentials is refused by http://127"):
        list(signed().read(cases[:1]))


def test_credentials_that_end_within_a_run_end_it_in_one_sentence(server, bedrock, cases, monkeypatch, tmp_path):
    given = {"Version": 1, "AccessKeyId": "AKIAPROCESS123456789", "SecretAccessKey": "process-secret-0123"}
    soon = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    file = tmp_path / "credentials.json"
    file.write_text(json.dumps(given | {"Expiration": soon}))
    (tmp_path / "config").write_text(f"[default]\ncredential_process = cat {file}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_REGION", "us-east-2")
    reader = bedrock()
    provider, body = reader.provider, reader.provider.body(reader.request(cases[0]))
    provider.connect(lambda seconds: None)

    async def asked():
        assert (await provider.ask(body)).stop == "end"
        file.unlink()
        try:
            await provider.ask(body)
        finally:
            await provider.close()

    with pytest.raises(CallError, match=r"^the AWS credentials cannot be had: ") as failed:
        asyncio.run(asked())
    assert failed.value.fatal and "\n" not in str(failed.value)


@pytest.mark.parametrize("missing", [*SECRETS][:2])
def test_half_of_the_aws_credentials_are_none(bedrock, monkeypatch, missing):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, "" if name == missing else value)
    with pytest.raises(StopReading, match=r"^no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"):
        bedrock().check()


def test_what_bedrock_needs_and_lacks_is_one_sentence(bedrock, monkeypatch):
    for option, value in (
        ("service_tier", "auto"),
        ("probabilities", "on"),
        ("seed", "1"),
        ("thinking_budget", "2000"),
    ):
        with pytest.raises(SettingError, match=option):
            bedrock(**{option: value})
    with pytest.raises(SettingError, match="must be none, low, medium, high, xhigh, max for model 'claude-opus-4-8'"):
        bedrock(reasoning_effort="minimal")
    monkeypatch.setattr("readers.api.sdk.importlib.util.find_spec", lambda name: None)
    with pytest.raises(
        StopReading, match=r"^the package boto3 is not installed: pip install 'ecg-reading-bench\[cloud\]'$"
    ):
        bedrock().check()
    monkeypatch.setenv("AWS_REGION", " ")
    with pytest.raises(SettingError, match=r"^Amazon Bedrock needs a region: set AWS_REGION, such as us-east-1$"):
        bedrock()


# names and prices ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "bare", "factor"),
    [
        ("us.anthropic.claude-opus-4-8-v1:0", "claude-opus-4-8", 1.1),
        ("anthropic.claude-opus-4-8", "claude-opus-4-8", 1.0),
        ("global.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5-20251001", 1.0),
        ("us-gov.anthropic.claude-opus-4-8", "claude-opus-4-8", 1.2),
        ("moon.anthropic.claude-opus-4-8", "claude-opus-4-8", None),
        ("us.anthropic.claude-mythos-preview", "claude-mythos-preview", None),
        ("claude-opus-4-8@20260801", "claude-opus-4-8", 1.0),
        ("claude-opus-4-8@default", "claude-opus-4-8", 1.0),
        ("arn:aws:bedrock:us-east-1:123456789012:inference-profile/mine", None, 1.0),
        ("claude-opus-4-8@latest?", None, 1.0),
        ("claude-opus-4-8", None, 1.0),
        ("notanthropic.claude-opus-4-8", None, 1.0),
    ],
)
def test_a_models_name_elsewhere_finds_its_makers(model, bare, factor):
    assert makers_name(model) == (bare or model)
    assert place_factor(model) == factor


ARN = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-4-8"
OWN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/us.anthropic.claude-opus-4-8"


@pytest.mark.parametrize("model", [ARN, ARN.replace(":123456789012:inference-profile", "::foundation-model")])
def test_an_arn_that_ends_in_a_models_name_is_that_model_in_everything(bedrock, model):
    plain, by_arn = bedrock("us.anthropic.claude-opus-4-8"), bedrock(model)
    assert by_arn.price == plain.price and by_arn.price.output == pytest.approx(27.5)
    assert by_arn.provider.details().limits == plain.provider.details().limits
    assert by_arn.details == {**plain.details, "model": model}
    assert by_arn.details["structured"] == "schema"
    with pytest.raises(SettingError, match="must be none, low, medium, high, xhigh, max for model 'claude-opus-4-8'"):
        bedrock(model, reasoning_effort="minimal")


@pytest.mark.parametrize(
    ("model", "output"),
    [
        ("bedrock/eu.anthropic.claude-opus-4-8", 27.5),
        (f"bedrock/converse/{ARN}", 27.5),
        ("bedrock/anthropic.claude-opus-4-8-v1:0", 25.0),
        ("vertex_ai/claude-opus-4-8@default", 25.0),
    ],
)
def test_a_proxys_name_of_a_place_has_its_price_limits_and_arguments(server, monkeypatch, model, output):
    monkeypatch.setenv("OPENAI_BASE_URL", server.openai_url)
    found, plain = OpenAIReader(model), OpenAIReader("anthropic/claude-opus-4-8")
    assert found.price.output == pytest.approx(output)
    assert found.details == {**plain.details, "model": model}
    assert found.details["image_limit"] == "Anthropic, newest"


def test_an_arn_that_tells_no_model_has_no_price_and_no_limits_and_says_so(
    server, bedrock, cases, monkeypatch, tmp_path
):
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "bedrock-key-0123456789")
    own, said = bedrock(OWN), []
    assert own.price is None
    assert own.details["image_limit"].startswith("unknown") and own.details["structured"] == "text"
    with pytest.raises(StopReading, match=r"no price for model 'arn:.* \(this ARN does not tell its model"):
        list(own.within(Session(max_cost=1.0)).read(cases[:1]))
    list(bedrock(OWN).within(Session(say=said.append)).read(cases[:1]))
    assert sum("this ARN does not tell its model" in line for line in said) == 1
    prices = tmp_path / "prices.json"
    prices.write_text(json.dumps({"models": {OWN: {"input": 1, "output": 2}}}))
    assert bedrock(OWN).within(Session(prices=prices)).price.output == 2


def test_prices_are_those_of_the_place(bedrock, tmp_path, monkeypatch):
    plain = price_of("claude-opus-4-8")
    assert price_of(CLAUDE).output == pytest.approx(1.1 * plain.output)
    assert price_of(CLAUDE).cached == pytest.approx(1.1 * plain.cached)
    assert price_of("claude-opus-4-8@20260801") == plain
    assert price_of("moon.anthropic.claude-opus-4-8") is None
    assert VertexReader("claude-opus-4-8").price.input == pytest.approx(1.1 * plain.input)
    monkeypatch.setenv("CLOUD_ML_REGION", "global")
    assert VertexReader("claude-opus-4-8@20260801").price == plain
    own = tmp_path / "prices.json"
    own.write_text(json.dumps({"models": {CLAUDE: {"input": 1, "output": 2}}}))
    assert bedrock().within(Session(prices=own)).price.input == 1
    assert bedrock().details["image_limit"] == "Anthropic, newest"
    assert bedrock().details["structured"] == "schema"
    limits = [reader.provider.details().limits.request for reader in (bedrock(), VertexReader("claude-opus-4-8"))]
    assert [limit.request_mb for limit in limits] == [20, 30], "smaller than Anthropic's own"
    assert request_limit("anthropic").request_mb == 32


# Vertex --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def private_key():
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    kind, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, kind, none).decode()


@pytest.fixture
def vertex(server, monkeypatch, tmp_path, private_key):
    """A reader by a service account whose tokens come from the server."""
    account = {
        "type": "service_account",
        "project_id": "ward-7",
        "private_key_id": "1",
        "private_key": private_key,
        "client_email": "bench@ward-7.iam.gserviceaccount.com",
        "token_uri": f"{server.url}/token",
    }
    file = tmp_path / "account.json"
    file.write_text(json.dumps(account))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    monkeypatch.setenv("ANTHROPIC_VERTEX_BASE_URL", f"{server.url}/v1")

    def build(model="claude-opus-4-8", **options):
        return VertexReader(model, **{"attempts": "1", **options})

    return build


def test_one_access_token_serves_all_requests_and_stands_in_no_text(server, vertex, cases, tmp_path):
    server.plan = lambda digest, times: "echo" if len(server.counts) == 2 else ""
    reader = vertex().within(Session(tmp_path / "kept", run_id="a"))
    reader.check()
    assert server.tokens == 0, "a check sends nothing"
    readings = list(reader.read(cases[:5]))
    assert server.tokens == 1
    assert {headers["Authorization"] for headers in server.headers} == {f"Bearer {server.token}"}
    assert {path.partition("/publishers")[0] for path in server.paths} == {"/v1/projects/ward-7/locations/europe-west1"}
    assert server.bodies[0]["anthropic_version"] and "model" not in server.bodies[0]
    (failed,) = (one for one in readings if one.error)
    assert "[secret]" in failed.error.message
    kept = b"".join(path.read_bytes() for path in (tmp_path / "kept").rglob("*") if path.is_file())
    assert server.token not in json.dumps([one.to_json() for one in readings])
    assert server.token.encode() not in kept


def test_credentials_that_google_refuses_end_the_run_in_its_words(server, vertex, cases):
    server.refuses_tokens = True
    with pytest.raises(StopReading, match=r"^Google gives no access token: .*invalid_grant: Invalid JWT") as stopped:
        list(vertex().read(cases[:2]))
    assert "\n" not in str(stopped.value) and not server.paths


NO_ACCOUNTS = [
    *("[]", "{}", "3", "null", "{", "", "[" * 100_000, "\x00", "folder", "unreadable"),
    *(
        '{"type": []}',
        '{"type": "service_account"}',
        '{"type": "authorized_user"}',
        '{"type": "authorized_user", "a": 1}',
    ),
    '{"type": "service_account", "private_key": 3, "client_email": 3, "token_uri": 3}',
    '{"type": "external_account", "audience": 3}',
    '{"type": "impersonated_service_account", "source_credentials": []}',
]


@pytest.mark.parametrize("written", NO_ACCOUNTS)
def test_a_file_that_holds_no_credentials_ends_the_run_in_one_sentence(vertex, cases, monkeypatch, tmp_path, written):
    file = tmp_path if written == "folder" else tmp_path / "account.json"
    if file.is_file():
        file.write_text(written)
        file.chmod(0o000 if written == "unreadable" else 0o600)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    sentence = (
        f"^no Google Cloud credentials: .*GOOGLE_APPLICATION_CREDENTIALS is '{re.escape(str(file))}', which holds"
    )
    with pytest.raises(StopReading, match=sentence) as stopped:
        vertex().check()
    assert "\n" not in str(stopped.value)
    # Kept answers make the check needless; then the run ends at the first question that has none.
    kept = tmp_path / "kept"
    ResponseStore(kept).close()
    reader = vertex().within(Session(kept))
    reader.check()
    with pytest.raises(StopReading, match=sentence):
        list(reader.read(cases[:2]))


@pytest.mark.parametrize("answer", ["[]", "{}", "3", "null", '{"access_token": "a", "expires_in": []}', "{", "away"])
def test_no_access_token_ends_the_run_and_is_no_reading(server, vertex, cases, answer):
    file = Path(os.environ["GOOGLE_APPLICATION_CREDENTIALS"])
    if answer == "away":
        file.write_text(file.read_text().replace(server.url, "http://127.0.0.1:9"))
    server.token_answer = answer
    with pytest.raises(StopReading, match=r"^Google gives no access token: ") as stopped:
        list(vertex().read(cases[:2]))
    assert "\n" not in str(stopped.value) and not server.paths


def test_what_vertex_needs_is_one_sentence(vertex, monkeypatch, tmp_path):
    assert vertex().details["structured"] == "text", "Google has it switched off unless an organisation allows it"
    with pytest.raises(SettingError, match="service_tier is not supported on Vertex AI"):
        vertex(service_tier="auto")
    monkeypatch.setattr("readers.api.sdk.importlib.util.find_spec", lambda name: None)
    with pytest.raises(StopReading, match=r"google-auth is not installed: pip install 'ecg-reading-bench\[cloud\]'$"):
        vertex().check()
    monkeypatch.undo()
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUD_ML_REGION", "global")
    with pytest.raises(SettingError, match="Vertex AI needs a project: set ANTHROPIC_VERTEX_PROJECT_ID to its id"):
        vertex()
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "ward-7")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "none"))
    for file in ("", str(tmp_path / "nowhere.json")):
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", file)
        with pytest.raises(StopReading, match=r"^no Google Cloud credentials: run 'gcloud auth application-default"):
            vertex().check()
    monkeypatch.setenv("CLOUD_ML_REGION", "")
    with pytest.raises(SettingError, match="Vertex AI needs a region: set CLOUD_ML_REGION, such as global"):
        vertex()


# Azure ---------------------------------------------------------------------------------------------------------------


def test_a_token_of_entra_id_serves_where_there_is_no_key(server, monkeypatch, cases):
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", f"{server.url}/")
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "")
    monkeypatch.setenv("AZURE_OPENAI_AD_TOKEN", "entra-token-0123456789")
    server.plan = lambda digest, times: "echo" if times == 0 else ""
    (reading,) = AzureReader("our-own-name", attempts="1").read(cases[:1])
    assert server.headers[0]["Authorization"] == "Bearer entra-token-0123456789"
    assert server.paths == ["/openai/deployments/our-own-name/chat/completions?api-version=2024-10-21"]
    assert "entra-token" not in reading.error.message and "[secret]" in reading.error.message


def test_a_deployment_called_as_its_model_has_its_limits_and_price(monkeypatch):
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://ward.openai.azure.com")
    assert AzureReader("gpt-5.4").price == price_of("gpt-5.4")
    assert AzureReader("our-own-name").price is None
    assert AzureReader("gpt-5.4").details["endpoint"] == "https://ward.openai.azure.com"
    with pytest.raises(SettingError, match="model 'gpt-5' has no logprobs"):
        AzureReader("gpt-5", probabilities="on")


def azure_read(cases, kept):
    reader = AzureReader("gpt-5.4", attempts="1").within(Session(kept, run_id="a"))
    assert [reading.outcome for reading in reader.read(cases)] == ["answered"] * len(cases)
    return dict(reader.details)


def test_another_version_of_azures_api_is_another_run_that_asks_anew(server, monkeypatch, cases, tmp_path):
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "azure-key-0123456789")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", server.url)
    first = azure_read(cases[:2], tmp_path)
    assert first["api_version"] == "2024-10-21"
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", f"{server.url}/")
    assert azure_read(cases[:2], tmp_path) == first, "a slash at the end names the same resource"
    assert len(server.paths) == 2
    monkeypatch.setenv("OPENAI_API_VERSION", "2025-01-01-preview")
    assert azure_read(cases[:2], tmp_path) == {**first, "api_version": "2025-01-01-preview"}
    assert len(server.paths) == 4


def test_ids_and_keys_of_other_apis_hold_no_version(monkeypatch):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    reader = OpenAIReader("gpt-5.4")
    assert "api_version" not in reader.details and reader.details["endpoint"] == "https://api.openai.com/v1"
    origin = RequestOrigin.of(reader.provider, 1)
    assert origin == RequestOrigin("openai", "https://api.openai.com/v1", 1)
    # As the answers of earlier versions are kept.
    written = '["openai","https://api.openai.com/v1",1,{"model":"gpt-5.4"}]'
    assert request_key({"model": "gpt-5.4"}, origin) == hashlib.sha256(written.encode()).hexdigest()[:40]


def test_what_azure_needs_is_one_sentence(monkeypatch):
    monkeypatch.delenv("AZURE_OPENAI_ENDPOINT", raising=False)
    with pytest.raises(SettingError, match="needs the address of your resource: set AZURE_OPENAI_ENDPOINT, such as"):
        AzureReader("gpt-5.4")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "ward.openai.azure.com")
    with pytest.raises(SettingError, match="AZURE_OPENAI_ENDPOINT is no address such as https://NAME"):
        AzureReader("gpt-5.4")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://ward.openai.azure.com")
    monkeypatch.setenv("OPENAI_API_VERSION", "")
    with pytest.raises(SettingError, match="needs the version of its API: set OPENAI_API_VERSION, such as 2024-10-21"):
        AzureReader("gpt-5.4")
