"""What metrics and JSON logs cost: `python -m tests.benchmarks.observability --images FOLDER`.

Two services run at once, one as it is with FACE_LOG_FORMAT=json, the other without metrics and with lines of text,
and take turns in short rounds, as in `tests.benchmarks.protection`.
"""

import sys
from pathlib import Path

import click

from tests.benchmarks.load import json_request, photo_request, run
from tests.benchmarks.photos import find_people
from tests.benchmarks.protection import compare, embedding, register_all
from tests.benchmarks.served import OURS, Service, folder
from tests.conftest import REPOSITORY

UNMEASURED = (sys.executable, "-m", "tests.benchmarks.unmeasured", "serve")
WITH = {"FACE_LOG_FORMAT": "json"}
WITHOUT = {"FACE_LOG_FORMAT": "text", "PYTHONPATH": str(REPOSITORY)}


@click.command()
@click.option("--rounds", type=click.IntRange(2, 1000), default=40, show_default=True)
@click.option("--seconds", type=click.FloatRange(0.2, 60), default=2.0, show_default=True, help="of a turn")
@click.option("--clients", type=click.IntRange(1, 64), default=4, show_default=True)
@click.option("--images", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(rounds: int, seconds: float, clients: int, images: Path | None) -> None:
    """Measure HTTP throughput with metrics and JSON logs, as a share of that without metrics."""
    photos = [person.probe for person in find_people(images, 10)]
    with (
        folder() as home,
        Service(OURS, Path(home) / "with", WITH) as observed,
        Service(UNMEASURED, Path(home) / "without", WITHOUT) as bare,
    ):
        for service in (observed, bare):
            service.ready()
            register_all(service, photos)
        if "face_requests_total{" in bare.client.get("/metrics").text:
            raise click.ClickException("the service that is compared with has metrics, too")
        embeddings = [embedding(bare, photo) for photo in photos[:5]]
        kinds = {
            "photos": [photo_request(photo, "/api/face/search") for photo in photos],
            "embeddings": [json_request(body, "/api/face/search/json") for body in embeddings],
        }
        for what, requests in kinds.items():
            for service in (observed, bare):
                run(service.port, requests, clients, 2)
            throughput, efficiency = compare((observed, bare), (requests, requests), rounds, seconds, clients)
            click.echo(f"{what}: throughput {throughput}, answers for the same processor time {efficiency}")


if __name__ == "__main__":
    main()
