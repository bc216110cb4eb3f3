"""A local stand-in for Plivo's Message API, to rehearse on: it accepts, remembers, and fails on request."""

from reminderd.gateway.sandbox.account import PlayedAccount, own_numbers, parse_credit
from reminderd.gateway.sandbox.api import Options
from reminderd.gateway.sandbox.connection import Limits
from reminderd.gateway.sandbox.faultspec import parse_fault, parse_seconds
from reminderd.gateway.sandbox.ledger import Duplicate, Ledger, LedgerError, Message
from reminderd.gateway.sandbox.messagelog import Replacement, parse_replacement
from reminderd.gateway.sandbox.service import HOST, Seen, Service
from reminderd.gateway.sandbox.thread import AUTH_ID, AUTH_TOKEN, Sandbox, environment

__all__ = [
    "AUTH_ID",
    "AUTH_TOKEN",
    "HOST",
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
    "environment",
    "own_numbers",
    "parse_credit",
    "parse_fault",
    "parse_replacement",
    "parse_seconds",
]
