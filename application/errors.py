"""What stops the service from starting."""


class StartupError(Exception):
    """The service cannot start; its message is one line for the operator."""
