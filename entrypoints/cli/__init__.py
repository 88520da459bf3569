"""The command line: `face-api`."""

import sys

import click

from application.errors import StartupError
from entrypoints.cli.archive import export_people, import_people
from entrypoints.cli.bench import bench
from entrypoints.cli.calibrate import calibrate
from entrypoints.cli.enroll import enroll
from entrypoints.cli.evaluate import evaluate
from entrypoints.cli.evaluate_liveness import evaluate_liveness
from entrypoints.cli.evaluate_quality import evaluate_quality
from entrypoints.cli.evaluate_search import evaluate_search
from entrypoints.cli.identify import identify
from entrypoints.cli.models import models
from entrypoints.cli.reembed import reembed
from entrypoints.cli.serve import serve


@click.group()
@click.version_option(package_name="face-api")
def face_api() -> None:
    """A face recognition service."""


face_api.add_command(serve)
face_api.add_command(enroll)
face_api.add_command(identify)
face_api.add_command(export_people)
face_api.add_command(import_people)
face_api.add_command(reembed)
face_api.add_command(models)
face_api.add_command(bench)
face_api.add_command(evaluate)
face_api.add_command(calibrate)
face_api.add_command(evaluate_liveness)
face_api.add_command(evaluate_quality)
face_api.add_command(evaluate_search)


def main() -> None:
    """Run a command; what stops the service from starting is one line."""
    try:
        face_api()
    except StartupError as error:
        click.echo(f"face-api: {error}", err=True)
        sys.exit(1)
