"""The agencies of the demo: their back ends, answered by one small application."""
