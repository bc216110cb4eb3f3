"""Plivo's signatures, with its own SDK as the judge."""

import string
import subprocess
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plivo.exceptions import ValidationError
from plivo.utils import validate_signature, validate_v3_signature

from reminderd.gateway.signatures import Params, sign_v2, sign_v3, verify_v2, verify_v3

URL = "https://reminders.example.org/plivo/status/9f2c"
NONCE, TOKEN = "05429567804466091622", "c2VjcmV0IHRva2Vu"
FORM = {"From": "14155550100", "To": "14155550101", "Status": "delivered", "MessageUUID": "5b40a428-bfc7"}

plain = st.text(string.ascii_letters + string.digits + "-_~", min_size=1, max_size=8)
tokens = st.text(min_size=1, max_size=40).filter(lambda token: token.isprintable())
nonces = st.text(string.digits + string.ascii_letters, min_size=1, max_size=24)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
forms: st.SearchStrategy[Mapping[str, Any]] = st.dictionaries(
    texts, texts | st.lists(texts, min_size=1, max_size=3), max_size=6
)
# The SDK cannot read a query with anything but ASCII in it.
ascii_texts = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)
queries = st.lists(st.tuples(ascii_texts, ascii_texts), max_size=5).map(urlencode)


@st.composite
def urls(draw: st.DrawFn) -> str:
    scheme, port = draw(st.sampled_from(["http", "https"])), draw(st.sampled_from(["", ":8080"]))
    path = "/".join(draw(st.lists(plain, max_size=4)))
    query = draw(queries)
    return f"{scheme}://reminders.example.org{port}/{path}{'?' if query else ''}{query}"


@given(urls(), nonces, tokens)
def test_the_sdk_takes_our_v2(url: str, nonce: str, token: str) -> None:
    signature = sign_v2(url, nonce, token)
    assert validate_signature(url, nonce, signature, token)
    assert verify_v2(url, nonce, signature, token)


@given(urls(), nonces, tokens, forms)
def test_the_sdk_takes_our_v3_of_a_form(url: str, nonce: str, token: str, form: Params) -> None:
    signature = sign_v3("POST", url, nonce, token, form)
    assert validate_v3_signature("POST", url, nonce, token, signature, dict(form))
    assert verify_v3("POST", url, nonce, signature, token, form)


@given(urls(), nonces, tokens, st.dictionaries(texts, texts, max_size=3))
def test_the_sdk_takes_our_v3_of_a_get(url: str, nonce: str, token: str, params: Mapping[str, str]) -> None:
    signature = sign_v3("GET", url, nonce, token, params)
    assert validate_v3_signature("GET", url, nonce, token, signature, dict(params))
    assert verify_v3("GET", url, nonce, signature, token, params)


@given(forms, st.data())
def test_what_is_changed_on_the_way_is_not_taken(form: Params, data: st.DataObject) -> None:
    signature = sign_v3("POST", URL, NONCE, TOKEN, form)
    name = data.draw(texts)
    changed = {**form, name: "forged"}
    taken = verify_v3("POST", URL, NONCE, signature, TOKEN, changed)
    assert taken == validate_v3_signature("POST", URL, NONCE, TOKEN, signature, dict(changed))
    assert not verify_v3("POST", f"{URL}?a=b", NONCE, signature, TOKEN, form)
    assert not verify_v3("POST", URL, NONCE + "1", signature, TOKEN, form)
    assert not verify_v3("POST", URL, NONCE, signature, TOKEN + "1", form)
    assert not verify_v3("GET", URL + "/", NONCE, signature, TOKEN, form)


def test_v3_covers_the_form_and_v2_does_not() -> None:
    v2, v3 = sign_v2(URL, NONCE, TOKEN), sign_v3("POST", URL, NONCE, TOKEN, FORM)
    assert not verify_v3("POST", URL, NONCE, v3, TOKEN, {**FORM, "Status": "failed"})
    assert verify_v2(f"{URL}?Status=failed", NONCE, v2, TOKEN)
    assert not verify_v2(f"{URL}/other", NONCE, v2, TOKEN)


