"""The two Faust workers: thin shells around the pure stages."""
