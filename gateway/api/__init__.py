"""What agencies call over HTTP: `/v1/…` and `/openapi.json`."""
