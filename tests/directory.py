"""An LDAP directory in a process of its own: OpenLDAP's slapd with a few people, and a certificate by an authority of
its own, or one of another host."""

from __future__ import annotations

import ipaddress
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

SLAPD = shutil.which("slapd") or shutil.which("slapd", path="/usr/sbin:/usr/local/sbin")
BASE = "dc=office,dc=example"
PORTAL, SECRET = f"cn=portal,{BASE}", "a-secret-of-the-directory"
PASSWORD = "Of-the-directory-1"
CONFIG = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
# As careless as servers may be: an empty password signs in, as nobody.
allow bind_anon_dn
TLSCACertificateFile {home}/ca.pem
TLSCertificateFile {home}/{certificate}.pem
TLSCertificateKeyFile {home}/{certificate}.key
database mdb
suffix "{base}"
directory {home}/{certificate}
rootdn "{portal}"
rootpw {secret}
access to attrs=userPassword by anonymous auth by * none
access to * by dn.base="{portal}" read by * none
"""
TREE = f"""
dn: {BASE}
objectClass: dcObject
objectClass: organization
dc: office
o: Office

dn: ou=people,{BASE}
objectClass: organizationalUnit
ou: people
"""
PERSON = """
dn: uid={uid},ou=people,{base}
objectClass: inetOrgPerson
uid: {uid}
cn: {uid}
sn: {uid}
displayName: {called}
userPassword: {password}
entryUUID: {number}
"""
PEOPLE = {
    **{name: f"00000000-0000-4000-8000-{n:012}" for n, name in enumerate(("filler02", "filler03", "sysadmin"), 1)},
    "neu.hier": "00000000-0000-4000-8000-00000000000a",
    "noch.einer": "00000000-0000-4000-8000-00000000000b",
}


def found() -> bool:
    """May a directory be started, and asked?"""
    return SLAPD is not None and find_spec("ldap") is not None


@dataclass(frozen=True)
class Directory:
    """Where it answers: with StartTLS, by TLS from the beginning."""

    plain: str
    secure: str
    ca: str

    def settings(self, url: str = "") -> dict[str, str]:
        return {
            "PORTAL_LDAP_URL": url or self.plain,
            "PORTAL_LDAP_CA": self.ca,
            "PORTAL_LDAP_BASE": f"ou=people,{BASE}",
            "PORTAL_LDAP_BIND_DN": PORTAL,
            "PORTAL_LDAP_BIND_PASSWORD": SECRET,
        }

    def change(self, text: str) -> None:
        """`ldapmodify` of these lines."""
        command = ["ldapmodify", "-x", "-H", self.plain, "-D", PORTAL, "-w", SECRET, "-e", "relax"]
        subprocess.run(command, input=text, text=True, check=True, capture_output=True, timeout=20)


def certify(home: Path) -> None:
    """`ca.pem`, `own.pem` of 127.0.0.1, and `other.pem` of another host, both by that authority."""
    authority = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority of the office")])
    ca = built(name, name, authority, authority).add_extension(x509.BasicConstraints(True, None), True)
    store(home / "ca.pem", ca.sign(authority, hashes.SHA256()))
    here = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    for file, host in (("own", here), ("other", x509.DNSName("ldap.elsewhere.example"))):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, file)])
        found = built(subject, name, key, authority).add_extension(x509.SubjectAlternativeName([host]), False)
        store(home / f"{file}.pem", found.sign(authority, hashes.SHA256()))
        text = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
        (home / f"{file}.key").write_bytes(text)


def built(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, authority) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    found = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    found = found.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=2))
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())
    return found.serial_number(x509.random_serial_number()).add_extension(identifier, False)


def store(path: Path, certificate: x509.Certificate) -> None:
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def running(home: Path, certificate: str = "own") -> Iterator[Directory]:
    if not (home / "ca.pem").exists():
        certify(home)
    config = home / f"{certificate}.conf"
    config.write_text(CONFIG.format(home=home, certificate=certificate, base=BASE, portal=PORTAL, secret=SECRET))
    (home / certificate).mkdir()
    people = (
        PERSON.format(uid=uid, base=BASE, called=f"李四{number[-1]}", password=PASSWORD, number=number)
        for uid, number in PEOPLE.items()
    )
    load = [SLAPD, "-T", "add", "-q", "-f", str(config)]
    subprocess.run(load, input=TREE + "".join(people), text=True, check=True, capture_output=True, timeout=30)
    plain, secure = (f"{scheme}://127.0.0.1:{free_port()}" for scheme in ("ldap", "ldaps"))
    command = [SLAPD, "-d", "0", "-f", str(config), "-h", f"{plain} {secure}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(int(plain.rpartition(":")[2]))
        yield Directory(plain, secure, str(home / "ca.pem"))
    finally:
        process.terminate()
        process.wait(20)


def wait_for(port: int) -> None:
    end = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=2).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return
