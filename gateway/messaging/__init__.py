"""Text messages: accepted, sent, settled, and told of."""
