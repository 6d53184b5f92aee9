"""The steps that flows are made of."""
