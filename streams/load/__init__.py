"""Load: bounded input, files of lines, as raw records in time order."""

from streams.load.record import LoadRecord, end_record
from streams.load.records import sorted_records

__all__ = ["LoadRecord", "end_record", "sorted_records"]
