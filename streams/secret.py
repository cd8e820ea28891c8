"""Where the secret of the keyed hashes comes from: the environment, a file, or a file made once in a store's folder."""

import os
import secrets
import stat
from collections.abc import Collection
from pathlib import Path

from streams.errors import ConfigError
from streams.keys import MIN_SECRET_CHARS
from streams.settings import Settings

STORE_SECRET = "secret"  # noqa: S105 - the file's name
_MADE_BYTES = 32
_MORE_THAN_GROUP = stat.S_IWGRP | stat.S_IXGRP | stat.S_IRWXO


def read_secret(settings: Settings) -> bytes:
    """The secret of THALWEG_SECRET, else of ``secret_file``, as UTF-8 text without line ends around it.

    Raises ConfigError when there is none, when it is short, or when others may read its file. No error shows it.
    """
    if settings.secret is not None:
        return _checked(settings.secret.get_secret_value(), "THALWEG_SECRET")
    if settings.secret_file is not None:
        return _read_file(settings.secret_file)
    raise ConfigError(
        "no secret for the keyed hashes is set",
        f"set THALWEG_SECRET, or secret_file (a file, mode 0600), to {MIN_SECRET_CHARS} random characters or more",
    )


def store_secret(store_dir: Path) -> bytes:
    """The secret of a store: the file ``secret`` in its folder, made with mode 0600 by the first who asks.

    Whoever asks at the same moment gets the same secret. Raises ConfigError as ``read_secret`` does.
    """
    file = store_dir / STORE_SECRET
    try:
        if not file.exists():
            _make(file)
    except OSError as error:
        raise ConfigError(
            f"{file}: cannot be written: {error.strerror}", "choose a store folder you may write"
        ) from None
    return _read_file(file)


def others_may_read(found: os.stat_result, user: int, groups: Collection[int]) -> bool:
    """Whether a secret file is open to more than who runs us (``user``, in ``groups``).

    One of root's that only a group of ours may read is not: so system services get their secrets, and pods theirs, for
    whose files Kubernetes knows no other owner.
    Source: kubernetes.io/docs/concepts/configuration/secret (files of root, group by fsGroup).
    """
    if found.st_uid == 0 != user and found.st_gid in groups:
        return bool(found.st_mode & _MORE_THAN_GROUP)
    return bool(found.st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def is_open_to_others(found: os.stat_result) -> bool:
    """The same for this process."""
    return others_may_read(found, os.geteuid(), {os.getegid(), *os.getgroups()})


def _make(file: Path) -> None:
    """Written whole under another name, then linked: a link never replaces, so the first one stays."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as output:
            output.write(secrets.token_hex(_MADE_BYTES) + "\n")
            output.flush()
            os.fsync(output.fileno())
        try:
            os.link(draft, file)
        except FileExistsError:
            return
    finally:
        draft.unlink()


def _read_file(file: Path) -> bytes:
    try:
        found = file.stat()
        raw = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file}: the secret cannot be read: {error.strerror}", "make the file, mode 0600") from None
    if is_open_to_others(found):
        raise ConfigError(
            f"{file}: others may read the secret (mode {stat.S_IMODE(found.st_mode):04o})",
            f"chmod 600 {file}; if others had access to it, make a new one",
        )
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise ConfigError(f"{file}: the secret is not UTF-8 text", "write it as hex or base64") from None
    return _checked(text, str(file))


def _checked(text: str, source: str) -> bytes:
    secret = text.strip("\r\n")
    if len(secret) < MIN_SECRET_CHARS:
        raise ConfigError(
            f"{source}: the secret has {len(secret)} characters, at least {MIN_SECRET_CHARS} are needed",
            "make one with: python3 -c 'import secrets; print(secrets.token_hex(32))'",
        )
    if "\0" in secret:
        raise ConfigError(f"{source}: the secret holds a NUL character", "write it as hex or base64")
    return secret.encode()
