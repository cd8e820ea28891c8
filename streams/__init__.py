"""Thalweg's stream side: raw product events in, anonymized, enriched events and sessions in ClickHouse out."""

from importlib.metadata import version

__version__ = version("thalweg")
