"""`face-api completion`."""

import click
from click.shell_completion import get_completion_class

VARIABLE = "_FACE_API_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what lets a shell complete commands and options.

    For bash add the output to ~/.bashrc, for zsh to ~/.zshrc; for fish write it to
    ~/.config/fish/completions/face-api.fish.
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.ClickException(f"there is no completion for {shell}")
    click.echo(kind(context.find_root().command, {}, "face-api", VARIABLE).source())
