"""A certificate authority for tests."""

from __future__ import annotations

import datetime
from ipaddress import IPv4Address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

_HOUR = datetime.timedelta(hours=1)


class Pair(NamedTuple):
    """The files of a certificate and its key."""

    cert: str
    key: str


class Authority:
    """Signs certificates and writes them, with their keys, below a folder."""

    def __init__(self, folder: Path, name: str = "test authority") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        builder = _builder(name, self._name, self._key.public_key())
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        certificate = builder.add_extension(constraints, critical=True).sign(self._key, SHA256())
        path = folder / f"{name}.pem"
        path.write_bytes(certificate.public_bytes(Encoding.PEM))
        self.path = str(path)

    def issue(self, name: str, *, password: str = "", expired: bool = False) -> Pair:
        """A certificate for a DNS name and for 127.0.0.2 (so not for 127.0.0.1)."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(IPv4Address("127.0.0.2"))])
        builder = _builder(name, self._name, key.public_key(), expired=expired)
        certificate = builder.add_extension(names, critical=False).sign(self._key, SHA256())
        cert_path, key_path = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        cert_path.write_bytes(certificate.public_bytes(Encoding.PEM))
        secret: KeySerializationEncryption = NoEncryption()
        if password:
            secret = BestAvailableEncryption(password.encode())
        key_path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secret))
        return Pair(str(cert_path), str(key_path))


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    name: str, issuer: x509.Name, key: ec.EllipticCurvePublicKey, *, expired: bool = False
) -> x509.CertificateBuilder:
    end = datetime.datetime.now(datetime.UTC) + (-_HOUR if expired else _HOUR)
    return (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - 3 * _HOUR)
        .not_valid_after(end)
    )
