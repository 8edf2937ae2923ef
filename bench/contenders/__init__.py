"""The servers that are measured: each answers Africa's Talking's USSD callback on a port."""
