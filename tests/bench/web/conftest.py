"""What the tests of pages share: Chromium and axe."""

import os
import shutil
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def browser():
    """Chromium, as Debian or Playwright has it, for the tests of one file: others cannot have its event loop."""
    api = pytest.importorskip("playwright.sync_api")
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not path:
        pytest.skip("there is no chromium here: $CHROMIUM names one")
    with api.sync_playwright() as play:
        found = play.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="session")
def axe():
    """The script of axe-core, which is not ours to keep."""
    named = os.environ.get("AXE") or str(Path(__file__).parents[3] / "node_modules" / "axe-core" / "axe.min.js")
    if not Path(named).is_file():
        pytest.skip("there is no axe-core here: 'npm install axe-core', or $AXE names its axe.min.js")
    return Path(named).read_text(encoding="utf-8")
