"""Builds the documentation as a site, which asks nobody else for anything: `python -m tests.site FOLDER`.

The pages link to each other as they lie in the repository, so that these parts of it are the site's sources.
"""

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from mkdocs.commands.build import build
from mkdocs.config import load_config

PROJECT = Path(__file__).resolve().parents[1]

SOURCES = (
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "LICENSE",
    "Makefile",
    "docs",
    "docker",
)
"""What pages link to, too."""


def build_site(target: Path) -> None:
    """Build it in strict mode: a link or an anchor that leads nowhere is an error.

    Args:
        target: a folder, which is emptied first.

    Raises:
        mkdocs.exceptions.Abort: something is wrong; what, is in the log.
    """
    with TemporaryDirectory() as folder:
        for name in SOURCES:
            source, copy = PROJECT / name, Path(folder, name)
            shutil.copytree(source, copy) if source.is_dir() else shutil.copy(source, copy)
        build(load_config(str(PROJECT / "mkdocs.yml"), docs_dir=folder, site_dir=str(target), strict=True))


if __name__ == "__main__":
    build_site(Path(sys.argv[1]))
