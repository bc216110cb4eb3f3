"""Plivo's Message API as the sandbox plays it: who may ask, what is answered, and what gets accepted."""

import re
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from reminderd.clock import Clock
from reminderd.gateway.sandbox.account import PlayedAccount
from reminderd.gateway.sandbox.callbacks.options import CallbackOptions
from reminderd.gateway.sandbox.course import OPTED_OUT, Course, stops
from reminderd.gateway.sandbox.credentials import Credentials
from reminderd.gateway.sandbox.faults import Kind, Subject
from reminderd.gateway.sandbox.http import Request, Response
from reminderd.gateway.sandbox.incoming import Incoming, Received
from reminderd.gateway.sandbox.ledger import Ledger, LedgerError
from reminderd.gateway.sandbox.message import Draft, Message
from reminderd.gateway.sandbox.messagelog import Page, Replacement, read_page, show, show_received
from reminderd.gateway.sandbox.submission import Rejected, Submission, read_submission

_PATH = re.compile(r"/v1/Account/([A-Za-z0-9]{1,40})/(?:(Message)/(?:([A-Za-z0-9-]{1,64})/)?|Number/([0-9]{1,20})/)?")
_LOG_WINDOW = 60.0  # seconds


class Options(NamedTuple):
    """How the played account is set up.

    auth_id, auth_token: the only credentials that are taken; None takes any well-formed id with any token.
    log_limit: lists of the log a minute, 0 for no limit. log_lag: seconds until a message shows in the log.
    offset: the account's distance from UTC, which shows in the times of the log. numbers: how the log shows phones, each a
    pattern and what takes the place of the first that it finds in the digits. account: what it says of itself. callbacks:
    how it says by itself what happens.
    """

    auth_id: str | None = None
    auth_token: str | None = None
    log_limit: int = 20
    log_lag: float = 0.0
    offset: timedelta = timedelta(0)
    numbers: tuple[Replacement, ...] = ()
    account: PlayedAccount = PlayedAccount()
    callbacks: CallbackOptions = CallbackOptions()


@dataclass(frozen=True, slots=True)
class Call:
    """A request that the API would serve.

    perform: do it and return the answer; given the name of a fault if there is one, and how what is accepted fares if not
    as usual.
    """

    subject: Subject
    perform: Callable[[str | None, Course | None], Response]


