"""Debian's ClickHouse 18.16 as a plain process: a real server for the wire, users and error codes.

It knows no DateTime64, Map, insert token or is_deleted, so its tests use tables both sides know.
"""

import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from typing import Self

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from streams.settings import ClickHouseSettings
from streams.warehouse.client import make_client
from tests.alone import alone

SERVER = "/usr/sbin/clickhouse-server"
USER, PASSWORD, READER = "writer", "wire-test", "reader"

_CONFIG = """<yandex>
<logger><level>warning</level><log>{home}/server.log</log><errorlog>{home}/error.log</errorlog></logger>
<tcp_port>{port}</tcp_port><listen_host>127.0.0.1</listen_host><max_connections>64</max_connections>
<max_concurrent_queries>32</max_concurrent_queries><mark_cache_size>16777216</mark_cache_size>
<uncompressed_cache_size>1048576</uncompressed_cache_size><path>{home}/data/</path><tmp_path>{home}/tmp/</tmp_path>
<user_files_path>{home}/files/</user_files_path><users_config>{home}/users.xml</users_config>
<default_profile>default</default_profile><default_database>default</default_database>
<mlock_executable>false</mlock_executable>{more}
</yandex>
"""
_USERS = """<yandex>
<profiles>
<default><max_memory_usage>2000000000</max_memory_usage></default><readonly><readonly>1</readonly></readonly>
</profiles>
<users>
<writer><password>{password}</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile>
<quota>default</quota></writer>
<reader><password>{password}</password><networks><ip>127.0.0.1</ip></networks><profile>readonly</profile>
<quota>default</quota></reader>
</users>
<quotas><default></default></quotas>
</yandex>
"""


def install() -> bool:
    """True when the server is there, installed by apt-get where it was missing and we may."""
    with alone("clickhouse-server"):
        if not Path(SERVER).exists() and os.geteuid() == 0 and (apt := shutil.which("apt-get")):
            quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
            command = [apt, "install", "-y", "-qq", "clickhouse-server"]
            subprocess.run(command, check=False, capture_output=True, env=quiet)
    return Path(SERVER).exists()


class DebianClickHouse:
    """One server with its own folder and port; a context manager. It ends by its process id."""

    def __init__(self, home: Path, more: str = "") -> None:
        """``more``: further XML for its config."""
        self.home = home
        self.port = free_port()
        for folder in ("data", "tmp", "files"):
            (home / folder).mkdir(parents=True, exist_ok=True)
        (home / "config.xml").write_text(_CONFIG.format(home=home, port=self.port, more=more))
        (home / "users.xml").write_text(_USERS.format(password=PASSWORD))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def settings(self, user: str = USER) -> ClickHouseSettings:
        """How to reach it."""
        return ClickHouseSettings(host="127.0.0.1", port=self.port, user=user, database="wire")

    def start(self) -> None:
        """Starts it and waits until it answers."""
        self._process = subprocess.Popen(
            [SERVER, f"--config-file={self.home}/config.xml"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.home,
        )
        for attempt in Retrying(
            retry=retry_if_exception_type((OSError, EOFError)), wait=wait_fixed(0.05), stop=stop_after_delay(20)
        ):
            with attempt:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        client = make_client(self.settings(), PASSWORD)
        client.execute("CREATE DATABASE IF NOT EXISTS wire")
        client.disconnect()

    def kill(self) -> None:
        """Kill -9: nothing is flushed, nothing is said to the clients."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None


def make_certificate(folder: Path) -> Path:
    """A fresh certificate for 127.0.0.1, signed by itself, with its key beside it as ``server.key``."""
    certificate = folder / "server.crt"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(folder / "server.key"), "-out", str(certificate)]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject, *files]
    subprocess.run(command, check=True, capture_output=True)
    return certificate


def tls_config(folder: Path, port: int) -> str:
    """XML that lets the server listen for TLS on ``port`` with the certificate in ``folder``."""
    return (
        f"<tcp_port_secure>{port}</tcp_port_secure><openSSL><server>"
        f"<certificateFile>{folder}/server.crt</certificateFile><privateKeyFile>{folder}/server.key</privateKeyFile>"
        "<verificationMode>none</verificationMode><loadDefaultCAFile>false</loadDefaultCAFile>"
        "<disableProtocols>sslv2,sslv3</disableProtocols><preferServerCiphers>true</preferServerCiphers>"
        "</server></openSSL>"
    )


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
