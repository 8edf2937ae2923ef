"""An agency's acceptance tests: read from `<service>.test.yaml`, played, compared, written down."""
