"""The command line: `face-api`. One module a command."""

import atexit
import gc
import sys

import click

from application.errors import CommandError, StartupError
from entrypoints.cli.groups import LazyGroup
from entrypoints.cli.surroundings import is_of_output, mend_surroundings

_COMMANDS = {
    "serve": ("serve:serve", "Serve the API until SIGTERM or Ctrl-C."),
    "serve-models": ("serve_models:serve_models", "Serve models to other services until SIGTERM or Ctrl-C."),
    "demo": ("demo:demo", "Try the service: serve a gallery with sample faces, and open the console."),
    "doctor": ("doctor:doctor", "Check what the service needs, and say what is wrong or slow."),
    "audit": ("audit:audit", "Check the audit trail."),
    "enroll": ("enroll:enroll", "Enrol people from photos in folders, or listed in a file."),
    "identify": ("identify:identify", "Say who is in photos."),
    "export": ("archive:export_people", "Write people and their embeddings to an archive."),
    "import": ("archive:import_people", "Read people and their embeddings from an archive."),
    "backup": ("backup:backup", "Write all that makes this instance to a file."),
    "restore": ("backup:restore", "Put a backup into an empty instance."),
    "encryption": ("encryption:encryption", "Encrypt what is stored, with a new key, or no more."),
    "purge": ("purge:purge", "Remove the bytes of what was deleted from all files."),
    "retention": ("retention:retention", "Say how long people are kept, and delete who is older."),
    "reembed": ("reembed:reembed", "Embed stored crops with another recognition model."),
    "gallery": ("gallery:gallery", "Find mistakes in what is enrolled."),
    "index": ("index:index", "Look after the index that instances share."),
    "keys": ("keys:keys", "Create, list, replace and revoke API keys."),
    "models": ("models:models", "List, fetch, check and add model files."),
    "completion": ("completion:completion", "Print what lets a shell complete commands and options."),
    "licenses": ("licenses:licenses", "List the licences of dependencies and models."),
    "evaluate": ("evaluate:evaluate", "Measure how accurate models are on your photos, and for whom."),
    "evaluate-search": (
        "evaluate_search:evaluate_search",
        "Measure how often a search takes somebody who isn't enrolled for one who is.",
    ),
    "evaluate-quality": (
        "evaluate_quality:evaluate_quality",
        "Measure what refusing bad photos is worth, and what it costs.",
    ),
    "evaluate-liveness": (
        "evaluate_liveness:evaluate_liveness",
        "Measure how well presentation attacks are told from living faces.",
    ),
    "embed-set": ("embed_set:embed_set", "Embed photos once, for the commands that measure."),
    "calibrate": ("calibrate:calibrate", "Measure a model's false match rates on your photos."),
    "evaluate-calibration": (
        "evaluate_calibration:evaluate_calibration",
        "Measure whether thresholds hold for people who are unlike those that they were made of.",
    ),
    "calibration": (
        "calibration:calibration",
        "Show how similar the people enrolled are, and the thresholds that follow.",
    ),
    "calibrate-liveness": (
        "calibrate_liveness:calibrate_liveness",
        "Find the liveness threshold for your camera.",
    ),
}
"""By the command's name: where it is in this package, and its summary. A command is imported when it is run."""


@click.group(
    cls=LazyGroup,
    lazy={name: (f"{__name__}.{target}", summary) for name, (target, summary) in _COMMANDS.items()},
)
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
