"""`face-api models list | pull | verify | add | export`."""

import logging
from pathlib import Path

import click
from dependency_injector import providers
from rich.console import Console
from rich.progress import DownloadColumn
from rich.table import Table

from adapters.download.fetch import DownloadError, fetch
from adapters.onnx.catalogue.entries import ModelEntry, Task
from adapters.onnx.catalogue.files import ModelFiles
from adapters.onnx.catalogue.installation import add_entry, file_sha256, install_file, name_of_file
from adapters.onnx.families import DETECTORS, EMBEDDERS, SPOOF_DETECTORS
from adapters.onnx.triton import write_model
from domain.errors import FaceServiceError, ModelNotInstalled, UnknownModel
from entrypoints.bootstrap.container import Container
from entrypoints.bootstrap.remedies import explained
from entrypoints.bootstrap.settings import load_settings
from entrypoints.cli.bulk import FILE, JSON
from entrypoints.cli.groups import Group
from entrypoints.cli.progress import progress
from entrypoints.cli.reports import echo_json, output_report

TASK_OF: dict[str, Task] = {
    **dict.fromkeys(DETECTORS, "detection"),
    **dict.fromkeys(EMBEDDERS, "recognition"),
    **dict.fromkeys(SPOOF_DETECTORS, "anti_spoofing"),
}
"""The task of each family of models."""

COLUMNS = ("NAME", "TASK", "INSTALLED", "COMMERCIAL USE", "DIMENSIONS", "LICENCE OF THE WEIGHTS")
WIDTH = 200
"""Characters a line, whatever the terminal has: one line a model, and no name is cut off."""


