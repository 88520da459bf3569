"""Virtual environments for the peers, which need other versions of libraries than the service, and gigabytes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import click

_MADE = "made-from.txt"
"""In an environment: the requirements that it was made from, once it is complete."""
_INSTALL_S = 3600


def default_folder() -> Path:
    """Where environments are kept from run to run."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "face-api-benchmarks"


def environment(name: str, folder: Path) -> Path:
    """The folder of the programs in the environment of `NAME.txt` beside this module; it is made if need be.

    Raises:
        click.ClickException: pip does not install what it takes.
    """
    requirements = _requirements(name)
    place = folder.absolute() / name
    programs = place / "bin"
    made = place / _MADE
    wanted = f"{sys.version}\n{requirements.read_text(encoding='utf-8')}"
    if not made.is_file() or made.read_text(encoding="utf-8") != wanted:
        click.echo(f"installing {name} into {place} ...", err=True)
        _run(sys.executable, "-m", "venv", "--clear", str(place))
        _run(str(programs / "python"), "-m", "pip", "install", "--quiet", "--requirement", str(requirements))
        made.write_text(wanted, encoding="utf-8")
    return programs


def version(name: str) -> str:
    """Of the peer, as it is pinned."""
    pins = dict(re.findall(r"^([\w-]+)(?:\[\w+\])?==(\S+)$", _requirements(name).read_text(), re.MULTILINE))
    return str(pins[name])


def _requirements(name: str) -> Path:
    return Path(__file__).with_name(f"{name}.txt")


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_S, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        raise click.ClickException(f"a peer's environment can't be made: {said[-1000:]}")
