"""What stops the service from starting, or a command from being carried out."""


class StartupError(Exception):
    """The service cannot start; its message is one line for the operator."""


class CommandError(Exception):
    """A command can't be carried out; its message is one line for the operator."""
