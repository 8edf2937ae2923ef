"""Infobip: USSD sessions named by the address, and text messages, all of them JSON."""

from __future__ import annotations

from gateway.providers import Dialect
from gateway.providers.infobip.payload import NAME
from gateway.providers.infobip.sending import SENDING
from gateway.providers.infobip.sms import read_receipts, read_sms
from gateway.providers.infobip.ussd import find_ussd, write_ussd

DIALECT = Dialect(
    NAME,
    write_ussd=write_ussd,
    find_ussd=find_ussd,
    read_sms=read_sms,
    read_receipts=read_receipts,
    sending=SENDING,
)
