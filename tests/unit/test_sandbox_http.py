"""The sandbox's HTTP without sockets: bytes in, requests out."""

import pytest

from reminderd.gateway.sandbox.http import Malformed, Request, Response
from reminderd.gateway.sandbox.parser import MAX_BODY, MAX_HEAD, RequestParser

HOST = b"Host: localhost\r\n"
POST = b"POST /a/?b=c HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"POST /chunks/ HTTP/1.1\r\n"
    + HOST
    + b"Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;note=x\r\nlo\r\n0\r\nChecksum: 1\r\n\r\n"
)


def parse(data: bytes) -> Request:
    parser = RequestParser()
    parser.feed(data)
    request = parser.next()
    assert request is not None
    return request


def refusal(data: bytes) -> int:
    parser = RequestParser()
    parser.feed(data)
    with pytest.raises(Malformed) as caught:
        parser.next()
    return caught.value.status


def test_a_request_is_read_into_its_parts() -> None:
    request = parse(POST)
    assert (request.method, request.path, request.query, request.body) == ("POST", "/a/", "b=c", b"hello")
    assert request.headers == {"host": "localhost", "content-length": "5"}
    assert request.keep_alive


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_requests_are_the_same_however_their_bytes_are_split(size: int) -> None:
    stream = POST + CHUNKED + b"\r\n" + POST
    parser = RequestParser()
    requests = []
    for start in range(0, len(stream), size):
        parser.feed(stream[start : start + size])
        while (request := parser.next()) is not None:
            requests.append(request)
    assert [(request.path, request.body) for request in requests] == [
        ("/a/", b"hello"),
        ("/chunks/", b"hello"),
        ("/a/", b"hello"),
    ]
    assert not parser.started


@pytest.mark.parametrize(
    ("head", "keep_alive"),
    [
        (b"GET / HTTP/1.1\r\n" + HOST, True),
        (b"GET / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n", False),
        (b"GET / HTTP/1.0\r\n", False),
        (b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n", True),
    ],
)
def test_a_connection_is_kept_as_its_version_and_header_say(head: bytes, keep_alive: bool) -> None:
    assert parse(head + b"\r\n").keep_alive is keep_alive


def test_a_target_in_absolute_form_loses_its_origin() -> None:
    assert parse(b"GET http://localhost:80/v1/?q=1 HTTP/1.1\r\n" + HOST + b"\r\n").path == "/v1/"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01", 400),
        (b"hello\r\n", 400),
        (b"GET /\r\n", 400),
        (b"GET / HTTP/2.0\r\n", 505),
        (b"GET x HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
    ],
)
def test_what_is_no_request_is_refused_as_soon_as_it_shows(data: bytes, status: int) -> None:
    assert refusal(data) == status


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (b"Content-Length: -1", 400),
        (b"Content-Length: +5", 400),
        (b"Content-Length: 5, 5", 400),
        (b"Content-Length: five", 400),
        (b"Content-Length: 5\r\nContent-Length: 6", 400),
        (b"Content-Length: 5\r\nTransfer-Encoding: chunked", 400),
        (b"Transfer-Encoding: gzip", 501),
        (b"Content-Length: %d" % (MAX_BODY + 1), 413),
        (b"Content-Length: " + b"9" * 5000, 413),
    ],
)
def test_a_body_of_unclear_or_too_great_length_is_refused(header: bytes, status: int) -> None:
    assert refusal(b"POST / HTTP/1.1\r\n" + HOST + header + b"\r\n\r\n") == status


@pytest.mark.parametrize(
    ("chunks", "status"),
    [
        (b"x\r\n", 400),
        (b"-1\r\n", 400),
        (b"2\r\nabc\r\n", 400),
        (b"1" * 2000, 400),
        (b"fffffff\r\n", 413),
        (b"0\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"y" * 900) for n in range(20)), 431),
    ],
)
def test_bad_chunks_are_refused(chunks: bytes, status: int) -> None:
    assert refusal(b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks) == status


def test_chunks_add_up_to_the_largest_body_and_no_further() -> None:
    parser = RequestParser()
    parser.feed(b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n")
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    for _ in range(MAX_BODY // 0x10000):
        parser.feed(chunk)
        assert parser.next() is None
    parser.feed(b"1\r\nx\r\n")
    with pytest.raises(Malformed) as caught:
        parser.next()
    assert caught.value.status == 413


@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"])
def test_a_head_without_end_is_refused(end: bytes) -> None:
    assert refusal(b"GET / HTTP/1.1\r\nX: " + b"y" * MAX_HEAD + end) == 431


def test_a_client_that_waits_for_leave_to_send_its_body_gets_it_once() -> None:
    parser = RequestParser()
    parser.feed(b"POST / HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    assert parser.next() is None
    assert [parser.take_continue(), parser.take_continue()] == [True, False]
    parser.feed(b"ok")
    request = parser.next()
    assert request is not None
    assert request.body == b"ok"


def test_an_answer_is_framed_by_its_length() -> None:
    answer = Response(202, b"{}", "application/json", (("Retry-After", "3"),)).encode("today", close=True)
    assert answer == (
        b"HTTP/1.1 202 Accepted\r\nDate: today\r\nRetry-After: 3\r\nContent-Type: application/json\r\n"
        b"Content-Length: 2\r\nConnection: close\r\n\r\n{}"
    )


def test_answers_that_have_no_body_send_none() -> None:
    assert Response(204, b"x").encode("today") == b"HTTP/1.1 204 No Content\r\nDate: today\r\n\r\n"
    assert Response(200, b"four").encode("today", head_only=True).endswith(b"Content-Length: 4\r\n\r\n")
