"""What the operator can do about an error: commands, which only the entry points know of."""

from domain.errors import FaceServiceError, ModelNotCalibrated, ModelNotInstalled


def explained(error: Exception) -> str:
    """An error's sentence, and the command that helps, if there is one."""
    if not isinstance(error, FaceServiceError):
        return str(error)
    if isinstance(error, ModelNotInstalled):
        command = f"face-api models pull {error.name}" if error.published else "face-api models add FILE"
        return f"{error.detail.rstrip('.')}; the operator can fetch it with: {command}"
    if isinstance(error, ModelNotCalibrated):
        advice = "the operator can make one with face-api calibrate, or the request can set a threshold"
        return f"{error.detail.rstrip('.')}: {advice}."
    return error.detail