@click.group(cls=Group)
def models() -> None:
    """List, fetch, check and add model files."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")


@models.command("list")
@JSON
def list_models(*, as_json: bool) -> None:
    """List the models of the catalogue, and which of them are installed."""
    catalogue, files = _container().catalogue(), _container().model_files()
    if as_json:
        echo_json([_described(name, entry, files) for name, entry in catalogue.entries.items()])
        return
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
@JSON
def pull(names: tuple[str, ...], *, as_json: bool) -> None:
    """Fetch models by name; an interrupted transfer is continued by the next call."""
    catalogue, files = _container().catalogue(), _container().model_files()
    if unknown := [name for name in names if name not in catalogue.entries]:
        raise click.ClickException(
            f"no model is named {unknown[0]}; there are: {', '.join(catalogue.entries)}"
        )
    installed = []
    for name in names:
        entry = catalogue.entries[name]
        address = _address(name, entry)
        if not as_json:
            use = "may be used commercially" if entry.commercial else "NOT for commercial use"
            click.echo(f"{name}: licence of the weights: {entry.licence} ({use})")
        new = _pull(name, entry, address, files)
        installed.append({**_described(name, entry, files), "new": new})
        if not as_json:
            click.echo(f"{name} is installed {f'in {files.folder}' if new else 'already'}")
    if as_json:
        echo_json(installed)


@models.command()
@click.argument("names", nargs=-1)
@JSON
def verify(names: tuple[str, ...], *, as_json: bool) -> None:
    """Check that models are whole and of their family.

    Without NAMES, all that are installed, and those that the configuration names.
    """
    container = _container()
    catalogue, files, library = container.catalogue(), container.model_files(), container.local_models()
    installed = [name for name, entry in catalogue.entries.items() if files.installed(entry)]
    try:
        wanted = [library.resolve(name) for name in names or (*installed, *container.settings().models_named)]
    except UnknownModel as error:
        raise click.ClickException(str(error)) from error
    problems: dict[str, str | None] = {}
    for name in dict.fromkeys(wanted):
        problems[name] = _problem(container, name)
        if not as_json:
            click.echo(f"{name}: {problems[name] or 'ok'}")
    if as_json:
        echo_json([{"name": name, "problem": problem} for name, problem in problems.items()])
    if failed := sum(problem is not None for problem in problems.values()):
        raise click.ClickException(f"{failed} of {len(problems)} models can't be used")


@models.command()
@click.argument("path", type=FILE)
@click.option("--name", help="the model's name, if the catalogue doesn't know the file")
@click.option("--family", type=click.Choice(sorted(TASK_OF)), help="its family, which says how it is run")
@click.option("--licence", default="not stated", show_default=True, help="of the weights")
@click.option("--commercial", is_flag=True, help="the weights may be used commercially")
@JSON
def add(
    path: Path, name: str | None, family: str | None, licence: str, *, commercial: bool, as_json: bool
) -> None:
    """Install a model from a file, after checking it."""
    container = _container()
    catalogue, files = container.catalogue(), container.model_files()
    known = name_of_file(catalogue, path)
    if known is not None:
        entry = catalogue.entries[known]
        if (name or known, family or entry.family) != (known, entry.family):
            raise click.ClickException(
                f"the catalogue knows this file as {known}, of the family {entry.family}: leave out --name and"
                " --family; FACE_MODEL_ALIASES gives it other names"
            )
        if entry.package:
            text = f"{known} comes with the installation"
        else:
            install_file(files, entry, path)
            text = f"{known} is installed in {files.folder}; licence of the weights: {entry.licence}"
        output_report(_described(known, entry, files), text, as_json=as_json)
        return
    if name is None or family is None:
        raise click.ClickException("the catalogue doesn't know this file: give it a --name and a --family")
    if name in catalogue.entries:
        raise click.ClickException(f"the catalogue has another model named {name}")
    entry = ModelEntry(
        task=TASK_OF[family],
        family=family,
        file=f"{name}.onnx",
        sha256=file_sha256(path),
        size=path.stat().st_size,
        licence=licence,
        commercial=commercial,
        source="added by the operator",
        input="",
    )
    try:
        entry = container.local_models().describe(path.read_bytes(), entry)
    except FaceServiceError as error:
        raise click.ClickException(str(error)) from error
    install_file(files, entry, path)
    add_entry(container.settings().own_catalogue, name, entry)
    text = f"{name} is installed in {files.folder}, for {entry.task.replace('_', '-')}"
    output_report(_described(name, entry, files), text, as_json=as_json)


@models.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.argument("names", nargs=-1)
@click.option("--format", "kind", type=click.Choice(["triton"]), default="triton", show_default=True)
@JSON
def export(
    folder: Path,
    names: tuple[str, ...],
    kind: str,  # noqa: ARG001 (there is one kind)
    *,
    as_json: bool,
) -> None:
    """Write a model repository for another server, from the prepared graphs.

    Without NAMES, of the configured models.
    """
    container = _container()
    library = container.local_models()
    written: dict[str, Path] = {}
    try:
        for name in dict.fromkeys(map(library.resolve, names or container.settings().models_named)):
            model = library.prepared(name)
            write_model(folder, name, model, library.sha256(name))
            written[name] = folder / name
            if not as_json:
                click.echo(f"{name} is in {written[name]}")
    except FaceServiceError as error:
        raise click.ClickException(explained(error)) from error
    except OSError as error:
        raise click.ClickException(f"{folder} can't be written: {error.strerror}") from error
    if as_json:
        echo_json([{"name": name, "folder": str(path)} for name, path in written.items()])


def _container() -> Container:
    return Container(settings=providers.Object(load_settings()))


def _described(name: str, entry: ModelEntry, files: ModelFiles) -> dict[str, object]:
    """For JSON."""
    return {
        "name": name,
        "task": entry.task,
        "installed": files.installed(entry),
        "commercial": entry.commercial,
        "dimensions": entry.dimensions,
        "licence": entry.licence,
    }


def _address(name: str, entry: ModelEntry) -> str:
    """Where a model's file is fetched from."""
    if entry.package:
        raise click.ClickException(f"{name} comes with the installation")
    if entry.url is None:
        raise click.ClickException(
            f"{name} is published at no fixed address: get {entry.file} and run face-api models add FILE"
        )
    return entry.url


def _pull(name: str, entry: ModelEntry, address: str, files: ModelFiles) -> bool:
    """Fetch a model's file; False if it was there."""
    target = files.folder / entry.file
    if target.exists() and file_sha256(target) == entry.sha256:
        return False
    received = 0
    with progress(entry.file, entry.size, counts=DownloadColumn()) as update:

        def step(count: int) -> None:
            nonlocal received
            received += count
            update(received)

        try:
            fetch(
                address,
                target,
                sha256=entry.sha256,
                size=entry.size,
                progress=step,
            )
        except DownloadError as error:
            raise click.ClickException(f"{name}: {error}") from error
    return True


def _problem(container: Container, name: str) -> str | None:
    catalogue, library = container.catalogue(), container.local_models()
    try:
        library.load(name)
    except ModelNotInstalled as error:
        return explained(error)
    except FaceServiceError as error:
        path = container.model_files().path(catalogue.entries[name])
        other = name_of_file(catalogue, path) if path.is_file() else None
        return f"{error} It is {path}" + (f", and it is the file of {other}." if other else ".")
    return None
