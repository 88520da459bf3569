"""`face-api embed-set`."""

from pathlib import Path

import click

from entrypoints.cli.bulk import DETECTION, FOLDER, OUTPUT, RECOGNITION
from entrypoints.cli.measuring import JSON, loading, measuring
from entrypoints.cli.reports import output_report


@click.command("embed-set")
@click.option(
    "--images", required=True, type=FOLDER, help="folder with one folder a person, and photos in it"
)
@click.option("--output", required=True, type=OUTPUT, help="the .npz file to write")
@DETECTION
@RECOGNITION
@JSON
def embed_set(
    images: Path, output: Path, detection: str | None, recognition: str | None, *, as_json: bool
) -> None:
    """Embed photos once, for `--vectors` of the commands that measure.

    The file has biometric data: keep it as you keep the photos.
    """
    if not output.absolute().parent.is_dir():
        raise click.ClickException(f"there is no folder {output.parent}")
    with measuring() as progress:
        _, sets = loading(detection, recognition)
        saved = sets.save(images, output, progress)
    people = len(set(saved.names))
    text = (
        f"{sets.models.detection} + {sets.models.recognition}: {len(saved.photos)} photos of"
        f" {people} people, no face found in {len(saved.undetected)}\nwritten to {output}"
    )
    machine = {
        "detection": sets.models.detection,
        "recognition": sets.models.recognition,
        "photos": len(saved.photos),
        "people": people,
        "undetected": len(saved.undetected),
        "file": str(output),
    }
    output_report(machine, text, as_json=as_json)
