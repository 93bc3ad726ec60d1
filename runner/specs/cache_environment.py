"""What the environment gives caches that live at GitHub and at AWS, as docker buildx fills it in.

Source: docker/buildx build/opt.go (addGithubToken, addAwsCredentials) and the AWS SDK's names.
"""

import os
from collections.abc import Mapping

from runner.errors import UsageError
from runner.specs.csvspec import boolean

ACCESS_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY")
SECRET_KEYS = ("AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY")


def filled(kind: str, attrs: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """The attributes with what the environment adds; what is there already wins. Raises UsageError."""
    if kind == "gha":
        return _github(attrs, environ)
    if kind == "s3":
        return _aws(attrs, environ)
    return dict(attrs)


def _github(attrs: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    added = {"token": environ.get("ACTIONS_RUNTIME_TOKEN")}
    if attrs.get("version", "2" if _true(environ.get("ACTIONS_CACHE_SERVICE_V2", "0")) else "") == "2":
        added["url_v2"] = environ.get("ACTIONS_RESULTS_URL")
    added["url"] = environ.get("ACTIONS_CACHE_URL", environ.get("ACTIONS_RESULTS_URL"))
    return {key: value for key, value in added.items() if value} | dict(attrs)


def _true(value: str) -> bool:
    try:
        return bool(value) and boolean(value) == "true"
    except ValueError:
        return False


def _aws(attrs: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    if "access_key_id" in attrs and "secret_access_key" in attrs:
        return dict(attrs)  # Not with the session token of other keys.
    key = next((environ[name] for name in ACCESS_KEYS if environ.get(name)), "")
    secret = next((environ[name] for name in SECRET_KEYS if environ.get(name)), "")
    session = environ.get("AWS_SESSION_TOKEN", "")
    found = (key, secret, session) if key and secret else _aws_file(environ)
    names = ("access_key_id", "secret_access_key", "session_token")
    return {name: value for name, value in zip(names, found, strict=True) if value} | dict(attrs)


def _aws_file(environ: Mapping[str, str]) -> tuple[str, str, str]:
    """The keys in the file that `aws configure` writes; empty where there are none."""
    path = environ.get("AWS_SHARED_CREDENTIALS_FILE") or os.path.join(
        environ.get("HOME", ""), ".aws", "credentials"
    )
    if not os.path.isfile(path):
        return "", "", ""
    from configparser import ConfigParser, Error

    parser = ConfigParser(interpolation=None)
    try:
        with open(path, encoding="utf-8") as file:
            parser.read_file(file)
    except (OSError, UnicodeError, Error) as cause:
        why = (
            cause.strerror if isinstance(cause, OSError) else "it is not a file of [profile] and key = value"
        )
        raise UsageError(f"reading {path} for --cache-from and --cache-to type=s3: {why}") from None
    profile = environ.get("AWS_PROFILE") or environ.get("AWS_DEFAULT_PROFILE") or "default"
    values = parser[profile] if parser.has_section(profile) else {}
    key, secret = values.get("aws_access_key_id", ""), values.get("aws_secret_access_key", "")
    return (key, secret, values.get("aws_session_token", "")) if key and secret else ("", "", "")
