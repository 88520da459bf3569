"""Errors of starting the service and of commands; each message is one line for the operator."""


class StartupError(Exception):
    """The service cannot start."""


class CommandError(Exception):
    """A command cannot be carried out."""
