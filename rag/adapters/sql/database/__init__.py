"""One database, SQLite or PostgreSQL: connections and transactions, statements, records, migrations."""
