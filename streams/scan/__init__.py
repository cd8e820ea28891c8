"""Proof that nothing personal is where it must not be: a search that shares no code with what removes it."""
