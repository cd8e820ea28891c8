"""Funnel discovery over the sessions table."""
