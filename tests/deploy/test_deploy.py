"""Files to deploy with are text that nobody runs here: what they name must exist."""

import re
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from serving.app import create_app
from serving.cli import app as door
from serving.settings import PREFIX, ServingSettings
from serving.telemetry.metrics.measures import MEASURES, Kind

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
FILES = sorted(DEPLOY.iterdir())
OURS = {f"{PREFIX}{name.upper()}" for name in ServingSettings.model_fields}
PROBES = {"/healthz", "/readyz"}


def text(name: str) -> str:
    return (DEPLOY / name).read_text("utf-8")


def documents(name: str) -> list[Any]:
    return list(yaml.safe_load_all(text(name)))


def inside(found: Any, key: str) -> Iterator[Any]:
    """Every value under this key, however deep."""
    if isinstance(found, dict):
        for name, value in found.items():
            if name == key:
                yield value
            yield from inside(value, key)
    elif isinstance(found, list):
        for one in found:
            yield from inside(one, key)


def must_be_a_command(words: list[str]) -> None:
    """Words after `foresell`: a command there is, with options it has, whose values it takes."""
    command: Any = get_command(door)
    while getattr(command, "commands", None):
        command = command.commands[words[0]]
        words = words[1:]
    command.make_context("foresell", list(words), resilient_parsing=False)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_setting_named_is_one(path: Path) -> None:
    named = set(re.findall(r"FORESELL_[A-Z_]+", path.read_text("utf-8")))

    assert named <= OURS


