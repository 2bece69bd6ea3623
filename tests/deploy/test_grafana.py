"""Grafana's page: its fields against Grafana's schema, its queries against what the engines tell."""

import json
import re

import jsonschema
import pytest

from actors.engine_reports import COUNTERS, GAUGES, TAGS
from safesweep.files import ROOT
from tests.deploy.grafana_schema import DASHBOARD

PAGE = ROOT / "deploy" / "grafana" / "safesweep.json"


@pytest.fixture
def page():
    return json.loads(PAGE.read_text())


def asked_of(page) -> list[str]:
    """Every query of the page's panels and variables."""
    targets = [target["expr"] for panel in page["panels"] for target in panel["targets"]]
    return targets + [one["query"] for one in page["templating"]["list"] if one["type"] == "query"]


def metrics_of(page) -> set[str]:
    """Names of the metrics that the page asks for, as Prometheus has them."""
    return {name for expression in asked_of(page) for name in re.findall(r"\bray_\w+", expression)}


def test_the_page_is_of_grafanas_schema(page):
    jsonschema.Draft7Validator.check_schema(DASHBOARD)
    jsonschema.Draft7Validator(DASHBOARD).validate(page)


@pytest.mark.parametrize(
    ("where", "spoil"),
    [
        ("fieldconfig", lambda page: page["panels"][0].update(fieldconfig={})),
        ("expression", lambda page: page["panels"][1]["targets"][0].update(expression="up")),
        ("25 is greater", lambda page: page["panels"][0]["gridPos"].update(w=25)),
        ("'queries' is not one of", lambda page: page["templating"]["list"][1].update(type="queries")),
        ("'annotations' is a required", lambda page: page.pop("annotations")),
    ],
)
def test_a_field_that_grafana_would_drop_is_seen(page, where, spoil):
    spoil(page)
    with pytest.raises(jsonschema.ValidationError, match=where):
        jsonschema.Draft7Validator(DASHBOARD).validate(page)


def test_the_page_asks_for_metrics_and_labels_that_there_are(page):
    told = {f"ray_{name}" for name in COUNTERS | GAUGES}
    assert metrics_of(page) <= told and len(metrics_of(page)) >= 8
    panels = [target["expr"] for panel in page["panels"] for target in panel["targets"]]
    assert all(
        'run_id=~"$run"' in part for expression in panels for part in re.findall(r"ray_\w+\{[^}]*\}", expression)
    )
    shown = {
        label
        for panel in page["panels"]
        for one in panel["targets"]
        for label in re.findall(r"{{(\w+)}}", one["legendFormat"])
    }
    assert shown <= set(TAGS) and "worker" in shown


def test_panels_have_places_of_their_own(page):
    spots = [
        (x, y)
        for grid in (panel["gridPos"] for panel in page["panels"])
        for x in range(grid["x"], grid["x"] + grid["w"])
        for y in range(grid["y"], grid["y"] + grid["h"])
    ]
    assert len(set(spots)) == len(spots) and max(x for x, _ in spots) < 24
    ids = [panel["id"] for panel in page["panels"]]
    assert len(set(ids)) == len(ids) and page["uid"] and page["schemaVersion"] >= 36
