"""Writes small MaxMind-format databases, so that tests have real files of every maker's shape.

Source: maxmind.github.io/MaxMind-DB (binary search tree, 24-bit records; data section; metadata).
"""

import struct
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

MARKER = b"\xab\xcd\xefMaxMind.com"
_GAP = bytes(16)


def write_mmdb(
    path: Path, records: Mapping[str, Any], *, ip_version: int = 6, kind: str = "Test-City", built: int = 1
) -> Path:
    """A database of network → record. IPv4 networks of a database of version 6 lie at ::/96."""
    data, tree = bytearray(), _Tree()
    for network, record in records.items():
        tree.add(_bits(ip_network(network), ip_version), len(data))
        data += _encode(record)
    about = {
        "node_count": len(tree.nodes), "record_size": 24, "ip_version": ip_version, "database_type": kind,
        "languages": ["en"], "binary_format_major_version": 2, "binary_format_minor_version": 0, "build_epoch": built,
        "description": {"en": "made by a test"},
    }  # fmt: skip
    described = _control(7, len(about)) + b"".join(
        _encode(key) + (_number(key, value) if isinstance(value, int) else _encode(value))
        for key, value in about.items()
    )
    path.write_bytes(tree.packed() + _GAP + bytes(data) + MARKER + described)
    return path


def _number(key: str, value: int) -> bytes:
    """Numbers of the metadata have fixed sizes."""
    if key == "build_epoch":
        return _control(9, 8) + struct.pack(">Q", value)
    return _encode(value) if key == "node_count" else _control(5, 2) + struct.pack(">H", value)


def _bits(network: IPv4Network | IPv6Network, ip_version: int) -> str:
    bits = f"{int(network.network_address):0{network.max_prefixlen}b}"[: network.prefixlen]
    return "0" * 96 + bits if ip_version == 6 and network.version == 4 else bits


class _Tree:
    """Each node is [left, right]; a record is None, ("node", index) or ("data", offset)."""

    def __init__(self) -> None:
        self.nodes: list[list[tuple[str, int] | None]] = [[None, None]]

    def add(self, bits: str, offset: int) -> None:
        at = 0
        for bit in bits[:-1]:
            found = self.nodes[at][int(bit)]
            if found is None:
                self.nodes.append([None, None])
                found = self.nodes[at][int(bit)] = ("node", len(self.nodes) - 1)
            assert found[0] == "node", "networks do not overlap"
            at = found[1]
        self.nodes[at][int(bits[-1])] = ("data", offset)

    def packed(self) -> bytes:
        return b"".join(struct.pack(">I", self._number(record))[1:] for node in self.nodes for record in node)

    def _number(self, record: tuple[str, int] | None) -> int:
        if record is None:
            return len(self.nodes)
        return record[1] if record[0] == "node" else len(self.nodes) + len(_GAP) + record[1]


def _encode(value: Any) -> bytes:
    if isinstance(value, str):
        text = value.encode()
        return _control(2, len(text)) + text
    if isinstance(value, float):
        return _control(3, 8) + struct.pack(">d", value)
    if isinstance(value, int):
        return _control(6, 4) + struct.pack(">I", value)
    if isinstance(value, dict):
        return _control(7, len(value)) + b"".join(_encode(key) + _encode(each) for key, each in value.items())
    return _control(11, len(value)) + b"".join(map(_encode, value))


def _control(kind: int, size: int) -> bytes:
    short, rest = (size, b"") if size < 29 else (29, bytes([size - 29]))
    return (bytes([kind << 5 | short]) if kind < 8 else bytes([short, kind - 7])) + rest
