"""Parse: the bytes of one raw record, with its Kafka headers, become events as their format gave them."""

from streams.parse.result import MAX_BYTES, Empty, Headers, Parsed, Parser

__all__ = ["MAX_BYTES", "Empty", "Headers", "Parsed", "Parser"]
