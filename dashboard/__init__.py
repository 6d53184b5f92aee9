"""The dashboard: what went over, what did not, why, and what to do. Pages made on the server, for the shopkeeper, the
accountant and the integrator."""
