"""The warehouse: schema, migrations, the one sink, and the few reads the workers need."""
