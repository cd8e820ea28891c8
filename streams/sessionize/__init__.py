"""The session fold: decoded records of an enriched partition in, rows and new state out; no I/O, no clock."""
