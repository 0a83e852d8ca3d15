"""The real SDKs against servers that others wrote: a LiteLLM proxy and ``transformers serve``, both on loopback.

``LITELLM`` names LiteLLM's command, in an environment of its own (``pip install 'litellm[proxy]==1.106.2'``), and
``transformers`` is the command beside this Python (``pip install 'transformers>=5.23' fastapi uvicorn``).
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from readers.api.anthropic import AnthropicReader
from readers.api.openai import OpenAIReader
from taxonomy.error import StopReading

LOOPBACK = Path(__file__).parents[2] / "loopback"
LITELLM = os.environ.get("LITELLM") or shutil.which("litellm")
TRANSFORMERS = shutil.which("transformers", path=str(Path(sys.executable).parent))


@contextmanager
def served(command, health, log, **env):
    """Run a server until its health page answers, and end it afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [*command, "--host", "127.0.0.1", "--port", str(port)]
    with (
        log.open("w") as out,
        subprocess.Popen(command, stdout=out, stderr=out, env={**os.environ, "OMP_NUM_THREADS": "1", **env}) as process,
    ):
        try:
            _wait(f"http://127.0.0.1:{port}{health}", process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait(url, process, log):
    until = time.monotonic() + 120
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise AssertionError(f"the server did not come up: {log.read_text()[-2000:]}")


@pytest.fixture(scope="module")
def litellm(tmp_path_factory):
    if not LITELLM:
        pytest.skip("LITELLM names no LiteLLM command")
    log = tmp_path_factory.mktemp("litellm") / "log"
    env = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true"}
    command = [LITELLM, "--config", str(LOOPBACK / "litellm.yaml")]
    with served(command, "/health/liveliness", log, **env) as address:
        yield address


@pytest.fixture
def proxied(litellm, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", f"{litellm}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none-needed")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", litellm)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-none-needed")


@pytest.mark.parametrize("structured", ["text", "schema"])
@pytest.mark.slow
def test_a_litellm_proxy_answers_both_sdks(proxied, cases, structured):
    for reader in (
        OpenAIReader("gpt-mock", image_check="off", structured=structured),
        AnthropicReader("claude-mock", image_check="off", structured=structured),
    ):
        readings = list(reader.read(cases))
        assert [reading.values["diagnosis"] for reading in readings] == ["NORM"] * len(cases)
        assert all(reading.usage.input_tokens for reading in readings)


@pytest.mark.slow
def test_the_mock_that_looks_at_no_image_is_found_out(proxied, cases):
    with pytest.raises(StopReading, match="the images did not reach the model: 10 input tokens were billed"):
        list(OpenAIReader("gpt-mock").read(cases))


@pytest.mark.slow
def test_what_a_litellm_proxy_refuses_is_told(proxied, cases):
    with pytest.raises(StopReading, match="nosuch"):
        list(OpenAIReader("nosuch").read(cases))
    (reading,) = OpenAIReader("gpt-busy", attempts="1").read(cases[:1])
    assert reading.error.kind == "quota"
    (reading,) = OpenAIReader("gpt-broken", attempts="1").read(cases[:1])
    assert reading.error.kind == "transport"


@pytest.fixture(scope="module")
def transformers(tmp_path_factory):
    if not TRANSFORMERS:
        pytest.skip("the transformers command is not beside this Python: pip install transformers fastapi uvicorn")
    folder = tmp_path_factory.mktemp("gemma")
    offline = {"HF_HUB_OFFLINE": "1", "WITHOUT_TORCHVISION": "1"}
    build = [sys.executable, str(LOOPBACK.parent / "tiny" / "gemma.py"), str(folder / "tiny")]
    subprocess.run(build, check=True, capture_output=True, env={**os.environ, **offline, "OMP_NUM_THREADS": "1"})
    with served([TRANSFORMERS, "serve", "--device", "cpu"], "/health", folder / "log", **offline) as address:
        yield address, folder / "tiny"


@pytest.mark.slow
def test_transformers_serve_takes_chats_with_images(transformers, monkeypatch, cases, build_cases):
    address, folder = transformers
    monkeypatch.setenv("OPENAI_BASE_URL", f"{address}/v1")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    reader = OpenAIReader(str(folder), max_tokens="16", timeout="100")
    page, leads = (list(reader.read(chosen)) for chosen in (cases[:2], build_cases("leads", count=1)))
    for reading in (*page, *leads):
        assert reading.error.kind == "truncated", f"an untrained model ends nowhere, but: {reading.error.message}"
        assert reading.usage.output_tokens == 16
    assert leads[0].usage.input_tokens > page[0].usage.input_tokens, "twelve images cost more tokens than one"


@pytest.mark.slow
def test_what_transformers_serve_does_not_take_is_told_in_its_own_words(transformers, cases):
    address, folder = transformers
    asked = {"base_url": f"{address}/v1", "max_tokens": "16", "attempts": "1", "timeout": "100"}
    with pytest.raises(StopReading, match=r"422: Unexpected fields in the request: \{'nosuch'\}\)$"):
        list(OpenAIReader(str(folder), extra='{"nosuch": 1}', **asked).read(cases[:1]))
    (reading,) = OpenAIReader(str(folder), extra='{"top_p": 0.5}', probabilities="on", **asked).read(cases[:1])
    assert reading.error.kind == "truncated", "it ignores the wish for logprobs"
