"""Known vulnerabilities of locked distributions: `python -m tests.supply_chain.audit FILE...`, or `make audit`.

pip-audit ends with the same status when it has found something and when it could not ask. Here, status 1 is a
vulnerability or a failure of the tool, and 2 an outage, which --allow-outage makes a warning.
"""

import re
import subprocess
import sys
from collections.abc import Sequence

import click
import msgspec

TIMEOUT_S = 300
"""For the answers about one file, a request a distribution."""

COMMAND = (
    *(sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off"),
    # The lock has every distribution: nothing has to be resolved or installed.
    *("--require-hashes", "--disable-pip", "--requirement"),
)


_NETWORK = re.compile(r"connect|timed? ?out|retries|unreachable|resol|HTTPError|SSL|proxy", re.IGNORECASE)
"""In what is said where the database can't be reached; other failures are ours to mend."""


class Vulnerability(msgspec.Struct):
    """One that is known of a version."""

    id: str
    fix_versions: list[str]


class Audited(msgspec.Struct):
    """A distribution of the lock."""

    name: str
    version: str = ""
    vulns: list[Vulnerability] = []
    skip_reason: str | None = None
    """Why nothing is known of it."""


class Answer(msgspec.Struct):
    """The part of pip-audit's answer that is read."""

    dependencies: list[Audited]


class Outage(Exception):
    """The database of vulnerabilities could not be asked, or not about everything."""


def ask(path: str) -> list[Audited]:
    """What is known of the distributions of a file.

    Raises:
        Outage: the database can't be reached.
        ClickException: pip-audit is missing or fails for another reason.
    """
    try:
        done = subprocess.run(
            [*COMMAND, path], capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
        found = msgspec.json.decode(done.stdout, type=Answer).dependencies
    except subprocess.TimeoutExpired:
        raise Outage(f"{path}: no answer in {TIMEOUT_S} s") from None
    except msgspec.DecodeError:
        said = f"{path}: {done.stderr.strip() or 'pip-audit printed nothing'}"
        if _NETWORK.search(done.stderr):
            raise Outage(said) from None
        raise click.ClickException(said) from None
    return found


@click.command()
@click.argument("paths", nargs=-1, required=True)
@click.option("--allow-outage", is_flag=True, help="don't fail if the database can't be reached")
def audit(paths: Sequence[str], *, allow_outage: bool) -> None:
    """Look for vulnerabilities in the files of locked distributions at PATHS."""
    found, outages = [], []
    for path in paths:
        try:
            found += ask(path)
        except Outage as error:
            outages.append(str(error))
    for each in found:
        if each.skip_reason is not None:
            outages.append(f"{each.name}: {each.skip_reason}")
        for known in each.vulns:
            click.echo(
                f"{each.name} {each.version}: {known.id}, mended in {', '.join(known.fix_versions) or 'no version'}"
            )
    for outage in outages:
        click.echo(f"NOT AUDITED: {outage}", err=True)
    vulnerable = sum(bool(each.vulns) for each in found)
    click.echo(f"{len(found)} distributions asked about, {vulnerable} with known vulnerabilities")
    sys.exit(1 if vulnerable else 2 if outages and not allow_outage else 0)


if __name__ == "__main__":
    audit()
