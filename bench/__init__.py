"""Requests per second and CPU per request, beside other ways of doing the same work."""
