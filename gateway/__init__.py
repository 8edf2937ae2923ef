"""A public-service counter for every phone: menus in YAML, served over USSD and SMS."""

__version__ = "0.1.0"
