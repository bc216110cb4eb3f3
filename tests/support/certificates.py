"""Certificates of this test's own, made by OpenSSL's program."""

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest


class Pair(NamedTuple):
    certificate: Path
    key: Path


def make(folder: Path, name: str, days: int = 30) -> Pair:
    """For 127.0.0.1 and localhost; the subject is `name`."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not here: install Debian's package openssl")
    pair = Pair(folder / f"{name}.pem", folder / f"{name}.key")
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", str(days)]
    names = ["-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    files = ["-out", str(pair.certificate), "-keyout", str(pair.key)]
    subprocess.run([program, "req", *kind, *names, *files], check=True, capture_output=True, timeout=60)
    return pair
