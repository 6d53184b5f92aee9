"""Boekbrug brings orders and invoices into bookkeeping packages and proves that the books agree with the shop."""

__version__ = "0.1.0"
