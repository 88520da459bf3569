"""Whether speed was bought with accuracy: the same photos and pairs through both pipelines."""

import tempfile
from pathlib import Path

import click

from adapters.files.vectors import NpzVectorFiles
from application.evaluation.evaluate import EvaluateModels
from application.evaluation.photos import EmbedPhotos
from application.evaluation.sets import LoadSets, PhotoFolder
from entrypoints.cli.bench.configurations import configurations
from entrypoints.cli.bench.opencv import opencv_analyser, prepare_opencv
from entrypoints.cli.bench.report import Accuracy
from entrypoints.cli.bench.rig import Rig
from entrypoints.cli.bench.weights import for_opencv
from entrypoints.cli.measuring import measuring


def measure(rig: Rig) -> list[Accuracy]:
    """Verification, by the protocol of Labeled Faces in the Wild.

    Raises:
        click.ClickException: there are no pairs.
    """
    if rig.pairs is None or rig.images is None:
        raise click.ClickException("accuracy needs --images FOLDER and --pairs FILE")
    prepare_opencv()
    text = rig.pairs.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        files = for_opencv(rig.container, rig.choice.detection, rig.choice.recognition, Path(folder))
        pipelines = {name: one.analyser for name, one in configurations(rig).items()}
        pipelines["OpenCV"] = opencv_analyser(rig.analyser, rig.choice, *files)
        found = []
        for name, pipeline in pipelines.items():
            sets = LoadSets(EmbedPhotos(pipeline, rig.settings.worker_count), NpzVectorFiles())
            with measuring() as progress:
                result = EvaluateModels(sets).execute(PhotoFolder(rig.images), text, progress)
            accuracy = result.accuracy
            found.append(
                Accuracy(name, result.photos, len(result.undetected), accuracy.mean, accuracy.standard_error)
            )
    return found
