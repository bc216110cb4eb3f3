"""A local stand-in for Plivo's Message API, to rehearse on: it accepts, remembers, and fails on request."""

from reminderd.gateway.sandbox.account import PlayedAccount, own_numbers, parse_credit
from reminderd.gateway.sandbox.api import Options
from reminderd.gateway.sandbox.callbacks.callback import Callback, Standing
from reminderd.gateway.sandbox.callbacks.options import Behind, CallbackOptions, parse_behind, parse_scale
from reminderd.gateway.sandbox.connection import Limits
from reminderd.gateway.sandbox.credentials import AUTH_ID, AUTH_TOKEN
from reminderd.gateway.sandbox.faultspec import parse_fault
from reminderd.gateway.sandbox.ledger import Duplicate, Ledger, LedgerError
from reminderd.gateway.sandbox.message import Message
from reminderd.gateway.sandbox.messagelog import Replacement, parse_replacement
from reminderd.gateway.sandbox.service import HOST, Seen, Service
from reminderd.gateway.sandbox.thread import Sandbox, environment
from reminderd.gateway.sandbox.words import parse_seconds

__all__ = [
    "AUTH_ID",
    "AUTH_TOKEN",
    "HOST",
    "Behind",
    "Callback",
    "CallbackOptions",
    "Duplicate",
    "Ledger",
    "LedgerError",
    "Limits",
    "Message",
    "Options",
    "PlayedAccount",
    "Replacement",
    "Sandbox",
    "Seen",
    "Service",
    "Standing",
    "environment",
    "own_numbers",
    "parse_behind",
    "parse_credit",
    "parse_fault",
    "parse_replacement",
    "parse_scale",
    "parse_seconds",
]
