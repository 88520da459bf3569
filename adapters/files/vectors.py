"""Embeddings of labelled photos in NumPy's `.npz` files.

`vectors` is N x D floating point, as the network gives them or of unit norm, a row of NaN for a photo without a face;
`person` has N numbers or names. Optional are `photo` (N names), `detection_model` and `recognition_model` (one name
each). Every other array of N texts, integers or booleans is a label of the photos, as `view` is; the rest is ignored.
"""

import math
import os
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, TypeAlias

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray
from typing_extensions import override

from adapters.system.files import replaceable
from application.evaluation.errors import EvaluationError
from application.ports.vectors import PhotoVectors, VectorFiles
from domain.models import ModelChoice

MAX_BYTES = 2**31
"""Largest array, unpacked: a million vectors of 512 numbers."""
MAX_ARRAYS = 64
MAX_DIMENSIONS = 4096
MAX_TEXT = 256
"""Most characters of a name or a label."""

_VECTORS, _PERSON, _PHOTO = "vectors", "person", "photo"
_MODELS = ("detection_model", "recognition_model")
_LABEL_KINDS = "Uiub"
"""Texts, integers, unsigned integers and booleans; a floating point number is no label."""

Header: TypeAlias = tuple[tuple[int, ...], bool, np.dtype[np.generic]]
_HEADERS: Mapping[tuple[int, int], Callable[[IO[bytes]], Header]] = {
    (1, 0): npy.read_array_header_1_0,
    (2, 0): npy.read_array_header_2_0,
}

_DAMAGE = (ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError)
"""What reading a member raises that is no array, is encrypted, or doesn't have the checksum that it should."""


class NpzVectorFiles(VectorFiles):
    """Bounds what it reads, and never unpickles."""

    @override
    def read(self, path: Path) -> PhotoVectors:
        try:
            with zipfile.ZipFile(path) as archive:
                return _content(archive, path)
        except (OSError, zipfile.BadZipFile) as error:
            reason = getattr(error, "strerror", None) or "it is no .npz file"
            raise EvaluationError(f"can't read {path}: {reason}") from error

    @override
    def write(self, content: PhotoVectors, path: Path) -> None:
        arrays: dict[str, NDArray[np.generic]] = {
            **{label: np.array(values) for label, values in content.labels.items()},
            _VECTORS: content.vectors,
            _PERSON: np.array(content.people),
            _PHOTO: np.array(content.photos),
        }
        if content.models is not None:
            names = content.models.detection, content.models.recognition
            arrays |= {key: np.array(name) for key, name in zip(_MODELS, names, strict=True)}
        part: Path | None = None
        try:
            path = replaceable(path)
            part = path.with_name(path.name + ".part")
            with open(part, "wb", opener=_owner_only) as file:
                os.fchmod(file.fileno(), 0o600)  # it may have been there
                np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
            part.replace(path)
        except OSError as error:
            if part is not None:
                part.unlink(missing_ok=True)
            raise EvaluationError(f"can't write {path}: {os.strerror(error.errno or 0)}") from error


def _owner_only(path: str, flags: int) -> int:
    """Embeddings are biometric data."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def _content(archive: zipfile.ZipFile, path: Path) -> PhotoVectors:
    members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    if len(members) > MAX_ARRAYS:
        raise EvaluationError(f"{path} has {len(members)} arrays; {MAX_ARRAYS} are the most")
    for key in (_VECTORS, _PERSON):
        if key not in members:
            raise EvaluationError(f"{path} has no array `{key}`")
    arrays = _Arrays(archive, members, path)
    vectors = _vectors(arrays)
    people = arrays.texts(_PERSON, len(vectors))
    numbered = tuple(map(str, range(len(vectors))))
    labels = {
        key: arrays.texts(key, len(vectors))
        for key in members
        if key not in {_VECTORS, _PERSON, _PHOTO, *_MODELS} and arrays.is_label(key, len(vectors))
    }
    return PhotoVectors(
        vectors,
        people,
        arrays.texts(_PHOTO, len(vectors)) if _PHOTO in members else numbered,
        labels,
        _models(arrays) if all(key in members for key in _MODELS) else None,
    )


def _vectors(arrays: "_Arrays") -> NDArray[np.float32]:
    shape, dtype = arrays.header(_VECTORS)
    if len(shape) != 2 or dtype.kind != "f" or not shape[0] or not 1 < shape[1] <= MAX_DIMENSIONS:  # noqa: PLR2004
        raise EvaluationError(
            f"{arrays.path}: `vectors` must be N x D floating point, D from 2 to {MAX_DIMENSIONS}"
        )
    vectors = np.asarray(arrays.load(_VECTORS), dtype=np.float32)
    missing = np.isnan(vectors).all(axis=1)
    if not np.isfinite(vectors[~missing]).all() or not vectors[~missing].any(axis=1).all():
        raise EvaluationError(f"{arrays.path}: `vectors` has rows that are zero or not finite")
    return vectors


def _models(arrays: "_Arrays") -> ModelChoice:
    detection, recognition = (arrays.text(key) for key in _MODELS)
    return ModelChoice(detection, recognition)


class _Arrays:
    """The arrays of one archive, whose headers are checked before they are read."""

    def __init__(self, archive: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo], path: Path) -> None:
        self.path = path
        self._archive = archive
        self._members = members

    def header(self, key: str) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
        """Shape and type, once they are known to fit the member's size: nothing is allocated for what isn't there."""
        info = self._members[key]
        try:
            with self._archive.open(info) as file:
                version = npy.read_magic(file)
                shape, _, dtype = _HEADERS[version](file)
        except _DAMAGE as error:
            raise EvaluationError(f"{self.path}: `{key}` is damaged, or no array") from error
        size = math.prod(shape) * dtype.itemsize
        if dtype.hasobject or size > min(info.file_size, MAX_BYTES):
            raise EvaluationError(f"{self.path}: `{key}` is too large, or not of plain numbers or texts")
        return shape, dtype

    def load(self, key: str) -> NDArray[np.generic]:
        """The array, after its header was checked."""
        try:
            with self._archive.open(self._members[key]) as file:
                return np.asarray(npy.read_array(file, allow_pickle=False))
        except _DAMAGE as error:
            raise EvaluationError(f"{self.path}: `{key}` is damaged, or no array") from error

    def is_label(self, key: str, count: int) -> bool:
        """Whether it has a label for each photo."""
        shape, dtype = self.header(key)
        return shape == (count,) and dtype.kind in _LABEL_KINDS

    def texts(self, key: str, count: int) -> tuple[str, ...]:
        """One text for each photo."""
        if not self.is_label(key, count):
            raise EvaluationError(f"{self.path}: `{key}` must have {count} numbers or texts, one a photo")
        texts = tuple(map(str, self.load(key).tolist()))
        if max(map(len, texts)) > MAX_TEXT:
            raise EvaluationError(f"{self.path}: `{key}` has texts of more than {MAX_TEXT} characters")
        return texts

    def text(self, key: str) -> str:
        """A single text."""
        shape, dtype = self.header(key)
        if shape != () or dtype.kind != "U":
            raise EvaluationError(f"{self.path}: `{key}` must be one text")
        return str(self.load(key))[:MAX_TEXT]
