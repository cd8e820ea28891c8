"""Paths, funnels and the report: what reads the sessions of a store."""
