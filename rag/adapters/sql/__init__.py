"""The SQL stores: SQLite embedded, PostgreSQL beyond one machine."""
