"""The fields of a Grafana dashboard as JSON schema, restated from the one Grafana publishes (grafana-foundation-sdk, Grafana 11 to 13).

No package ships it. Fields are closed, as they are there: a misspelt one is an error, where Grafana would silently drop it. Targets are
open in Grafana's own schema, which leaves them to each data source: those here are Prometheus's queries.
"""

from typing import Any

TEXT: dict[str, Any] = {"type": "string"}
NUMBER: dict[str, Any] = {"type": "number"}
WHOLE: dict[str, Any] = {"type": "integer"}
FLAG: dict[str, Any] = {"type": "boolean"}
OPEN: dict[str, Any] = {"type": "object"}


def closed(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    """An object with these fields and no others."""
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def several(item: dict[str, Any]) -> dict[str, Any]:
    """A list of such."""
    return {"type": "array", "items": item}


DATA_SOURCE = closed({"type": TEXT, "uid": TEXT})
GRID = closed(
    {
        "h": {"type": "integer", "exclusiveMinimum": 0},
        "w": {"type": "integer", "exclusiveMinimum": 0, "maximum": 24},
        "x": {"type": "integer", "minimum": 0, "exclusiveMaximum": 24},
        "y": {"type": "integer", "minimum": 0},
        "static": FLAG,
    },
    "h",
    "w",
    "x",
    "y",
)
COLOUR = closed({"mode": TEXT, "fixedColor": TEXT, "seriesBy": {"enum": ["min", "max", "last"]}}, "mode")
THRESHOLDS = closed(
    {
        "mode": {"enum": ["absolute", "percentage"]},
        # the first is null, for minus infinity
        "steps": several(closed({"value": {"type": ["number", "null"]}, "color": TEXT}, "value", "color")),
    },
    "mode",
    "steps",
)
FIELD = closed(
    {
        **dict.fromkeys(("displayName", "displayNameFromDS", "description", "path", "unit", "noValue"), TEXT),
        **dict.fromkeys(("writeable", "filterable"), FLAG),
        **dict.fromkeys(("decimals", "min", "max"), NUMBER),
        "mappings": several(OPEN),
        "thresholds": THRESHOLDS,
        "color": COLOUR,
        "links": several(OPEN),
        "custom": OPEN,
    }
)
OVERRIDE = closed(
    {
        "matcher": closed({"id": TEXT, "options": {}}, "id"),
        "properties": several(closed({"id": TEXT, "value": {}}, "id")),
    },
    "matcher",
    "properties",
)
TARGET = closed(
    {
        **dict.fromkeys(("refId", "expr", "legendFormat", "interval", "queryType"), TEXT),
        **dict.fromkeys(("instant", "range", "exemplar", "hide"), FLAG),
        "format": {"enum": ["time_series", "table", "heatmap"]},
        "editorMode": {"enum": ["code", "builder"]},
        "intervalFactor": WHOLE,
        "datasource": DATA_SOURCE,
    },
    "refId",
    "expr",
)
PANEL = closed(
    {
        **dict.fromkeys(("type", "pluginVersion", "title", "description", "repeat", "interval"), TEXT),
        **dict.fromkeys(("timeFrom", "timeShift"), TEXT),
        **dict.fromkeys(("transparent", "hideTimeOverride"), FLAG),
        **dict.fromkeys(("maxPerRow", "maxDataPoints"), NUMBER),
        "id": WHOLE,
        "tags": several(TEXT),
        "targets": several(TARGET),
        "datasource": DATA_SOURCE,
        "gridPos": GRID,
        "links": several(OPEN),
        "repeatDirection": {"enum": ["h", "v"]},
        "transformations": several(OPEN),
        "libraryPanel": closed({"name": TEXT, "uid": TEXT}, "name", "uid"),
        "options": OPEN,
        "fieldConfig": closed({"defaults": FIELD, "overrides": several(OVERRIDE)}, "defaults", "overrides"),
    },
    "type",
)
VARIABLE = closed(
    {
        "type": {
            "enum": ["query", "adhoc", "constant", "datasource", "interval", "textbox", "custom", "system"],
        },
        **dict.fromkeys(("name", "label", "description", "allValue", "regex", "query"), TEXT),
        **dict.fromkeys(("multi", "includeAll", "skipUrlSync"), FLAG),
        "hide": {"enum": [0, 1, 2]},
        "refresh": {"enum": [0, 1, 2]},
        "sort": {"enum": list(range(9))},
        "datasource": DATA_SOURCE,
        "current": OPEN,
        "options": several(OPEN),
    },
    "type",
    "name",
)
ANNOTATION = closed(
    {
        **dict.fromkeys(("name", "iconColor", "type"), TEXT),
        **dict.fromkeys(("enable", "hide"), FLAG),
        "datasource": DATA_SOURCE,
        "filter": OPEN,
        "target": OPEN,
        "builtIn": NUMBER,
    },
    "name",
    "datasource",
    "enable",
    "iconColor",
)
DASHBOARD = closed(
    {
        **dict.fromkeys(("id", "revision", "fiscalYearStartMonth", "schemaVersion", "version"), WHOLE),
        **dict.fromkeys(("uid", "title", "description", "gnetId", "timezone", "weekStart"), TEXT),
        **dict.fromkeys(("editable", "liveNow"), FLAG),
        "tags": several(TEXT),
        "graphTooltip": {"enum": [0, 1, 2]},
        "time": closed({"from": TEXT, "to": TEXT}, "from", "to"),
        "timepicker": OPEN,
        "refresh": {"anyOf": [TEXT, {"const": False}]},
        "panels": several(PANEL),
        "templating": closed({"list": several(VARIABLE)}),
        "annotations": closed({"list": several(ANNOTATION)}),
        "links": several(OPEN),
    },
    "schemaVersion",
    "templating",
    "annotations",
)
