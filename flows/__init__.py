"""What runs: one module per business process."""
