"""Prepared models on disk, so that only the first start pays for the preparation."""

import contextlib
import hashlib
import logging
import os
import tempfile
from pathlib import Path

from onnx import ModelProto, helper

from adapters.onnx.graphs.preparation import PREPARATION_VERSION, Dialect, FreeAxes, Precision, prepare

logger = logging.getLogger(__name__)


class PreparedModels:
    """A folder of prepared models, each under its source's SHA-256 and the preparation's version.

    Any number of threads and processes may use the folder at once: an entry appears whole or not at all.
    An entry is an ONNX file that ends with a seal, its own SHA-256, and is made anew when that is wrong.
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

        A folder that can't be written costs time at every start, nothing else.

        Raises:
            BrokenModel: the source can't be prepared.
        """
        how = f"v{PREPARATION_VERSION}.{free.value}.{dialect.value}.{precision.value}"
        entry = self._folder / f"{hashlib.sha256(source).hexdigest()}-{how}.onnx"
        with contextlib.suppress(OSError):
            data = entry.read_bytes()
            if is_sealed(data):
                return data
            logger.warning("a prepared model in the cache is damaged and is made anew")
        data = sealed(prepare(source, free, dialect, precision))
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_atomically(entry, data)
        except OSError as error:
            logger.warning("a prepared model can't be cached: %s", error)
        return data


def sealed(model: bytes) -> bytes:
    """The model with the SHA-256 of its bytes in its metadata.

    Messages of protobuf merge when their bytes are joined, so the seal is a second, nearly empty model that
    is appended: the whole stays an ONNX file that any tool opens.
    """
    seal = ModelProto()
    helper.set_model_props(seal, {"sha256": hashlib.sha256(model).hexdigest()})
    return model + bytes(seal.SerializeToString())


_SEAL_LENGTH = len(sealed(b""))


def is_sealed(data: bytes) -> bool:
    """Whether the data is exactly what `sealed` made of some model."""
    return len(data) > _SEAL_LENGTH and data == sealed(data[:-_SEAL_LENGTH])


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file that other processes see either whole or not at all, even if the machine stops.

    Raises:
        OSError: the folder can't be written.
    """
    descriptor, name = tempfile.mkstemp(prefix=path.name, suffix=".part", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
