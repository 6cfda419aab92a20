import logging

import pytest

from naatbatt.mail import links


def test_a_token_has_128_bits_in_22_url_safe_characters():
    token = links.token("answer", links.new_nonce())
    assert len(token) == 22
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_the_same_nonce_gives_the_same_link_and_another_purpose_another_one():
    nonce = links.new_nonce()
    assert links.token("answer", nonce) == links.token("answer", nonce)
    assert links.token("answer", nonce) != links.token("leave", nonce)


def test_without_the_sites_key_a_nonce_is_worth_nothing(settings):
    nonce = links.new_nonce()
    before = links.token("answer", nonce)
    settings.SECRET_KEY = "another key"
    assert links.token("answer", nonce) != before


def test_links_survive_a_change_of_the_key_while_the_earlier_one_is_a_fallback(settings):
    nonce, before = (made := links.new_nonce()), links.token("answer", made)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key", [settings.SECRET_KEY]
    assert links.token("answer", nonce) == before
    assert links.reveal(links.mark("answer", nonce)) == before
    assert links.token("answer", links.new_nonce()) != before
    settings.SECRET_KEY_FALLBACKS = []
    assert links.token("answer", nonce) != before


def test_a_nonce_has_128_random_bits_and_nothing_of_the_key_but_its_name(settings):
    nonces = [links.new_nonce() for _ in range(50)]
    assert {len(nonce) for nonce in nonces} == {26}
    assert len({nonce[:22] for nonce in nonces}) == 50
    assert len({nonce[22:] for nonce in nonces}) == 1
    settings.SECRET_KEY = "another key"
    assert links.new_nonce()[22:] != nonces[0][22:]


def test_a_mark_becomes_the_token_on_revealing_and_dots_on_masking():
    nonce = links.new_nonce()
    text = f"Open https://example.org/a/{links.mark('answer', nonce)}/ today."
    assert links.reveal(text) == f"Open https://example.org/a/{links.token('answer', nonce)}/ today."
    assert links.mask(text) == "Open https://example.org/a/••••••/ today."


def test_masking_keeps_the_marks_that_it_is_told_to_keep():
    mine, other = links.mark("answer", links.new_nonce()), links.mark("answer", links.new_nonce())
    assert links.mask(f"{mine} {other}", keep={mine}) == f"{mine} ••••••"
    assert links.marks(f"{mine} {other} {mine}") == {mine, other}


def test_what_a_server_says_is_rid_of_the_tokens_of_the_mail_it_speaks_of():
    nonce = links.new_nonce()
    token = links.token("answer", nonce)
    said = f"550 message refers to https://example.org/a/{token}. Rejected"
    assert (
        links.conceal(said, of=links.mark("answer", nonce))
        == "550 message refers to https://example.org/a/••••••. Rejected"
    )


@pytest.mark.parametrize("after", ["", "/", " ", '"', ">", "'", ")", ".", ",", "?next=1", "/thanks/", "\n"])
def test_log_lines_never_carry_a_personal_link(caplog, after):
    token = links.token("answer", links.new_nonce())
    logger = logging.getLogger("redaction")
    redact = links.RedactLinks()
    logger.addFilter(redact)
    logger.warning('"GET /a/%s%s HTTP/1.1" 200', token, after)
    logger.removeFilter(redact)
    assert token not in caplog.text
    assert "/a/••••••" in caplog.text


def test_ordinary_paths_stay_in_the_log(caplog):
    logger = logging.getLogger("redaction")
    redact = links.RedactLinks()
    logger.addFilter(redact)
    logger.warning("/posts/can-the-united-states-catch-up/ and /archive/2026/")
    logger.removeFilter(redact)
    assert "/posts/can-the-united-states-catch-up/ and /archive/2026/" in caplog.text
