"""The scheduled night: a dedicated Prefect server, a served deployment, what it shows and whom it tells."""
