"""Every setting: its name in the environment, its default, what it means.

A wrong value stops the start and names the right ones.
"""

from __future__ import annotations

import difflib
import os
import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from click import ClickException

HERE = Path(__file__).resolve().parent
LANGUAGES = {
    "zh_Hans": {"flag": "cn", "name": "简体中文"},
    "zh_Hant": {"flag": "cn", "name": "繁體中文"},
    "en": {"flag": "gb", "name": "English"},
}
SETTINGS = {
    "PORTAL_ENV": "development | production",
    "PORTAL_HOST": "address to serve on (127.0.0.1)",
    "PORTAL_PORT": "port to serve on (8080)",
    "PORTAL_DATABASE_URL": "SQLAlchemy address of the database (SQLite in the data directory)",
    "PORTAL_DATA_DIR": "directory of database, attachments and keys (./instance)",
    "PORTAL_SECRET_KEY": "signs sessions; made and kept in the data directory when absent; required in production",
    "PORTAL_TRUSTED_HOSTS": "host names answered, with commas (host served, localhost, 127.0.0.1)",
    "PORTAL_PROXIES": "how many web servers stand before the portal (0)",
    "PORTAL_THREE_ADMINS": "on | off (off); on switches the combined admin role off",
    "PORTAL_ROW_SECURITY": "on | off (off); on PostgreSQL the database itself refuses rows out of scope, too",
    "PORTAL_SERVING_ROLE": "role of PostgreSQL to serve as; `portal init`, run by the owner, grants what it needs",
    "PORTAL_DEMO": "none | tiny | article (tiny in development, none in production): what an empty database gets",
    "PORTAL_DEMO_PASSWORD": "password of all demo accounts; made and printed when absent",
    "PORTAL_FILES": "directory | s3://bucket?endpoint=… (directory): where attachments lie",
    "PORTAL_OIDC_ISSUER": "address of an OpenID Connect provider to sign in by (none)",
    "PORTAL_OIDC_CLIENT_ID": "the portal's id there",
    "PORTAL_OIDC_CLIENT_SECRET": "and its secret",
    "PORTAL_OIDC_CLAIM": "the claim that names the portal's account (preferred_username)",
    "PORTAL_OIDC_SCOPES": "what is asked of the provider (openid profile)",
    "PORTAL_OIDC_LABEL": "what the button on the sign-in page calls it",
    "PORTAL_OIDC_CREATE": "on | off (off); on makes accounts, without roles, that wait to be authorised",
    "PORTAL_LDAP_URL": "ldaps://host or ldap://host of an LDAP directory to sign in by (none)",
    "PORTAL_LDAP_STARTTLS": "on | off (on): whether ldap:// is encrypted; off on this machine or in development only",
    "PORTAL_LDAP_CA": "file with the certificate that the directory's is signed by (what libldap trusts by itself)",
    "PORTAL_LDAP_BASE": "below which entry people are",
    "PORTAL_LDAP_BIND_DN": "the entry that the portal looks people up as (without signing in)",
    "PORTAL_LDAP_BIND_PASSWORD": "and its password",
    "PORTAL_LDAP_FILTER": "how an account's entry is found; {} is the name that was typed ((uid={}))",
    "PORTAL_LDAP_ID": "the attribute that never changes and is given once (entryUUID)",
    "PORTAL_LDAP_LABEL": "what the button on the sign-in page calls it",
    "PORTAL_LDAP_CREATE": "on | off (off); on makes accounts, without roles, that wait to be authorised",
    "PORTAL_AS_OF": "a fixed date (YYYY-MM-DD) instead of today, for demos and tests",
    "PORTAL_LOG_FORMAT": "json | text (json in production, text in development): how log lines are written",
    "PORTAL_METRICS_PORT": "port of metrics and health checks that answer while all threads wait (none)",
    "PORTAL_METRICS_HOST": "address of that port (127.0.0.1)",
    "PORTAL_HEALTH_FROM": "addresses and networks whose health checks are answered, with commas (all)",
    "PORTAL_QUEUE_URL": "queue of jobs: sqlite:///…, postgresql://… or redis://… (empty: as the database)",
    "PORTAL_BACKUP_DIR": "directory for a backup every night by the worker; needs PORTAL_BACKUP_PASSPHRASE_FILE",
    "PORTAL_BACKUP_PASSPHRASE_FILE": "file with the passphrase of backups; else it is asked for",
}
# Names that tests and benchmarks give, and the portal does not read.
BESIDE = ("PORTAL_TEST_POSTGRES", "PORTAL_BENCH_BARE")


