"""The database: engines and sessions, the base of every model, events between processes, migrations."""
