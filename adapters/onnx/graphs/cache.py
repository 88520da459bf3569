"""Prepared models on disk, so that only the first start takes the time of the preparation."""

import contextlib
import hashlib
import logging
from pathlib import Path

from onnx import ModelProto, helper

from adapters.onnx.graphs.preparation import PREPARATION_VERSION, Dialect, FreeAxes, prepare
from adapters.system.files import write_atomically
from adapters.system.locks import exclusive
from domain.models import Precision

logger = logging.getLogger("face.models")


class PreparedModels:
    """A folder of prepared models, each under its source's SHA-256 and the preparation's version.

    Any number of threads and processes may use the folder concurrently; one of them prepares a model, the others wait
    for it. An entry is an ONNX file that ends with a
    checksum of its content, and is replaced if that is wrong.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def prepared(
        self,
        source: bytes,
        free: FreeAxes,
        dialect: Dialect = Dialect.ONNXRUNTIME,
        precision: Precision = Precision.FLOAT,
    ) -> bytes:
        """The prepared form of a serialised ONNX model.

        If the folder can't be written, only the time of every start is longer.

        Raises:
            BrokenModel: the source can't be prepared.
        """
        variant = f"v{PREPARATION_VERSION}.{free.value}.{dialect.value}.{precision.value}"
        entry = self._folder / f"{hashlib.sha256(source).hexdigest()}-{variant}.onnx"
        if (data := _read(entry)) is not None:
            return data
        with exclusive(self._folder):
            if (data := _read(entry)) is not None:  # another one has prepared it meanwhile
                return data
            data = with_checksum(prepare(source, free, dialect, precision))
            try:
                write_atomically(entry, data)
            except OSError as error:
                logger.warning("a prepared model can't be cached: %s", error)
            return data


def _read(entry: Path) -> bytes | None:
    with contextlib.suppress(OSError):
        data = entry.read_bytes()
        if has_checksum(data):
            return data
        logger.warning("a prepared model in the cache is damaged; it is prepared again")
    return None


def with_checksum(model: bytes) -> bytes:
    """The model with the SHA-256 of its bytes in its metadata.

    Concatenated protobuf messages merge, so the checksum is appended as a second, nearly empty model: the whole
    stays an ONNX file that any tool opens.
    """
    return model + _checksum(model)


def _checksum(model: bytes | memoryview) -> bytes:
    checksum = ModelProto()
    helper.set_model_props(checksum, {"sha256": hashlib.sha256(model).hexdigest()})
    return bytes(checksum.SerializeToString())


_CHECKSUM_LENGTH = len(_checksum(b""))


def has_checksum(data: bytes) -> bool:
    """Whether the data is exactly what `with_checksum` made of some model."""
    model = memoryview(data)[:-_CHECKSUM_LENGTH]  # tens of megabytes, of which no copy is made
    return len(model) > 0 and data[-_CHECKSUM_LENGTH:] == _checksum(model)
