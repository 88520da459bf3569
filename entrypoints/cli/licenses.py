"""`face-api licenses`: the licences of what the service is made of."""

import click
import msgspec
from dependency_injector import providers
from rich.console import Console
from rich.table import Table

from adapters.onnx.catalogue.entries import Catalogue
from adapters.onnx.catalogue.files import ModelFiles
from adapters.system.distributions import InstalledDistribution, runtime_dependencies
from entrypoints.bootstrap.container import Container
from entrypoints.bootstrap.settings import load_settings
from entrypoints.cli.bulk import JSON
from entrypoints.cli.models import WIDTH
from entrypoints.cli.reports import echo_json

DISTRIBUTION = "face-api"


class ModelLicence(msgspec.Struct, frozen=True):
    """The licence of a model's weights."""

    name: str
    installed: bool
    licence: str
    commercial: bool
    """Whether the weights may be used commercially, as far as their publisher says."""
    source: str


@click.command("licenses")
@JSON
def licenses(*, as_json: bool) -> None:
    """List the licences of all runtime dependencies, and of all models' weights.

    What a distribution has built in of others is in the licence files that it comes with.
    """
    distributions = runtime_dependencies(DISTRIBUTION)
    container = Container(settings=providers.Object(load_settings()))
    models = _models(container.catalogue(), container.model_files())
    if as_json:
        echo_json({"distributions": distributions, "models": models})
        return
    console = Console(width=WIDTH)
    console.print(_distribution_table(distributions))
    console.print()
    console.print(_model_table(models))


def _models(catalogue: Catalogue, files: ModelFiles) -> list[ModelLicence]:
    return [
        ModelLicence(
            name=name,
            installed=files.installed(entry),
            licence=entry.licence,
            commercial=entry.commercial,
            source=entry.source,
        )
        for name, entry in catalogue.entries.items()
    ]


def _distribution_table(distributions: list[InstalledDistribution]) -> Table:
    table = Table("DISTRIBUTION", "VERSION", "LICENCE", box=None, pad_edge=False)
    for each in distributions:
        table.add_row(each.name, each.version or "not installed", each.licence or "not stated")
    return table


def _model_table(models: list[ModelLicence]) -> Table:
    table = Table("MODEL", "INSTALLED", "COMMERCIAL USE", "LICENCE OF THE WEIGHTS", box=None, pad_edge=False)
    for each in models:
        table.add_row(
            each.name, "yes" if each.installed else "no", "yes" if each.commercial else "no", each.licence
        )
    return table
