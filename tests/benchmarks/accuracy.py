"""Whether speed was bought with accuracy: the same photos and pairs through both pipelines."""

import tempfile
from pathlib import Path

import click

from adapters.files.vectors import NpzVectorFiles
from application.evaluation.datasets.embedding import EmbedPhotos
from application.evaluation.datasets.evaluation_set import LoadSets
from application.evaluation.verification.evaluate import EvaluateVerification
from entrypoints.cli.measuring import measuring
from tests.benchmarks.configurations import configurations
from tests.benchmarks.opencv import opencv_analyser, prepare_opencv
from tests.benchmarks.report import Accuracy
from tests.benchmarks.rig import Rig
from tests.benchmarks.weights import for_opencv


def measure(rig: Rig) -> list[Accuracy]:
    """Verification, by the protocol of Labeled Faces in the Wild.

    Raises:
        click.ClickException: there are no pairs.
    """
    if rig.pairs is None or rig.images is None:
        raise click.ClickException("accuracy needs --images FOLDER and --pairs FILE")
    prepare_opencv()
    policy = rig.container.policy()
    text = rig.pairs.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        files = for_opencv(rig.container, rig.choice.detection, rig.choice.recognition, Path(folder))
        pipelines = {name: one.analyser for name, one in configurations(rig).items()}
        pipelines["OpenCV"] = opencv_analyser(rig.analyser, rig.choice, *files)
        found = []
        for name, pipeline in pipelines.items():
            sets = LoadSets(EmbedPhotos(pipeline, rig.choice, rig.settings.worker_count), NpzVectorFiles())
            with measuring() as progress:
                result = EvaluateVerification(sets, policy).execute([rig.images], progress, pairs=text).pairs
            assert result is not None
            accuracy = result.accuracy
            found.append(
                Accuracy(name, result.photos, len(result.undetected), accuracy.mean, accuracy.standard_error)
            )
    return found