SHORTEST_SECRET = 32  # characters


class BadSetting(ClickException):
    """A setting that the portal cannot start with; commands tell it in one line."""


def one_of(environ: Mapping[str, str], name: str, values: tuple[str, ...], default: str) -> str:
    value = environ.get(name) or default
    if value not in values:
        raise BadSetting(f"{name} is one of {', '.join(values)}, not {value!r}")
    return value


def port(environ: Mapping[str, str], name: str, default: str) -> int:
    text = environ.get(name) or default
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise BadSetting(f"{name} is a number from 1 to 65535, not {text!r}")
    return int(text)


def networks(environ: Mapping[str, str], name: str) -> list[IPv4Network | IPv6Network]:
    texts = [text.strip() for text in (environ.get(name) or "").split(",")]
    try:
        return [ip_network(text) for text in texts if text]
    except ValueError as fault:
        raise BadSetting(f"{name} is addresses and networks like 10.0.0.0/8, with commas: {fault}") from None


def as_of(environ: Mapping[str, str]) -> date | None:
    text = environ.get("PORTAL_AS_OF")
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadSetting(f"PORTAL_AS_OF is a date like 2026-06-30, not {text!r}") from None


def secret_key(environ: Mapping[str, str], production: bool) -> str:
    """Empty when a key of the data directory is to be used."""
    key = environ.get("PORTAL_SECRET_KEY")
    if key:
        if len(key) < SHORTEST_SECRET:
            raise BadSetting(f"PORTAL_SECRET_KEY needs at least {SHORTEST_SECRET} characters")
        return key
    if production:
        raise BadSetting("PORTAL_SECRET_KEY is required in production: at least 32 random characters")
    return ""


def kept(path: Path, make: Any) -> str:
    """The text in a file that only we may read, made on first use.

    Written beside and linked into place, so that of several processes starting at once all end with one text, and no
    power cut leaves an empty one.
    """
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        draft.touch(mode=0o600)
        try:
            with draft.open("w") as file:
                file.write(make())
                file.flush()
                os.fsync(file.fileno())
            path.hardlink_to(draft)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        keep_folder(path.parent)
    return path.read_text()


