"""What the gateway counts for its operators: never anything of one citizen.

Label values come from closed sets (dialects, outcomes, operations of the site), so that neither
a number nor an answer can become one.
"""

from __future__ import annotations

import os
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

_ATTEMPT_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0)
_STEP_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Result(StrEnum):
    """How one request of a provider was answered."""

    PAGE = "page"  # the next screen
    END = "end"  # the last one
    REPEAT = "repeat"  # the stored answer again
    LATE = "late"  # an earlier request: the current screen, nothing done
    BUSY = "busy"  # its twin took too long
    CALLER_CHANGED = "caller-changed"
    MALFORMED = "malformed"
    TROUBLE = "trouble"  # something failed inside


class Received(StrEnum):
    """What came of one text message."""

    ANSWERED = "answered"
    STOPPED = "stopped"
    STARTED = "started"
    HELPED = "helped"
    DUPLICATE = "duplicate"  # answered before: nothing done
    LOOPED = "looped"  # too many, or ever the same: not answered, or once
    NOBODY = "nobody"  # the sender is no telephone number, or we ourselves: never answered
    TROUBLE = "trouble"  # something failed inside
    REFUSED = "refused"  # not taken: the provider brings it again


class Metrics:
    """The counters of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.steps = Counter(
            "gateway_ussd_steps",
            "Requests of USSD providers answered",
            ["provider", "result"],
            registry=registry,
        )
        self.step_seconds = Histogram(
            "gateway_ussd_step_seconds",
            "Time to answer a USSD request",
            buckets=_STEP_SECONDS,
            registry=registry,
        )
        self.messages = Counter(
            "gateway_sms_received",
            "Text messages that came in",
            ["provider", "result"],
            registry=registry,
        )
        self.refused = Counter(
            "gateway_callbacks_refused",
            "Callbacks that could not be a provider's, by HTTP status",
            ["status"],
            registry=registry,
        )
        self.failures = Counter(
            "gateway_failures",
            "Failures inside the gateway, by code or type",
            ["error"],
            registry=registry,
        )
        self.endings = Counter(
            "gateway_ussd_sessions_ended",
            "Ended USSD sessions as providers report them",
            ["provider", "ending"],
            registry=registry,
        )
        self.calls = Counter(
            "gateway_backend_calls",
            "Calls to agencies' back ends",
            ["operation", "outcome"],
            registry=registry,
        )
        self.breakers = Gauge(
            "gateway_backend_left_alone",
            "1 while a back end that fails is not called",
            ["backend"],
            registry=registry,
            multiprocess_mode="livemostrecent",
        )
        self.receipts = Counter(
            "gateway_sms_receipts",
            "Delivery reports, by the state that they tell",
            ["provider", "state"],
            registry=registry,
        )
        self.opt_outs = Counter(
            "gateway_sms_opt_outs",
            "Citizens who want no more messages, as providers report them",
            ["provider"],
            registry=registry,
        )
        self.orders = Counter(
            "gateway_orders",
            "What citizens' steps ordered, by kind",
            ["kind"],
            registry=registry,
        )
        self.attempts = Counter(
            "gateway_sms_attempts",
            "Attempts at sending, by what came of them",
            ["provider", "fate"],
            registry=registry,
        )
        self.attempt_seconds = Histogram(
            "gateway_sms_attempt_seconds",
            "Time that a provider took for one attempt",
            ["provider"],
            buckets=_ATTEMPT_SECONDS,
            registry=registry,
        )
        self.segments = Counter(
            "gateway_sms_segments",
            "Segments that providers took",
            ["provider"],
            registry=registry,
        )
        self.queued = Gauge(
            "gateway_queued",
            "Entries of a queue, due now or later",
            ["queue", "due"],
            registry=registry,
            multiprocess_mode="livemostrecent",
        )
        self.queue_age = Gauge(
            "gateway_queue_age_seconds",
            "Since the oldest entry of a queue that is due came in",
            ["queue"],
            registry=registry,
            multiprocess_mode="livemostrecent",
        )
        self.provider_rests = Gauge(
            "gateway_sms_provider_rests",
            "1 while a provider is not sent through",
            ["provider"],
            registry=registry,
            multiprocess_mode="livemostrecent",
        )
        self.callbacks = Gauge(
            "gateway_callbacks",
            "Citizens to be called back: waiting, taken, and of both those past the promise",
            ["queue", "state"],
            registry=registry,
            multiprocess_mode="livemostrecent",
        )
        self.hooks = Counter(
            "gateway_webhooks",
            "Webhooks to agencies, by what came of them",
            ["agency", "result"],
            registry=registry,
        )
        self.reloads = Counter(
            "gateway_menu_reloads",
            "Times the menus were read anew",
            ["result"],
            registry=registry,
        )
        self.ready = Gauge(
            "gateway_ready",
            "1 while the gateway can serve citizens",
            registry=registry,
            multiprocess_mode="livemostrecent",  # it is asked for before each page
        )
        self._results: dict[tuple[str, Result], Counter] = {}

    def answered(self, provider: str, result: Result, seconds: float) -> None:
        """Counts one answered request. `provider` is a dialect's name, never what was asked."""
        child = self._results.get((provider, result))
        if child is None:
            child = self._results[provider, result] = self.steps.labels(provider, result)
        child.inc()
        self.step_seconds.observe(seconds)

    def page(self) -> bytes:
        """Prometheus text format 0.0.4; of all processes where they share a folder.

        PROMETHEUS_MULTIPROC_DIR, which prometheus-client reads, names that folder.
        """
        if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
            return generate_latest(registry)
        return generate_latest(self.registry)
