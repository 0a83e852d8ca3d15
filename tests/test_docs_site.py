"""The documentation as a site: every page is in it, every link leads somewhere, and nothing is asked of the network."""

import importlib.util
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parents[1]


def test_every_page_of_docs_stands_in_the_sites_navigation():
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    shown = set(re.findall(r"^ +- .*: ([\w-]+\.md)$", settings, re.MULTILINE))
    assert shown == {page.name for page in (ROOT / "docs").glob("*.md")} | {"index.md"}


@pytest.fixture(scope="module")
def turning():
    """The part of the site that turns links: ``.ci/site.py``."""
    pytest.importorskip("mkdocs", reason="mkdocs is not installed: pip install -e '.[docs]'")
    spec = importlib.util.spec_from_file_location("site_of_the_docs", ROOT / ".ci" / "site.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("page", "written", "turned"),
    [
        ("index.md", "[a](docs/data.md#ptb-xl)", "[a](data.md#ptb-xl)"),
        ("data.md", "[a](../CHANGELOG.md)", "[a](project/CHANGELOG.md)"),
        ("project/results/README.md", "[a](../docs/data.md)", "[a](../../data.md)"),
        ("data.md", "[`a`](../readers/majority.json)", "`a`"),
        ("data.md", "[a](https://example.org/x.md)", "[a](https://example.org/x.md)"),
        ("data.md", "![b](pictures/probe.png)", "![b](pictures/probe.png)"),
        ("data.md", "[a](nowhere.md)", "[a](nowhere.md)"),
        ("data.md", "```python run\na[0](../LICENSE)\n```\n", "```python\na[0](../LICENSE)\n```\n"),
    ],
)
def test_a_link_of_the_repository_leads_to_the_same_page_of_the_site(turning, page, written, turned):
    from mkdocs.structure.files import File, Files

    sources = ["data.md", "evidence.md", "index.md", *turning.OUTSIDE.values()]
    files = Files([File(name, "docs", "site", use_directory_urls=False) for name in dict.fromkeys(sources)])

    class Here:
        file = files.get_file_from_path(page)

    assert turning.on_page_markdown(written, Here(), files) == turned


def test_a_role_of_a_docstring_is_shown_as_the_name_alone(turning):
    written = "<p>of :class:<code>Prompt</code> by :func:<code>~bench.evaluate</code>, at 10:30:<code>x</code></p>"
    shown = "<p>of <code>Prompt</code> by <code>bench.evaluate</code>, at 10:30:<code>x</code></p>"
    assert turning.on_page_content(written) == shown


class Links(HTMLParser):
    """The addresses that a page names, those that it loads by itself, and its anchors."""

    def __init__(self, page: Path):
        super().__init__()
        self.named, self.loaded, self.anchors = [], [], set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        of = dict(attrs)
        self.anchors.add(of.get("id"))
        (self.named if tag == "a" else self.loaded).extend(of[key] for key in ("href", "src") if of.get(key))


@pytest.mark.slow
def test_the_site_is_built_and_all_its_links_lead_somewhere(tmp_path):
    pytest.importorskip("mkdocs", reason="mkdocs is not installed: pip install -e '.[docs]'")
    site = tmp_path / "site"
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)]
    built = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    pages = {page: Links(page) for page in site.rglob("*.html") if page.name != "404.html"}
    assert {"index.html", "tutorial.html", "method.html"} <= {page.name for page in pages}
    for page, links in pages.items():
        assert not [address for address in links.loaded if urlsplit(address).netloc], page
        for address in (*links.named, *links.loaded):
            parts = urlsplit(address)
            if parts.scheme or not address:
                continue
            there = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            assert there.is_file(), f"{page.name}: {address}"
            assert not parts.fragment or there not in pages or parts.fragment in pages[there].anchors, address
    assert not [page for page in pages if re.search(r":[a-z]+:<code>", page.read_text(encoding="utf-8"))]
    reference = (site / "reference" / "readers.html").read_text(encoding="utf-8")
    assert 'id="readers.contract.Reader"' in reference and "readers.registry.reader" in reference
