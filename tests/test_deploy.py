"""What deploy/ promises: files that parse, name what exists, and keep personal links out of caches and logs."""

import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import yaml

from naatbatt.mail import links
from tests.test_checks import GOOD, variables_read

DEPLOY = Path(__file__).parent.parent / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


# --- nginx -----------------------------------------------------------------------------------------------------------


def parse_nginx(text):
    """[(words, children or None), ...]: enough of nginx's grammar for its own files."""
    tokens = re.findall(r"""\#[^\n]*|"[^"]*"|'[^']*'|[{};]|[^\s{};"']+""", text)
    tokens = iter([token for token in tokens if not token.startswith("#")])

    def block(closing):
        found, words = [], []
        for token in tokens:
            if token == ";":
                found.append((words, None))
                words = []
            elif token == "{":
                found.append((words, block("}")))
                words = []
            elif token == "}":
                assert closing == "}", "one } too many"
                assert not words, f"no ; after {words}"
                return found
            else:
                words.append(token.strip("\"'"))
        assert closing is None, "a } is missing"
        assert not words, f"no ; after {words}"
        return found

    return block(None)


@pytest.fixture(scope="module")
def nginx():
    return parse_nginx((DEPLOY / "nginx.conf").read_text())


@pytest.fixture(scope="module")
def locations(nginx):
    """The locations of the site itself: pattern -> {directive: its arguments}."""
    site = [body for words, body in nginx if words == ["server"]][-1]
    return {
        " ".join(words[1:]): {words[0]: words[1:] for words, children in body if children is None}
        for words, body in site
        if words[0] == "location"
    }


def location_of(path, locations):
    """As nginx chooses: exact, else the first regular expression, else the longest prefix."""
    if f"= {path}" in locations:
        return locations[f"= {path}"]
    for pattern, body in locations.items():
        if pattern.startswith("~ ") and re.search(pattern[2:], path):
            return body
    return locations[max((name for name in locations if path.startswith(name)), key=len)]


def test_a_broken_nginx_file_would_be_noticed():
    for broken in ("server { listen 80 }", "server { listen 80;", "server { listen 80; }}", "listen 80"):
        with pytest.raises(AssertionError):
            parse_nginx(broken)


@pytest.mark.parametrize("path", ["/a/token/", "/a/token/thanks/", "/n/token/", "/u/token/", "/v/token/"])
def test_personal_links_are_neither_kept_nor_logged(locations, path):
    chosen = location_of(path, locations)
    assert chosen["access_log"] == ["off"]
    assert chosen["error_log"][-1] == "crit"  # error lines name the request
    assert chosen["proxy_cache"] == ["off"]


@pytest.mark.parametrize("path", ["/admin/", "/admin/posts/post/", "/admin/login/", "/healthz", "/readyz"])
def test_what_is_not_for_everyone_is_not_kept(locations, path):
    assert location_of(path, locations)["proxy_cache"] == ["off"]


def test_an_address_without_tls_is_not_logged_either(nginx):
    plain = next(body for words, body in nginx if words == ["server"])
    assert (["access_log", "off"], None) in plain


def test_the_log_names_no_page_that_a_visitor_came_from(nginx):
    formats = [words for words, _ in nginx if words[0] == "log_format"]
    assert formats
    assert not any("referer" in part for words in formats for part in words)


@pytest.mark.parametrize("path", ["/", "/posts/some-post/", "/archive/2026/", "/about-something/"])
def test_pages_are_kept_for_visitors_without_a_cookie(locations, nginx, path):
    chosen = location_of(path, locations)
    assert chosen["proxy_cache"] == ["naatbatt"]
    assert chosen["proxy_cache_bypass"] == chosen["proxy_no_cache"] == ["$naatbatt_has_cookie"]
    assert chosen["proxy_cache_background_update"] == ["on"]
    assert {"updating", "error", "timeout"} <= set(chosen["proxy_cache_use_stale"])
    assert "proxy_cache_valid" not in chosen  # the site says what may be kept, not the proxy
    has_cookie = next(body for words, body in nginx if words[:2] == ["map", "$http_cookie"])
    assert has_cookie == [(["", "0"], None), (["default", "1"], None)]


def test_fingerprinted_files_are_kept_for_ever(nginx):
    site = [body for words, body in nginx if words == ["server"]][-1]
    static = next(body for words, body in site if words == ["location", "/static/"])
    (words, body) = next((words, body) for words, body in static if words[0] == "location")
    assert re.search(words[2].replace("?<", "?P<"), "/static/css/site.0123456789ab.css")
    assert not re.search(words[2].replace("?<", "?P<"), "/static/css/site.css")
    assert (["add_header", "Cache-Control", "public, max-age=31536000, immutable"], None) in body


def test_the_visitor_cannot_choose_the_address_that_is_believed(nginx):
    site = [body for words, body in nginx if words == ["server"]][-1]
    assert (["proxy_set_header", "X-Forwarded-For", "$remote_addr"], None) in site
    assert (["proxy_set_header", "X-Forwarded-Proto", "$scheme"], None) in site


