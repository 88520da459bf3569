"""`face-api embed-set`."""

from pathlib import Path

import click

from application.evaluation.datasets.embed_set import EmbedSet
from application.evaluation.datasets.evaluation_set import PhotoFolder
from entrypoints.cli.measuring import DETECTION, IMAGES, RECOGNITION, loading, measuring


@click.command("embed-set")
@IMAGES
@click.option(
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="the .npz file to write",
)
@DETECTION
@RECOGNITION
def embed_set(images: Path, output: Path, detection: str | None, recognition: str | None) -> None:
    """Embed photos once, for `--vectors` of the commands that measure.

    The file has biometric data: keep it as you keep the photos.
    """
    if not output.absolute().parent.is_dir():
        raise click.ClickException(f"there is no folder {output.parent}")
    _, sets = loading()
    with measuring() as progress:
        result = EmbedSet(sets).execute(
            PhotoFolder(images), output, progress, detection_model=detection, recognition_model=recognition
        )
    click.echo(
        f"{result.models.detection} + {result.models.recognition}: {result.photos} photos of {result.people} people,"
        f" no face found in {result.undetected}\nwritten to {output}"
    )
