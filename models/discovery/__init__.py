"""Funnels nobody drew: found on one half of the visitors, confirmed on the other."""
