"""Runs the migrations of one part on the connection that `desk.databases.migrate` opened."""

from alembic import context

attributes = context.config.attributes
context.configure(
    connection=attributes["connection"],
    version_table=attributes["version_table"],
    transactional_ddl=False,  # the caller's transaction is the one
)
context.run_migrations()