def test_a_name_that_comes_twice_is_signed_with_all_its_values_in_order() -> None:
    signature = sign_v3("POST", URL, NONCE, TOKEN, {"Media": ["b", "a"]})
    assert signature == sign_v3("POST", URL, NONCE, TOKEN, {"Media": ["a", "b"]})
    assert signature != sign_v3("POST", URL, NONCE, TOKEN, {"Media": "a"})
    assert sign_v3("POST", URL, NONCE, TOKEN, {"Status": ["sent"]}) == sign_v3(
        "POST", URL, NONCE, TOKEN, {"Status": "sent"}
    )


def test_any_signature_of_a_list_will_do() -> None:
    right, wrong = sign_v3("POST", URL, NONCE, TOKEN, FORM), sign_v3("POST", URL, NONCE, "another", FORM)
    for header in (f"{right},{wrong}", f"{wrong},{right}", f"{wrong}, {right}", f",,{right},"):
        assert verify_v3("POST", URL, NONCE, header, TOKEN, FORM)
    for header in (f"{wrong},{wrong}", ",", f"{right} {wrong}", right[:-1], right + "="):
        assert not verify_v3("POST", URL, NONCE, header, TOKEN, FORM)


@pytest.mark.parametrize("signature", [None, "", ",", "é", "\udcff", "a" * 10_000, "," * 10_000])
@pytest.mark.parametrize("nonce", [None, "", NONCE, "é", "\udcff"])
def test_headers_that_are_missing_or_no_signature_are_a_plain_no(nonce: str | None, signature: str | None) -> None:
    assert not verify_v2(URL, nonce, signature, TOKEN)
    assert not verify_v3("POST", URL, nonce, signature, TOKEN, FORM)
    assert not verify_v3("GET", URL, nonce, signature, TOKEN)


def test_nothing_is_right_without_a_token() -> None:
    assert validate_signature(URL, NONCE, sign_v2(URL, NONCE, ""), "")
    assert not verify_v2(URL, NONCE, sign_v2(URL, NONCE, ""), "")
    assert not verify_v3("POST", URL, NONCE, sign_v3("POST", URL, NONCE, "", FORM), "", FORM)


def test_other_methods_are_not_signed() -> None:
    signature = sign_v3("POST", URL, NONCE, TOKEN, FORM)
    with pytest.raises(ValueError, match="PUT is not a method that is signed"):
        sign_v3("PUT", URL, NONCE, TOKEN, FORM)
    with pytest.raises(ValidationError):
        validate_v3_signature("PUT", URL, NONCE, TOKEN, signature, dict(FORM))
    assert not verify_v3("PUT", URL, NONCE, signature, TOKEN, FORM)


@pytest.mark.parametrize("url", ["", "/plivo/status/9f2c", "https://", "http://[::1/plivo", "https://a\udcff/"])
def test_an_address_that_is_none_is_a_plain_no(url: str) -> None:
    signature = sign_v3("POST", URL, NONCE, TOKEN, FORM)
    with pytest.raises(ValueError):
        sign_v3("POST", url, NONCE, TOKEN, FORM)
    assert not verify_v3("POST", url, NONCE, signature, TOKEN, FORM)
    assert not verify_v2(url, NONCE, signature, TOKEN)


def test_text_beyond_ascii_is_signed_in_a_form_and_in_a_query() -> None:
    form = {"Text": "Grüße ☎ שלום 🙂", "From": "972505550101"}
    signature = sign_v3("POST", URL, NONCE, TOKEN, form)
    assert validate_v3_signature("POST", URL, NONCE, TOKEN, signature, dict(form))
    url = f"{URL}?{urlencode(form)}"
    assert verify_v3("GET", url, NONCE, sign_v3("GET", url, NONCE, TOKEN), TOKEN)


def test_a_form_with_half_a_character_is_a_plain_no() -> None:
    form = {"Text": "\ud83d"}
    assert not verify_v3("POST", URL, NONCE, "c2ln", TOKEN, form)
    assert not verify_v3("GET", URL, NONCE, "c2ln", TOKEN, form)


def test_verifying_loads_nothing_of_the_sdk() -> None:
    script = "import sys, reminderd.gateway.signatures; sys.exit('plivo' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
