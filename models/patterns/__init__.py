"""Behaviours: sessions that walk a found funnel, and the rest clustered by what they do."""