def keep_folder(path: Path) -> None:
    """After this the names in it survive a power cut. Windows does so by itself."""
    if os.name == "posix":
        folder = os.open(path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def database_url(environ: Mapping[str, str], data_dir: Path) -> str:
    url = environ.get("PORTAL_DATABASE_URL") or f"sqlite:///{data_dir / 'portal.db'}"
    for short in ("postgres://", "postgresql://"):
        if url.startswith(short):
            return "postgresql+psycopg://" + url.removeprefix(short)
    if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise BadSetting(f"PORTAL_DATABASE_URL starts with sqlite:/// or postgresql://, not {url!r}")
    return url


def files(environ: Mapping[str, str]) -> str:
    """`directory`, or the address of a bucket of which every part is understood."""
    place = environ.get("PORTAL_FILES") or "directory"
    if place != "directory" and not is_bucket(place):
        raise BadSetting(
            "PORTAL_FILES is directory, or an address like s3://bucket?endpoint=https://host:port (also "
            "s3://bucket/beginning, and &region=name; the key and the secret are AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY)"
        )
    return place


def is_bucket(place: str) -> bool:
    try:
        parts = urlsplit(place)
        asked = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
        endpoint = urlsplit(asked.get("endpoint", "https://amazonaws.com"))
    except ValueError:
        return False
    named = re.fullmatch("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", parts.netloc) and not parts.fragment
    served = endpoint.scheme in ("http", "https") and endpoint.hostname and not endpoint.username
    return bool(parts.scheme == "s3" and named and served and asked.keys() <= {"endpoint", "region"})


def queue_url(environ: Mapping[str, str], data_dir: Path, database: str) -> str:
    url = environ.get("PORTAL_QUEUE_URL") or ""
    if not url:
        return database if database.startswith("postgresql") else f"sqlite:///{data_dir / 'queue.db'}"
    kinds = ("sqlite:///", "postgresql://", "redis://", "rediss://", "unix://")
    if not url.startswith(kinds):
        raise BadSetting(f"PORTAL_QUEUE_URL starts with one of {', '.join(kinds)}, not {url!r}")
    if url.startswith("sqlite") and database.startswith("postgresql"):
        raise BadSetting("PORTAL_QUEUE_URL is SQLite, which no other machine can ask: leave it empty or name a server")
    return url


def backup_dir(environ: Mapping[str, str]) -> str:
    name = environ.get("PORTAL_BACKUP_DIR") or ""
    if name and not environ.get("PORTAL_BACKUP_PASSPHRASE_FILE"):
        raise BadSetting("PORTAL_BACKUP_DIR needs PORTAL_BACKUP_PASSPHRASE_FILE, since nobody types it at night")
    return name


def serving_role(environ: Mapping[str, str]) -> str:
    name = environ.get("PORTAL_SERVING_ROLE") or ""
    if name and not re.fullmatch("[a-z_][a-z0-9_]{0,62}", name):
        raise BadSetting(f"PORTAL_SERVING_ROLE is small letters, digits and underscores, not {name!r}")
    return name


def proxies(environ: Mapping[str, str]) -> int:
    text = environ.get("PORTAL_PROXIES") or "0"
    if not re.fullmatch("[0-5]", text):
        raise BadSetting(f"PORTAL_PROXIES is a number from 0 to 5, not {text!r}")
    return int(text)


def trusted_hosts(environ: Mapping[str, str], host: str) -> list[str]:
    named = [name.strip() for name in (environ.get("PORTAL_TRUSTED_HOSTS") or "").split(",")]
    return [name for name in named if name] or sorted({host, "localhost", "127.0.0.1"})


def oidc(environ: Mapping[str, str]) -> dict[str, Any]:
    """Signing in by another system: all of it or nothing."""
    needed = ("PORTAL_OIDC_ISSUER", "PORTAL_OIDC_CLIENT_ID", "PORTAL_OIDC_CLIENT_SECRET")
    issuer, client_id, client_secret = ((environ.get(name) or "").strip() for name in needed)
    missing = [name for name in needed if not (environ.get(name) or "").strip()]
    if missing and len(missing) < len(needed):
        raise BadSetting(f"signing in by OIDC needs {' and '.join(missing)}, too")
    if issuer and not re.match(r"https://[^/?#\s]+|http://(127\.0\.0\.1|localhost)[:/]", issuer):
        raise BadSetting(f"PORTAL_OIDC_ISSUER starts with https://, not {issuer!r}")
    scopes = (environ.get("PORTAL_OIDC_SCOPES") or "openid profile").split()
    if "openid" not in scopes:
        raise BadSetting("PORTAL_OIDC_SCOPES has openid among them")
    return {
        "OIDC_ISSUER": issuer.rstrip("/"),
        "OIDC_CLIENT_ID": client_id,
        "OIDC_CLIENT_SECRET": client_secret,
        "OIDC_CLAIM": (environ.get("PORTAL_OIDC_CLAIM") or "preferred_username").strip(),
        "OIDC_SCOPES": " ".join(scopes),
        "OIDC_LABEL": (environ.get("PORTAL_OIDC_LABEL") or "").strip()[:30],
        "OIDC_CREATE": one_of(environ, "PORTAL_OIDC_CREATE", ("on", "off"), "off") == "on",
    }


def ldap(environ: Mapping[str, str], production: bool) -> dict[str, Any]:
    """Signing in by a directory: never by passwords that a network carries in the clear."""
    url, base = ((environ.get(name) or "").strip() for name in ("PORTAL_LDAP_URL", "PORTAL_LDAP_BASE"))
    dn, password = (environ.get(name) or "" for name in ("PORTAL_LDAP_BIND_DN", "PORTAL_LDAP_BIND_PASSWORD"))
    starttls = one_of(environ, "PORTAL_LDAP_STARTTLS", ("on", "off"), "on") == "on"
    search = (environ.get("PORTAL_LDAP_FILTER") or "(uid={})").strip()
    named = re.findall(r"\(([A-Za-z][A-Za-z0-9-]*)=\{\}\)", search)
    address = re.fullmatch(r"(ldaps?)://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?", url)
    if url and not address:
        raise BadSetting(f"PORTAL_LDAP_URL is an address like ldaps://ldap.example or ldap://host:389, not {url!r}")
    if bool(url) != bool(base):
        raise BadSetting("signing in by LDAP needs both PORTAL_LDAP_URL and PORTAL_LDAP_BASE")
    if bool(dn) != bool(password):
        raise BadSetting("PORTAL_LDAP_BIND_DN and PORTAL_LDAP_BIND_PASSWORD are set together, or neither")
    if len(named) != 1 or search.count("{}") != 1 or search.count("(") != search.count(")"):
        raise BadSetting(f"PORTAL_LDAP_FILTER compares one attribute with {{}}, like (uid={{}}), not {search!r}")
    local = address is None or address[2] in ("127.0.0.1", "localhost", "[::1]")
    if production and not (starttls or url.startswith("ldaps:") or local):
        raise BadSetting(
            "PORTAL_LDAP_STARTTLS is off for a directory on this machine only: passwords would be readable"
        )
    if url and (environ.get("PORTAL_OIDC_ISSUER") or "").strip():
        raise BadSetting("PORTAL_OIDC_ISSUER or PORTAL_LDAP_URL: an account belongs to one other system")
    return {
        "LDAP_URL": url.rstrip("/"),
        "LDAP_STARTTLS": starttls and not url.startswith("ldaps:"),
        "LDAP_CA": environ.get("PORTAL_LDAP_CA") or "",
        "LDAP_BASE": base,
        "LDAP_BIND_DN": dn,
        "LDAP_BIND_PASSWORD": password,
        "LDAP_FILTER": search,
        "LDAP_ATTRIBUTE": named[0],
        "LDAP_ID": (environ.get("PORTAL_LDAP_ID") or "entryUUID").strip(),
        "LDAP_LABEL": (environ.get("PORTAL_LDAP_LABEL") or "").strip()[:30],
        "LDAP_CREATE": one_of(environ, "PORTAL_LDAP_CREATE", ("on", "off"), "off") == "on",
    }


def require_known(names: Iterable[str]) -> None:
    """A setting that is misspelt would be none. Raises BadSetting."""
    for name in sorted(names):
        if name.startswith("PORTAL_") and name not in SETTINGS and name not in BESIDE:
            near = difflib.get_close_matches(name, SETTINGS, 1, 0.0)
            raise BadSetting(f"{name} is no setting of the portal: is {near[0]} meant? Else unset it")


def settings(environ: Mapping[str, str]) -> dict[str, Any]:
    """Flask's configuration out of the environment.

    Raises BadSetting, whose text names the setting and its right values.
    """
    require_known(environ)
    production = one_of(environ, "PORTAL_ENV", ("development", "production"), "development") == "production"
    data_dir = Path(environ.get("PORTAL_DATA_DIR") or HERE / "instance").resolve()
    host = environ.get("PORTAL_HOST") or "127.0.0.1"
    database = database_url(environ, data_dir)
    return {
        "PRODUCTION": production,
        "HOST": host,
        "PORT": port(environ, "PORTAL_PORT", "8080"),
        "DATA_DIR": data_dir,
        "SECRET_KEY": secret_key(environ, production),
        "SQLALCHEMY_DATABASE_URI": database,
        "QUEUE_URL": queue_url(environ, data_dir, database),
        "TRUSTED_HOSTS": trusted_hosts(environ, host),
        "FILES": files(environ),
        "PROXIES": proxies(environ),
        "THREE_ADMINS": one_of(environ, "PORTAL_THREE_ADMINS", ("on", "off"), "off") == "on",
        "ROW_SECURITY": one_of(environ, "PORTAL_ROW_SECURITY", ("on", "off"), "off") == "on",
        "SERVING_ROLE": serving_role(environ),
        "DEMO": one_of(environ, "PORTAL_DEMO", ("none", "tiny", "article"), "none" if production else "tiny"),
        "DEMO_PASSWORD": environ.get("PORTAL_DEMO_PASSWORD"),
        "AS_OF": as_of(environ),
        "LOG_FORMAT": one_of(environ, "PORTAL_LOG_FORMAT", ("json", "text"), "json" if production else "text"),
        "METRICS_PORT": environ.get("PORTAL_METRICS_PORT") and port(environ, "PORTAL_METRICS_PORT", ""),
        "METRICS_HOST": environ.get("PORTAL_METRICS_HOST") or "127.0.0.1",
        "HEALTH_FROM": networks(environ, "PORTAL_HEALTH_FROM"),
        "BACKUP_DIR": backup_dir(environ),
        "BACKUP_PASSPHRASE_FILE": environ.get("PORTAL_BACKUP_PASSPHRASE_FILE") or "",
        **oidc(environ),
        **ldap(environ, production),
        **FIXED,
        "SESSION_COOKIE_SECURE": production,
    }


# What no environment changes.
FIXED: dict[str, Any] = {
    "APP_NAME": "Portal",
    "LANGUAGES": LANGUAGES,
    "BABEL_DEFAULT_LOCALE": "zh_Hans",
    "BABEL_TRANSLATION_DIRECTORIES": str(HERE / "translations"),
    "BABEL_DEFAULT_TIMEZONE": "Asia/Shanghai",
    "SESSION_COOKIE_HTTPONLY": True,
    "SESSION_COOKIE_SAMESITE": "Lax",
    "PERMANENT_SESSION_LIFETIME": timedelta(hours=8),
    # A cookie only where something in it changed (`accounts/sign_in/sessions.py`): each more could come late.
    "SESSION_REFRESH_EACH_REQUEST": False,
    # A form may stay open all day: its token lives as long as the session.
    "WTF_CSRF_TIME_LIMIT": None,
    # A workbook or an attachment of 20 MB with its form; fields that are no files stay small.
    "RATE_LIMITED": True,
    "MAX_CONTENT_LENGTH": 21 * 1024 * 1024,
    "MAX_FORM_MEMORY_SIZE": 2 * 1024 * 1024,
    "MAX_FORM_PARTS": 5000,
    # Serving processes create nothing; `portal init` does, once, under a lock.
    "FAB_CREATE_DB": False,
    "FAB_UPDATE_PERMS": False,
    "FAB_SECURITY_MANAGER_CLASS": "portal.accounts.security_manager.PortalSecurityManager",
    "FAB_BASE_TEMPLATE": "base.html",
    "FAB_ADD_OPENAPI_VIEWS": False,
    "FAB_ADD_MENU_API": False,
    "FAB_API_SWAGGER_UI": False,
    "AUTH_TYPE": 1,
    "AUTH_ROLE_ADMIN": "Admin",
    "AUTH_ROLE_PUBLIC": "Public",
}
