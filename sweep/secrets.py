"""Keeps what must stay secret out of logs, ledgers, MLflow and reports, whoever put it into a message."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

HIDDEN = "[secret]"
_NAMES = re.compile(r"(TOKEN|PASSWORD|PASSWD|SECRET|SECRET_ACCESS_KEY|API_KEY|CREDENTIALS?|WEBHOOK(_URL)?)$")
_SHORTEST = 6
"""A shorter one would be found in the middle of words, and guessed anyway."""
_RAY_TOKEN = "~/.ray/auth_token"  # noqa: S105 - a file's name


def without_secrets(text: str) -> str:
    """The text, every secret of this process's environment in it replaced."""
    for secret in secrets_of(os.environ):
        text = text.replace(secret, HIDDEN)
    return text


def secrets_of(environment: Mapping[str, str]) -> list[str]:
    """What an environment says that opens something, the longest first.

    The values of variables that are named like secrets, passwords within addresses, and Ray's token.
    """
    named = {value for name, value in environment.items() if _NAMES.search(name)}
    in_addresses = {password for value in environment.values() if (password := _password_of(value))}
    found = (
        named | in_addresses | {unquote(password) for password in in_addresses} | {_ray_token(environment)}
    )
    return sorted((secret for secret in found if len(secret) >= _SHORTEST), key=len, reverse=True)


class SecretsFilter(logging.Filter):
    """Takes secrets out of every line of a log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """True: the line is written."""
        record.msg, record.args = without_secrets(_message(record)), None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        record.exc_text = without_secrets(record.exc_text) if record.exc_text else record.exc_text
        record.stack_info = without_secrets(record.stack_info) if record.stack_info else None
        return True


def _message(record: logging.LogRecord) -> str:
    """As the library wanted it, or as far as that goes where its own arguments do not fit."""
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        return f"{record.msg} {record.args}"


def _password_of(value: str) -> str | None:
    """Of `scheme://user:password@host`."""
    if "://" not in value or "@" not in value:
        return None
    try:
        return urlsplit(value).password
    except ValueError:
        return None


def _ray_token(environment: Mapping[str, str]) -> str:
    try:
        return Path(environment.get("RAY_AUTH_TOKEN_PATH") or _RAY_TOKEN).expanduser().read_text().strip()
    except (OSError, RuntimeError, UnicodeDecodeError):
        return ""
