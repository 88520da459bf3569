"""What can go wrong with a download."""


class DownloadError(Exception):
    """The file could not be fetched; the message is one line for the operator."""
