"""Figures of patterns that no test prints."""
