"""One module per remote system. A connector alone knows remote field names; it knows no accounts and no database."""
