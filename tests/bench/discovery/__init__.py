"""Proofs of `thalweg discover` as figures: what docs/discovery.md quotes."""
