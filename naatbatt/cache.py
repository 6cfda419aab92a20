"""The cache of a site with Redis."""

import logging
from typing import Any

from django.core.cache.backends import redis
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


class RedisCache(redis.RedisCache):
    """Redis, except that a Redis that is gone is an empty cache: pages come slower, none fails."""

    def add(self, *args: Any, **kwargs: Any) -> bool:
        return self._attempt("add", True, args, kwargs)

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self._attempt("get", default, (key, default, version), {})

    def set(self, *args: Any, **kwargs: Any) -> None:
        self._attempt("set", None, args, kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> bool:
        return self._attempt("touch", False, args, kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        return self._attempt("delete", False, args, kwargs)

    def get_many(self, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        return self._attempt("get_many", {}, args, kwargs)

    def set_many(self, data: dict[Any, Any], *args: Any, **kwargs: Any) -> list[Any]:
        return self._attempt("set_many", list(data), (data, *args), kwargs)

    def delete_many(self, *args: Any, **kwargs: Any) -> None:
        self._attempt("delete_many", None, args, kwargs)

    def has_key(self, *args: Any, **kwargs: Any) -> bool:
        return self._attempt("has_key", False, args, kwargs)

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        count = self._attempt("incr", None, (key, delta, version), {})
        if count is None:
            raise ValueError(f"Key {key!r} not found")  # what an empty cache says
        return count

    def _attempt(self, method: str, otherwise: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        try:
            return getattr(super(), method)(*args, **kwargs)
        except RedisError as error:
            logger.warning("Redis did not answer (%s); going on without the cache.", type(error).__name__)
            return otherwise
