"""Settle what is in doubt, by Plivo's own log; and collect what became of what is accepted."""

from reminderd.reconciler.callbacks import CallbackTaker
from reminderd.reconciler.foreign import foreign_rows, read_log
from reminderd.reconciler.heard import Heard, Result
from reminderd.reconciler.inbound import InboundTexts
from reminderd.reconciler.judgement import candidates
from reminderd.reconciler.lookup import SLACK, Findings, look_up
from reminderd.reconciler.receipts import Answers, ReceiptCollector
from reminderd.reconciler.reconciler import Reconciler

__all__ = [
    "SLACK",
    "Answers",
    "CallbackTaker",
    "Findings",
    "Heard",
    "InboundTexts",
    "ReceiptCollector",
    "Reconciler",
    "Result",
    "candidates",
    "foreign_rows",
    "look_up",
    "read_log",
]
