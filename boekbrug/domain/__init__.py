"""What Boekbrug speaks about, in plain Python: documents, money, tax, findings, errors."""
