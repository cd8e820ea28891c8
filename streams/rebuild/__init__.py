"""Rebuild: the warehouse's visitors folded again, the difference shown and written; around sessionize/rebuild.py."""
