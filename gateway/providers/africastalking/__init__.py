"""Africa's Talking: USSD and text messages, all of them forms."""

from __future__ import annotations

from gateway.providers import Dialect
from gateway.providers.africastalking.fields import NAME
from gateway.providers.africastalking.sending import SENDING
from gateway.providers.africastalking.sms import read_opt_outs, read_receipts, read_sms
from gateway.providers.africastalking.ussd import read_event, read_ussd, write_ussd

DIALECT = Dialect(
    NAME,
    read_ussd=read_ussd,
    write_ussd=write_ussd,
    read_event=read_event,
    read_sms=read_sms,
    read_receipts=read_receipts,
    read_opt_outs=read_opt_outs,
    sending=SENDING,
)
