"""What MkDocs does not do by itself: pages from outside ``docs/``, their links, and the reference.

A link is written as the repository's web view needs it. In the site it leads to the same page where the site has that
page, and to nowhere, as plain words, where it names a file that only the repository has.
"""

import re
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]

OUTSIDE = {
    "README.md": "index.md",
    **{
        name: f"project/{name}"
        for name in (
            "CHANGELOG.md",
            "CONTRIBUTING.md",
            "DATA_LICENSE.md",
            "SECURITY.md",
            "readers/resnet1d/model_card.md",
            "results/README.md",
            "results/leaderboard.md",
        )
    },
}
"""Pages of the repository outside ``docs/``, and where they stand in the site."""

REFERENCE = {
    "bench": (
        "From Python",
        ["bench.study", "bench.view.view.View", "bench.score.result.Score", "bench.evidence.result.Evidence"],
    ),
    "readers": ("Readers", ["readers.contract", "readers.registry"]),
    "datasets": (
        "Datasets",
        ["bench.dataset.base", "bench.dataset.record", "bench.dataset.cohort", "bench.dataset.opening"],
    ),
    "renderers": ("Renderers", ["renderers.registry", "renderers.image", "renderers.style"]),
    "taxonomy": ("Taxonomy and errors", ["taxonomy.axis", "taxonomy.reading", "taxonomy.error"]),
    "signals": (
        "Measurements and phantoms",
        ["measurements.measurement", "measurements.measuring", "phantoms.physiology", "phantoms.simulator"],
    ),
}
"""Pages of the reference, made of docstrings: title and modules."""

_FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
_ROLE = re.compile(r":(?:class|func|meth|mod|data|attr|exc|obj):<code>[~.]?")
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\((?!https?:|#)([^)#\s]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from outside ``docs/`` and those of the reference."""
    for source, page in OUTSIDE.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text(encoding="utf-8")))
    for name, (title, modules) in REFERENCE.items():
        body = "\n\n".join(f"::: {module}" for module in modules)
        files.append(File.generated(config, f"reference/{name}.md", content=f"# {title}\n\n{body}\n"))
    return files


def on_page_markdown(markdown: str, page: Page, files: Files, **_: Any) -> str:
    """Turn a page's links and name the language of a block alone, outside the blocks and in their first lines."""
    here = page.file.src_uri
    parts = _FENCE.split(markdown)
    parts[::2] = [_LINK.sub(lambda link: _turned(link, here, files), part) for part in parts[::2]]
    return "".join(parts).replace("```python run\n", "```python\n")


def on_page_content(html: str, **_: Any) -> str:
    """Leave of a docstring's roles, such as that of a class, the name that they are of."""
    return _ROLE.sub("<code>", html)


def repository_path(page: str) -> PurePosixPath:
    """Return where in the repository a page of the site is written."""
    written = {there: source for source, there in OUTSIDE.items()}
    return PurePosixPath(written.get(page, f"docs/{page}"))


def site_path(source: str) -> str | None:
    """Return where in the site a file of the repository stands; None where it is in the repository alone."""
    if source in OUTSIDE:
        return OUTSIDE[source]
    return source.removeprefix("docs/") if source.startswith("docs/") else None


def _turned(link: re.Match[str], here: str, files: Files) -> str:
    picture, words, target, anchor = link[1], link[2], link[3], link[4] or ""
    there = site_path(normpath((repository_path(here).parent / target).as_posix()))
    if there is None:
        return words
    if there not in files.src_uris:  # left as it is: MkDocs says that the link leads nowhere
        return link[0]
    return f"{picture}[{words}]({relpath(there, PurePosixPath(here).parent.as_posix())}{anchor})"
