"""`python -m tests.benchmarks.opencv_service`: our HTTP, database and workers around OpenCV's pipeline."""

import tempfile
from pathlib import Path

from dependency_injector import providers

from application.analysis.analyser import FaceAnalyser
from entrypoints.bootstrap.container import Container
from entrypoints.bootstrap.settings import load_settings
from entrypoints.cli.serve import serve_with
from tests.benchmarks.opencv import opencv_analyser, prepare_opencv
from tests.benchmarks.weights import for_opencv


def main() -> None:
    """As `face-api serve`."""
    settings = load_settings().of_one_process()
    prepare_opencv()
    container = Container(settings=providers.Object(settings))
    ours: FaceAnalyser = container.analyser()
    choice = ours.models.choose(None, None)
    with tempfile.TemporaryDirectory() as folder:
        files = for_opencv(container, choice.detection, choice.recognition, Path(folder))
        container.analyser.override(providers.Object(opencv_analyser(ours, choice, *files)))
        serve_with(settings, lambda: container)


if __name__ == "__main__":
    main()
