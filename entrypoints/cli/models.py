"""`face-api models list | pull | verify | add`."""

import logging
from collections.abc import Iterable
from pathlib import Path

import click
from dependency_injector import providers
from rich.console import Console
from rich.progress import DownloadColumn, Progress
from rich.table import Table

from adapters.download.errors import DownloadError
from adapters.download.fetch import fetch
from adapters.onnx.catalogue import Catalogue, ModelEntry, Task
from adapters.onnx.files import ModelFiles
from adapters.onnx.library import DETECTORS, EMBEDDERS, SPOOF_DETECTORS
from adapters.onnx.registry import known_as, put, remember, sha256_of
from domain.errors import FaceServiceError, ModelNotInstalled, UnknownModel
from entrypoints.bootstrap.container import Container
from entrypoints.bootstrap.remedies import explained
from entrypoints.bootstrap.settings import load_settings

TASK_OF: dict[str, Task] = {
    **dict.fromkeys(DETECTORS, "detection"),
    **dict.fromkeys(EMBEDDERS, "recognition"),
    **dict.fromkeys(SPOOF_DETECTORS, "anti_spoofing"),
}
"""By family."""

COLUMNS = ("NAME", "TASK", "INSTALLED", "COMMERCIAL USE", "DIMENSIONS", "LICENCE OF THE WEIGHTS")
WIDTH = 200
"""Whatever the terminal has: one line a model, and no name cut off."""


@click.group()
def models() -> None:
    """See, fetch and check model files."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")


@models.command("list")
def list_models() -> None:
    """List the models of the catalogue, and which of them are installed."""
    catalogue, files = _container().catalogue(), _container().model_files()
    table = Table(*COLUMNS, box=None, pad_edge=False)
    for name, entry in catalogue.entries.items():
        table.add_row(
            name,
            entry.task,
            "yes" if files.installed(entry) else "no",
            "yes" if entry.commercial else "no",
            str(entry.dimensions or ""),
            entry.licence,
        )
    Console(width=WIDTH).print(table)


@models.command()
@click.argument("names", nargs=-1, required=True)
def pull(names: tuple[str, ...]) -> None:
    """Fetch models by name; an interrupted transfer is continued by the next call."""
    catalogue, files = _container().catalogue(), _container().model_files()
    for name, entry in _chosen(catalogue, names):
        _pull(name, entry, files)


@models.command()
@click.argument("names", nargs=-1)
def verify(names: tuple[str, ...]) -> None:
    """Check that models are whole and of their family.

    Without NAMES, all that are installed, and those that the configuration names.
    """
    container = _container()
    catalogue, files, library = container.catalogue(), container.model_files(), container.models()
    installed = [name for name, entry in catalogue.entries.items() if files.installed(entry)]
    try:
        wanted = [library.meant(name) for name in names or (*installed, *container.settings().models_named)]
    except UnknownModel as error:
        raise click.ClickException(str(error)) from error
    checked = list(dict.fromkeys(wanted))
    bad = 0
    for name in checked:
        problem = _problem(container, name)
        click.echo(f"{name}: {problem or 'ok'}")
        bad += problem is not None
    if bad:
        raise click.ClickException(f"{bad} of {len(checked)} models can't be used")


@models.command()
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", help="for a file that the catalogue doesn't know: the name it shall have")
@click.option("--family", type=click.Choice(sorted(TASK_OF)), help="likewise: the adapter that runs it")
@click.option("--licence", default="not stated", show_default=True, help="likewise: of the weights")
@click.option("--commercial", is_flag=True, help="likewise: the weights may be used commercially")
def add(path: Path, name: str | None, family: str | None, licence: str, *, commercial: bool) -> None:
    """Install a model from a file, after checking it."""
    container = _container()
    catalogue, files = container.catalogue(), container.model_files()
    known = known_as(catalogue, path)
    if known is not None:
        if catalogue.entries[known].package:
            click.echo(f"{known} comes with the installation")
            return
        put(files, catalogue.entries[known], path)
        click.echo(f"{known} is installed; licence of the weights: {catalogue.entries[known].licence}")
        return
    if name is None or family is None:
        raise click.ClickException("the catalogue doesn't know this file: give it a --name and a --family")
    if name in catalogue.entries:
        raise click.ClickException(f"the catalogue has another model named {name}")
    entry = ModelEntry(
        task=TASK_OF[family],
        family=family,
        file=f"{name}.onnx",
        sha256=sha256_of(path),
        size=path.stat().st_size,
        licence=licence,
        commercial=commercial,
        source="added by the operator",
        input="",
    )
    try:
        entry = container.models().describe(path.read_bytes(), entry)
    except FaceServiceError as error:
        raise click.ClickException(str(error)) from error
    put(files, entry, path)
    remember(container.settings().own_catalogue, name, entry)
    click.echo(f"{name} is installed, for {entry.task.replace('_', '-')}")


def _container() -> Container:
    return Container(settings=providers.Object(load_settings()))


def _chosen(catalogue: Catalogue, names: Iterable[str]) -> list[tuple[str, ModelEntry]]:
    known = {**catalogue.entries}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise click.ClickException(f"no model is named {unknown[0]}; there are: {', '.join(known)}")
    return [(name, known[name]) for name in names]


def _pull(name: str, entry: ModelEntry, files: ModelFiles) -> None:
    if entry.package or entry.url is None:
        raise click.ClickException(
            f"{name} comes with the installation"
            if entry.package
            else f"{name} is published at no fixed address: get {entry.file} and run face-api models add FILE"
        )
    use = "may be used commercially" if entry.commercial else "NOT for commercial use"
    click.echo(f"{name}: licence of the weights: {entry.licence} ({use})")
    target = files.folder / entry.file
    if target.exists() and sha256_of(target) == entry.sha256:
        click.echo(f"{name} is installed already")
        return
    with Progress(*Progress.get_default_columns(), DownloadColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task(entry.file, total=entry.size)
        try:
            fetch(
                entry.url,
                target,
                sha256=entry.sha256,
                size=entry.size,
                progress=lambda step: bar.advance(task, step),
            )
        except DownloadError as error:
            raise click.ClickException(f"{name}: {error}") from error
    click.echo(f"{name} is installed")


def _problem(container: Container, name: str) -> str | None:
    catalogue, library = container.catalogue(), container.models()
    try:
        library.load(name)
    except ModelNotInstalled as error:
        return explained(error)
    except FaceServiceError as error:
        path = container.model_files().path(catalogue.entries[name])
        other = known_as(catalogue, path) if path.is_file() else None
        return f"{error} It is {path}" + (f", and it is the file of {other}." if other else ".")
    return None
