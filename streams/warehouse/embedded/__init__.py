"""The embedded warehouse: a server on loopback that speaks ClickHouse's native protocol in front of the chdb engine.

An adapter, not a database: what it does not carry it refuses with a code and words. ``store`` is what callers use.
"""
