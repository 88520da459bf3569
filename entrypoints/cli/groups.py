"""Groups of commands: their help has whole sentences, and a command is imported when it is run."""

import time
from collections.abc import Mapping
from typing import Any

import click
from click.shell_completion import CompletionItem

from entrypoints.cli.imports import imported

_BEGUN = f"{__name__}.begun"


def running_command() -> str:
    """The name of the command that runs, with its group."""
    context = click.get_current_context()
    return context.command_path.removeprefix(context.find_root().command_path).strip()


def running_seconds() -> float:
    """How long it has been running."""
    begun: float = click.get_current_context().meta[_BEGUN]
    return round(time.monotonic() - begun, 3)


class Group(click.Group):
    """Lists its commands with the first paragraph of their help; click would cut off the end of it."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.summary(ctx, name)) for name in self.list_commands(ctx)])

    def summary(self, ctx: click.Context, name: str) -> str:
        """The first paragraph of a command's help."""
        command = self.get_command(ctx, name)
        return ((command and command.help) or "").partition("\n\n")[0].replace("\n", " ")


class LazyGroup(Group):
    """Imports a command when it is run."""

    def __init__(
        self, *args: Any, summaries: Mapping[str, str], modules: Mapping[str, str], **kwargs: Any
    ) -> None:
        """Both are by the commands' names; `modules` has those of this package that have another name."""
        super().__init__(*args, **kwargs)
        self._summaries = summaries
        self._modules = modules

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that is asked for."""
        ctx.meta[_BEGUN] = time.monotonic()
        return super().invoke(ctx)

    def list_commands(self, _: click.Context) -> list[str]:
        """The names, in the order in which they were given."""
        return list(self._summaries)

    def get_command(self, _: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name."""
        if cmd_name not in self._summaries:
            return None
        module = self._modules.get(cmd_name, cmd_name.replace("-", "_"))
        found = vars(imported(f"{__package__}.{module}")).values()
        return next(each for each in found if isinstance(each, click.Command) and each.name == cmd_name)

    def summary(self, ctx: click.Context, name: str) -> str:  # noqa: ARG002 (a list imports nothing)
        """What was given for this command."""
        return self._summaries[name]

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Commands and options that begin like this; click would import all commands for it."""
        names = [name for name in self._summaries if name.startswith(incomplete)]
        options = click.Command.shell_complete(self, ctx, incomplete)
        return [*(CompletionItem(name, help=self.summary(ctx, name)) for name in names), *options]
