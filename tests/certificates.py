"""Certificates for tests, made by OpenSSL's command."""

import shutil
import subprocess
from pathlib import Path

import pytest

OPENSSL = shutil.which("openssl")
needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="the command openssl is not installed")


class Authority:
    """One that certifies services of this machine."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder = folder
        self._name = name
        self.certificate, self._key = folder / f"{name}.pem", folder / f"{name}.key"
        subject: list[str | Path] = [
            "-subj",
            f"/CN={name}",
            "-days",
            "2",
            "-keyout",
            self._key,
            "-out",
            self.certificate,
        ]
        self._run("req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject)

    def certify(self, name: str) -> tuple[Path, Path]:
        """A certificate for 127.0.0.1 and localhost, and its private key."""
        stem = self._folder / f"{self._name}-{name}"
        certificate, key, request, names = (stem.with_suffix(end) for end in (".pem", ".key", ".csr", ".cnf"))
        names.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        self._run(
            "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request
        )
        signed_by: list[str | Path] = [
            "-CA",
            self.certificate,
            "-CAkey",
            self._key,
            "-CAcreateserial",
            "-extfile",
            names,
        ]
        self._run("x509", "-req", "-in", request, "-days", "2", *signed_by, "-out", certificate)
        return certificate, key

    def locked(self, key: Path) -> Path:
        """The same private key with a password."""
        locked = key.with_suffix(".locked")
        self._run("pkey", "-in", key, "-aes128", "-passout", "pass:secret", "-out", locked)
        return locked

    @staticmethod
    def _run(*arguments: str | Path) -> None:
        subprocess.run([OPENSSL or "openssl", *arguments], check=True, capture_output=True, timeout=120)
