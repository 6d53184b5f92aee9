"""What is kept: the fact of every transfer, and tenants with their connections, routes and rules."""
