"""That the browser tests would notice: the home page opens, and what a browser complains of reaches the test."""

import pytest

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_home_page_opens_without_complaint_cookie_or_third_party(page, site):
    page.goto("/")
    assert page.locator("h1, h2").count() >= 1
    assert page.context.cookies() == []


def test_a_request_to_elsewhere_and_an_inline_script_are_noticed(page, complaints):
    page.goto("/healthz")
    page.evaluate("fetch('http://127.0.0.1:9/').catch(() => {})")
    page.evaluate("document.body.appendChild(Object.assign(document.createElement('script'), {text: 'var x = 1'}))")
    page.wait_for_function("true")
    assert "went to http://127.0.0.1:9/" in complaints or any("Content Security Policy" in said for said in complaints)
    assert any("script" in said and "Content Security Policy" in said for said in complaints)
    complaints.clear()
