"""What stops a measurement."""


class EvaluationError(Exception):
    """The measurement can't be made; the message is one line for the operator."""
