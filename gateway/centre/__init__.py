"""The service centre: whom it has to call back, and what citizens think of the services."""
