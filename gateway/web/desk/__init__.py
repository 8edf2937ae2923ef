"""The service centre's desk: whom to call back, what citizens think, who works here."""

from gateway.web.desk.desk import Desk

__all__ = ["Desk"]
