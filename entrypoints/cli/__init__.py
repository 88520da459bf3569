"""The command line: `face-api`. One module a command, which is imported when it is run."""

import atexit
import gc
import sys

import click

from application.errors import CommandError, StartupError
from entrypoints.cli.groups import LazyGroup
from entrypoints.cli.surroundings import is_of_output, mend_surroundings

_COMMANDS = {
    "serve": "Serve the API until SIGTERM or Ctrl-C.",
    "serve-models": "Serve models to other services until SIGTERM or Ctrl-C.",
    "demo": "Try the service: serve a gallery with sample faces, and open the console.",
    "doctor": "Check what the service needs, and say what is wrong or slow.",
    "audit": "Check the audit trail.",
    "enroll": "Enrol people from photos in folders, or listed in a file.",
    "identify": "Say who is in photos.",
    "export": "Write people and their embeddings to an archive.",
    "import": "Read people and their embeddings from an archive.",
    "backup": "Write all that makes this instance to a file.",
    "restore": "Put a backup into an empty instance.",
    "encryption": "Encrypt what is stored, with a new key, or no more.",
    "purge": "Remove the bytes of what was deleted from all files.",
    "retention": "Say how long people are kept, and delete who is older.",
    "reembed": "Embed stored crops with another recognition model.",
    "gallery": "Find mistakes in what is enrolled.",
    "index": "Look after the index that instances share.",
    "keys": "Create, list, replace and revoke API keys.",
    "models": "List, fetch, check and add model files.",
    "completion": "Print what lets a shell complete commands and options.",
    "licenses": "List the licences of dependencies and models.",
    "evaluate": "Measure how accurate models are on your photos, and for whom.",
    "evaluate-search": "Measure how often a search takes somebody who isn't enrolled for one who is.",
    "evaluate-quality": "Measure what refusing bad photos is worth, and what it costs.",
    "evaluate-liveness": "Measure how well presentation attacks are told from living faces.",
    "embed-set": "Embed photos once, for the commands that measure.",
    "calibrate": "Measure a model's false match rates on your photos.",
    "evaluate-calibration": "Measure whether thresholds hold for people who are unlike those that they were made of.",
    "calibration": "Show how similar the people enrolled are, and the thresholds that follow.",
    "calibrate-liveness": "Find the liveness threshold for your camera.",
}
"""By the command's name: its summary."""

_MODULES = {"export": "archive", "import": "archive", "restore": "backup"}
"""Where those are that are not in a module of their own name."""


@click.group(cls=LazyGroup, summaries=_COMMANDS, modules=_MODULES)
@click.version_option(package_name="face-api")
def face_api() -> None:
    """A face recognition service."""


def main() -> None:
    """Run a command; what keeps it from being carried out is one line."""
    mend_surroundings()
    # The interpreter would look for garbage among all that was imported before it ends: for half a second.
    atexit.register(gc.freeze)
    try:
        face_api()
    except (StartupError, CommandError) as error:
        click.echo(f"face-api: {error}", err=True)
        sys.exit(1)
    except OSError as error:
        if not is_of_output(error):
            raise
        click.echo(f"face-api: the output can't be written: {error.strerror}", err=True)
        sys.exit(1)
