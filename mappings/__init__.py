"""Bookkeeping decisions: pure functions over domain values."""