class PlivoApi:
    """Plivo's side: requests in, answers out; what it accepts goes to the ledger, and is told to `accepted`."""

    def __init__(
        self, ledger: Ledger, clock: Clock, options: Options, accepted: Callable[[Message], None] | None = None
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._options = self._at_start = options
        self._log_asked: deque[float] = deque()
        self._stopped: set[tuple[str, str]] = set()  # from whom to whom nothing is handed on
        self._accepted = accepted or _nobody
        self.credentials = Credentials(options.auth_id, options.auth_token)
        self.incoming = Incoming()

    def route(self, request: Request) -> Call | Response:
        """The call that the request makes, or the refusal that it gets: 400, 401, 404, 405 or 429."""
        match = _PATH.fullmatch(request.path)
        if match is None:
            return Response.of_text(404, "Not Found\n")
        auth_id, collection, message_uuid, number = match.groups()
        allowed = "GET, POST" if collection and not message_uuid else "GET"
        if request.method not in allowed.split(", "):
            return Response.of_text(405, "Method Not Allowed\n", ("Allow", allowed))
        if not self.credentials.may(auth_id, request.headers.get("authorization", "")):
            return Response.of_text(401, "Unauthorized\n", ("WWW-Authenticate", 'Basic realm="Plivo"'))
        try:
            if request.method == "POST":
                return self._send(auth_id, request)
            if message_uuid:
                return self._details(auth_id, message_uuid)
            if number:
                answer = self._options.account.number(auth_id, number)
                return Call(Subject(Kind.NUMBER, (f"+{number}",)), lambda _fault, _course: answer)
            return self._log(auth_id, request) if collection else _account(auth_id, self._options)
        except Rejected as rejected:
            return _error(400, str(rejected))

    def forget(self) -> None:
        """Begin the log's limit anew, show the log as at the start, and write to everybody again."""
        self._log_asked.clear()
        self._stopped.clear()
        self.incoming.clear()
        self._options = self._at_start

    def show_log(self, lag: float | None = None, numbers: tuple[Replacement, ...] | None = None) -> None:
        """From now on show the log like this; what is None stays."""
        known = self._options
        self._options = known._replace(
            log_lag=known.log_lag if lag is None else lag, numbers=known.numbers if numbers is None else numbers
        )

    def tell_account(self, words: Mapping[str, object]) -> PlayedAccount:
        """From now on the account says this of itself; what is not named stays. Raises ValueError."""
        account = self._options.account.told(words)
        self._options = self._options._replace(account=account)
        return account

    def hear(self, phone: str, sender: str, text: str) -> Received:
        """Take an incoming text: STOP and START count."""
        received = self.incoming.take(self.credentials.account, phone, sender, text, self._clock.now())
        line = received.dst, received.src
        match stops(text):
            case True:
                self._stopped.add(line)
            case False:
                self._stopped.discard(line)
        return received

    def stopped(self, received: Received) -> bool:
        """Whether what goes from there to its writer ends failed."""
        return (received.dst, received.src) in self._stopped

    def _send(self, auth_id: str, request: Request) -> Call:
        submission = read_submission(request.body)
        phones = tuple(f"+{phone}" for phone in submission.phones)
        subject = Subject(Kind.SEND, phones, submission.text)
        return Call(subject, lambda fault, course: self._accept(auth_id, submission, fault, course))

    def _accept(self, auth_id: str, submission: Submission, fault: str | None, course: Course | None) -> Response:
        api_id = str(uuid.uuid4())
        drafts = [
            _draft(auth_id, api_id, submission, phone, fault, self._course(submission.src, phone, course))
            for phone in submission.phones
        ]
        try:
            messages = self._ledger.accept(drafts, self._clock.now())
        except LedgerError as error:
            return _error(503, str(error))
        for message in messages:
            self._accepted(message)
        uuids = [message.message_uuid for message in messages]
        answer: dict[str, object] = {"api_id": api_id, "message": "message(s) queued", "message_uuid": uuids}
        if submission.invalid:
            answer["invalid_number"] = submission.invalid
        return Response.of_json(202, answer)

    def _course(self, src: str, dst: str, asked: Course | None) -> Course:
        return Course("failed", OPTED_OUT, 1.0) if (src, dst) in self._stopped else asked or Course()

    def _log(self, auth_id: str, request: Request) -> Call | Response:
        if self._too_many():
            return _error(429, "too many requests")
        page = read_page(auth_id, request.query, self._clock.now(), self._options.log_lag)

        def perform(_fault: str | None, _course: Course | None) -> Response:
            found = self._received(page) if page.inbound else self._sent(page)
            meta = page.meta(request.path, more=len(found) > page.limit)
            objects = found[: page.limit]
            return Response.of_json(200, {"api_id": str(uuid.uuid4()), "meta": meta, "objects": objects})

        return Call(Subject(Kind.LOG), perform)

    def _sent(self, page: Page) -> list[Mapping[str, object]]:
        """What the page shows of what was sent, and one more if there is one."""
        now = self._clock.now()
        keep = None if page.state is None else lambda message: _state(message, now) == page.state
        found = self._ledger.search(page.criteria, page.offset, page.limit + 1, keep)
        return [show(message, now, self._options.offset, self._options.numbers) for message in found]

    def _received(self, page: Page) -> list[Mapping[str, object]]:
        """The same of what came in."""
        if page.state not in (None, "received"):
            return []
        found = self.incoming.search(page.criteria, page.offset, page.limit + 1)
        return [show_received(received, self._options.offset) for received in found]

    def _too_many(self) -> bool:
        if not self._options.log_limit:
            return False
        now = self._clock.boottime()
        asked = self._log_asked
        while asked and asked[0] <= now - _LOG_WINDOW:
            asked.popleft()
        if len(asked) >= self._options.log_limit:
            return True
        asked.append(now)
        return False

    def _details(self, auth_id: str, message_uuid: str) -> Call:
        received = self.incoming.find(message_uuid)
        if received is not None and received.auth_id == auth_id:
            shown = show_received(received, self._options.offset)
            answer = Response.of_json(200, {"api_id": str(uuid.uuid4()), **shown})
            return Call(Subject(Kind.DETAILS, (f"+{received.src}",)), lambda _fault, _course: answer)
        message = self._ledger.find(message_uuid)
        if message is None or message.auth_id != auth_id:
            return Call(Subject(Kind.DETAILS), lambda _fault, _course: _error(404, "not found"))
        return Call(Subject(Kind.DETAILS, (f"+{message.dst}",)), lambda _fault, _course: self._show(message))

    def _show(self, message: Message) -> Response:
        now = self._clock.now()
        if (now - message.accepted_at).total_seconds() < self._options.log_lag:
            return _error(404, "not found")
        shown = show(message, now, self._options.offset, self._options.numbers)
        return Response.of_json(200, {"api_id": str(uuid.uuid4()), **shown})


def _state(message: Message, now: datetime) -> str:
    return message.course.standing((now - message.accepted_at).total_seconds())[0]


def _draft(auth_id: str, api_id: str, submission: Submission, phone: str, fault: str | None, course: Course) -> Draft:
    return Draft(
        auth_id=auth_id,
        api_id=api_id,
        src=submission.src,
        dst=phone,
        text=submission.text,
        units=submission.units,
        type=submission.type,
        log=submission.log,
        message_expiry=submission.message_expiry,
        fault=fault,
        ends=course.ends,
        error_code=course.code,
        ends_after=course.after,
        url=submission.url,
        method=submission.method,
    )


def _nobody(_: Message) -> None:
    """Nobody wants to know."""


def _account(auth_id: str, options: Options) -> Call:
    answer = Response.of_json(200, options.account.document(auth_id, options.offset))
    return Call(Subject(Kind.ACCOUNT), lambda _fault, _course: answer)


def _error(status: int, text: str) -> Response:
    return Response.of_json(status, {"api_id": str(uuid.uuid4()), "error": text})
