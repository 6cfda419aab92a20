"""A Redis that is gone is an empty cache."""

import pytest
from django.core.cache import caches
from django.test import Client

from naatbatt.requests import within_limit

NOWHERE = {
    "default": {"BACKEND": "naatbatt.cache.RedisCache", "LOCATION": "unix:///nowhere/redis.sock", "KEY_PREFIX": "none"}
}


@pytest.fixture
def without_redis(settings):
    settings.CACHES = NOWHERE
    settings.REDIS_URL = ""


def test_it_answers_as_an_empty_cache(without_redis):
    cache = caches["default"]
    cache.set("key", 1)
    assert cache.get("key") is None
    assert cache.get("key", "default") == "default"
    assert cache.add("key", 1) is True
    assert cache.get_or_set("key", lambda: 2) == 2
    assert cache.get_many(["key"]) == {}
    assert cache.set_many({"key": 1}) == ["key"]
    assert cache.touch("key") is False
    assert cache.delete("key") is False
    assert cache.delete_many(["key"]) is None
    assert "key" not in cache
    with pytest.raises(ValueError, match="not found"):
        cache.incr("key")


def test_it_says_so_in_the_log(without_redis, caplog):
    caches["default"].get("key")
    assert "Redis did not answer (ConnectionError); going on without the cache." in caplog.text


@pytest.mark.django_db
def test_readers_are_served_without_redis(without_redis):
    assert Client().get("/").status_code == 200
    assert within_limit("anything", most=1, seconds=60)


def test_with_redis_it_is_a_cache(settings, redis_url):
    options = {"socket_connect_timeout": 1, "socket_timeout": 2}
    settings.CACHES = {"default": {**NOWHERE["default"], "LOCATION": redis_url, "OPTIONS": options}}
    cache = caches["default"]
    try:
        assert cache.add("key", 1)
        assert not cache.add("key", 2)
        assert cache.incr("key") == 2
        assert cache.get("key") == 2
    finally:
        cache.delete("key")
    assert cache.get("key") is None
