"""What stops a measurement."""

from application.errors import CommandError


class EvaluationError(CommandError):
    """The measurement can't be made."""
