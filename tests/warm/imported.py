"""What the warm process imports beforehand in these tests."""