@pytest.mark.skipif(not shutil.which("nginx") or not shutil.which("openssl"), reason="nginx itself is not installed")
def test_nginx_accepts_the_file(tmp_path):
    files = ["-keyout", tmp_path / "privkey.pem", "-out", tmp_path / "fullchain.pem"]
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=blog.example.org", *files]
    subprocess.run(make, check=True, capture_output=True)
    site = (DEPLOY / "nginx.conf").read_text()
    for folder in ("/etc/naatbatt/certificates", "/var/log/nginx", "/var/cache/nginx"):
        site = site.replace(folder, str(tmp_path))
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "\n".join(f"{kind}_temp_path {tmp_path}/{kind};" for kind in kinds)
    main = f"pid {tmp_path}/pid; error_log {tmp_path}/error.log; events {{}} http {{\n{folders}\n{site}\n}}"
    (tmp_path / "nginx.conf").write_text(main)
    ran = subprocess.run(["nginx", "-t", "-c", tmp_path / "nginx.conf"], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


# --- systemd ---------------------------------------------------------------------------------------------------------


def parse_unit(path):
    """{section: {key: [values]}}; unlike in other INI files a key may come more than once."""
    sections, current = {}, None
    for line in path.read_text().splitlines():
        line = line.strip()  # noqa: PLW2901
        if not line or line.startswith(("#", ";")):
            continue
        if found := re.fullmatch(r"\[(\w+)\]", line):
            current = sections.setdefault(found[1], {})
        else:
            key, equals, value = line.partition("=")
            assert equals, f"{path.name}: {line}"
            current.setdefault(key, []).append(value)
    return sections


def test_there_is_a_unit_for_each_process():
    assert [unit.stem for unit in UNITS] == ["naatbatt-beat", "naatbatt-web", "naatbatt-worker"]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_units_start_what_exists_with_few_rights(path):
    unit = parse_unit(path)
    service = unit["Service"]
    assert service["User"] == ["naatbatt"]
    assert service["EnvironmentFile"] == ["/etc/naatbatt/env"]
    assert "PRODUCTION=1" in shlex.split(service["Environment"][0])
    assert service["RestartPreventExitStatus"] == ["3"]  # a wrong configuration (naatbatt/checks.py)
    assert service["KillMode"] == ["mixed"]  # the main process alone is asked to stop
    for hardening in ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices", "RestrictNamespaces"):
        assert service[hardening] == ["yes"]
    assert service["ProtectSystem"] == ["strict"]
    assert service["CapabilityBoundingSet"] == [""]
    assert unit["Install"]["WantedBy"] == ["multi-user.target"]
    for command in service["ExecStart"] + service.get("ExecStartPre", []):
        program, *arguments = shlex.split(command)
        assert program == "/srv/naatbatt/.venv/bin/python"
        assert arguments[0] == "manage.py" or arguments[:2] in (["-m", "gunicorn"], ["-m", "celery"])


def test_the_web_unit_checks_migrates_and_collects_before_it_serves():
    service = parse_unit(DEPLOY / "systemd" / "naatbatt-web.service")["Service"]
    assert [shlex.split(command)[2] for command in service["ExecStartPre"]] == ["check", "migrate", "collectstatic"]


def test_what_the_web_server_itself_says_of_a_request_carries_no_personal_link(tmp_path):
    token = links.token("answer", links.new_nonce())
    worker = f"""
        import django
        from gunicorn.config import Config
        from gunicorn.glogging import Logger

        log = Logger(Config())
        django.setup()  # as a worker loads the site
        log.error("Error handling request %s %s", "GET", "/a/{token}/")
    """
    environment = {"PATH": "", "VAR_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "naatbatt.settings"}
    command = [sys.executable, "-c", textwrap.dedent(worker)]
    ran = subprocess.run(command, env=environment, cwd=DEPLOY.parent, capture_output=True, text=True, check=True)
    assert "Error handling request GET /a/••••••/" in ran.stderr
    assert token not in ran.stdout + ran.stderr


# --- containers ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def test_every_process_is_there_and_watched(compose):
    services = compose["services"]
    assert set(services) == {"postgres", "redis", "migrate", "web", "worker", "beat", "nginx"}
    for name, service in services.items():
        if name != "migrate":  # runs once
            assert service["healthcheck"]["test"], name
            assert service["restart"] == "unless-stopped", name


def test_the_site_starts_after_its_database_is_up_to_date(compose):
    for name in ("web", "worker", "beat"):
        service = compose["services"][name]
        assert service["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
        assert service["env_file"] == "../.env"
        assert service["environment"]["PRODUCTION"] == "1"
        assert service["cap_drop"] == ["ALL"]
        assert service["read_only"] is True


def test_only_nginx_is_reachable_from_outside(compose):
    published = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}
    # nginx lives in the network of `web`, which answers on 127.0.0.1 only.
    assert published == {"web": ["80:80", "443:443"]}
    assert compose["services"]["nginx"]["network_mode"] == "service:web"
    assert 'bind = "127.0.0.1:8000"' in (DEPLOY / "gunicorn.conf.py").read_text()


def test_compose_sets_only_variables_that_the_site_reads(compose):
    assert set(compose["x-site"]["environment"]) <= variables_read()


def test_the_example_with_its_blanks_filled_in_is_a_sound_production(tmp_path):
    example = (DEPLOY.parent / ".env.example").read_text()
    active = dict(re.findall(r"^([A-Z_]+)=(.*)$", example, re.MULTILINE))
    assert set(GOOD) <= set(active)
    assert active["SECRET_KEY"] == active["POSTGRES_PASSWORD"] == ""


def test_the_image_is_made_from_the_lock_and_does_not_run_as_root():
    lines = (DEPLOY / "Dockerfile").read_text()
    assert "--require-hashes --only-binary :all: -r requirements.lock" in lines
    assert lines.rindex("USER naatbatt") > lines.rindex("COPY . ")
    ignored = (DEPLOY.parent / ".dockerignore").read_text().split()
    assert {".*", "var/"} <= set(ignored)  # .env and the data of a site run here
