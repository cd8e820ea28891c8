"""The report: one HTML page about a store's sessions that needs no network."""
