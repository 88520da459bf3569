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

    def __init__(self, *args: Any, lazy: Mapping[str, tuple[str, str]], **kwargs: Any) -> None:
        """`lazy` has, by a command's name, `module:function` and the summary for the list."""
        super().__init__(*args, **kwargs)
        self._lazy = lazy

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that is asked for."""
        ctx.meta[_BEGUN] = time.monotonic()
        return super().invoke(ctx)

    def list_commands(self, _: click.Context) -> list[str]:
        """The names, in the order in which they were given."""
        return list(self._lazy)

    def get_command(self, _: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name."""
        if cmd_name not in self._lazy:
            return None
        module, function = self._lazy[cmd_name][0].split(":")
        command: click.Command = getattr(imported(module), function)
        return command

    def summary(self, ctx: click.Context, name: str) -> str:  # noqa: ARG002 (a list imports nothing)
        """What was given for this command."""
        return self._lazy[name][1]

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Commands and options that begin like this; click would import all commands for it."""
        names = [name for name in self._lazy if name.startswith(incomplete)]
        options = click.Command.shell_complete(self, ctx, incomplete)
        return [*(CompletionItem(name, help=self.summary(ctx, name)) for name in names), *options]