def test_the_image_copies_what_there_is_and_runs_without_root() -> None:
    said = text("Dockerfile")
    for line in re.findall(r"^COPY (?!--from)(.+)$", said, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
    build, final = said.split("FROM ")[1:]
    assert "USER 10001" in final
    assert "pip install" not in final
    assert "build-essential" not in final
    extras = set(re.search(r"ARG EXTRAS=(\S+)", build)[1].split(","))
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    assert all(re.search(rf"^{extra} = \[", project, re.MULTILINE) for extra in extras)
    assert re.search(r"urlopen\('http://127.0.0.1:8000(/\w+)'", final)[1] in PROBES
    words = re.findall(r'"([^"]+)"', re.search(r"^CMD (.+)$", final, re.MULTILINE)[1])
    must_be_a_command(words)


def test_no_code_is_looked_for_where_the_service_or_its_backups_write() -> None:
    final, unit = text("Dockerfile").split("FROM ")[2], text("foresell.service")
    (compose,), (pod,) = documents("compose.yaml"), inside(documents("kubernetes.yaml"), "containers")
    home = "/var/lib/foresell"

    assert re.search(r"^WORKDIR (\S+)$", final, re.MULTILINE)[1] == "/"
    assert "PYTHONPYCACHEPREFIX" not in final
    assert "PYTHONSAFEPATH=1" in final
    assert '"python", "-P", "-c"' in final
    for said in (final, unit):
        (code,) = re.findall(r"FORESELL_MACHINE_CODE=(\S+)", said)
        assert not Path(code).is_relative_to(home)
    assert f"install -d -o 10001 -g 10001 -m 0700 {code}" in final
    assert [one.split(":")[1] for one in compose["services"]["foresell"]["volumes"]] == [home, code]
    assert {one["mountPath"] for one in pod[0]["volumeMounts"]} >= {home, code}


def test_few_are_believed_when_they_say_who_calls() -> None:
    given = {one["name"]: one.get("value") for env in inside(documents("kubernetes.yaml"), "env") for one in env}

    for one in given["FORESELL_TRUSTED_PROXIES"].split(","):
        assert ip_network(one).num_addresses <= 256


def test_compose_waits_for_its_database_and_stops_in_good_order() -> None:
    (found,) = documents("compose.yaml")
    service = found["services"]["foresell"]

    must_be_a_command(service["command"])
    assert service["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert found["services"]["database"]["healthcheck"]
    for one in found["services"].values():
        for mount in one["volumes"]:
            assert mount.split(":")[0] in found["volumes"]
    assert int(service["stop_grace_period"].removesuffix("s")) > ServingSettings().grace.total_seconds()
    assert service["environment"]["FORESELL_DATABASE"].startswith("postgresql+psycopg://")
    assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).exists()
    ServingSettings(database=service["environment"]["FORESELL_DATABASE"])


def test_kubernetes_runs_two_that_are_asked_on_real_paths() -> None:
    kinds = {one["kind"]: one for one in documents("kubernetes.yaml")}
    deployment = kinds["Deployment"]["spec"]
    (container,) = deployment["template"]["spec"]["containers"]

    assert set(kinds) == {"PersistentVolumeClaim", "Deployment", "Service", "PodDisruptionBudget"}
    assert deployment["replicas"] == 2
    must_be_a_command(container["args"])
    ports = {one["name"] for one in container["ports"]}
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"]["path"] in PROBES
        assert container[probe]["httpGet"]["port"] in ports
    assert kinds["Service"]["spec"]["ports"][0]["targetPort"] in ports
    labels = deployment["template"]["metadata"]["labels"]
    for chooses in (deployment["selector"]["matchLabels"], kinds["Service"]["spec"]["selector"]):
        assert chooses.items() <= labels.items()
    assert kinds["PersistentVolumeClaim"]["spec"]["accessModes"] == ["ReadWriteMany"]
    mounted = {one["name"] for one in container["volumeMounts"]}
    assert mounted == {one["name"] for one in deployment["template"]["spec"]["volumes"]}
    pause = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    grace = deployment["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace > ServingSettings().grace.total_seconds() + pause
    given = {one["name"].removeprefix(PREFIX).lower(): one.get("value") for one in container["env"]}
    ServingSettings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    assert any(one.get("valueFrom", {}).get("secretKeyRef") for one in container["env"])


def test_proxies_let_go_of_connections_first_and_keep_metrics_to_themselves() -> None:
    nginx, caddy = text("nginx.conf"), text("Caddyfile")
    settings = ServingSettings()

    assert int(re.search(r"keepalive_timeout (\d+)s", nginx)[1]) < settings.keep_alive.total_seconds()
    assert int(re.search(r"keepalive (\d+)s", caddy)[1]) < settings.keep_alive.total_seconds()
    assert int(re.search(r"proxy_read_timeout (\d+)s", nginx)[1]) > settings.request_most.total_seconds()
    assert int(re.search(r"client_max_body_size (\d+)m", nginx)[1]) * 1_000_000 >= settings.max_body_bytes
    assert int(re.search(r"max_size (\d+)MB", caddy)[1]) * 1_000_000 >= settings.max_body_bytes
    assert re.search(r"health_uri (\S+)", caddy)[1] in PROBES
    assert "location = /metrics" in nginx
    assert "respond /metrics" in caddy
    assert nginx.count("{") == nginx.count("}")
    assert caddy.count("{") == caddy.count("}")


def test_only_what_may_be_done_twice_is_sent_to_another_instance_after_it_was_sent() -> None:
    # A location's text holds no braces of its own.
    places = dict(re.findall(r"location (?:= )?(\S+) \{([^}]*)\}", text("nginx.conf")))
    again = {path for path, said in places.items() if "non_idempotent" in said}

    assert again == {"/v1/scores/", "/v1/events"}
    assert text("nginx.conf").count(" non_idempotent;") == len(again)


def test_the_unit_runs_a_command_that_there_is() -> None:
    started = re.search(r"^ExecStart=(.+)$", text("foresell.service"), re.MULTILINE)[1].split()
    stops = int(re.search(r"TimeoutStopSec=(\d+)", text("foresell.service"))[1])

    assert started[0].endswith("/foresell")
    must_be_a_command(started[1:])
    assert stops > ServingSettings().grace.total_seconds()


def test_alerts_ask_for_metrics_and_labels_that_there_are() -> None:
    suffixes = {Kind.HISTOGRAM: ("_bucket", "_count", "_sum"), Kind.COUNTER: ("",), Kind.GAUGE: ("",)}
    told = {one.full_name + end: one for one in MEASURES.values() for end in suffixes[one.kind]}
    rules = [rule for (one,) in [documents("alerts.yaml")] for group in one["groups"] for rule in group["rules"]]

    assert len(rules) >= 8
    for rule in rules:
        named = re.findall(r"(foresell_\w+)(?:\{([^}]*)\})?", rule["expr"])
        assert named
        for name, labels in named:
            assert set(re.findall(r"(\w+)=", labels)) <= set(told[name].labels), rule["alert"]
        assert rule["annotations"]["summary"]


def test_paths_named_for_probes_and_metrics_are_routes(tmp_path: Path) -> None:
    described = create_app(ServingSettings(home=tmp_path)).openapi()["paths"]

    assert {*PROBES, "/metrics", "/v1/scores/deals"} <= described.keys()
