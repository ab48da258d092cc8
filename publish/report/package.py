"""Open formats: a Frictionless data package of the snapshot's CSV files, and the data dictionary as a page."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import pyarrow as pa

from publish.fields import meaning, title
from publish.tables import TABLES, TableSpec
from records.registry import FIELDS
from records.schema import KINDS_ZH

_TYPES = {pa.string(): "string", pa.date32(): "date", pa.float64(): "number", pa.int64(): "integer",
          pa.bool_(): "boolean"}  # fmt: skip


def datapackage(manifest: Mapping[str, Any], folder: str) -> dict[str, Any]:
    """``datapackage.json`` (Frictionless Data Package 1.0) of the CSV files of a snapshot.

    Args:
        manifest: of the snapshot.
        folder: path from the package to the snapshot, ``/`` between its parts.
    """
    listed = {o["path"]: o for o in manifest["outputs"]}
    return {
        "profile": "tabular-data-package",
        "name": "creditgrade-" + str(manifest["snapshot"]).replace("=", "-").replace("_", "-").lower(),
        "title": f"企业信用风险分类 {manifest['as_of']}",
        "description": "For supervisors only; desk/ tables hold no class. 仅供监管内部使用。",
        "created": manifest["created_at"],
        "version": manifest["policy_version"],
        "resources": [_resource(spec, listed[spec.csv], folder) for spec in TABLES if spec.csv in listed],
    }


def _resource(spec: TableSpec, output: Mapping[str, Any], folder: str) -> dict[str, Any]:
    zh, en = title(spec)
    schema: dict[str, Any] = {
        "fields": [_field(field) for field in spec.schema],
        "missingValues": [""],
    }
    if spec.key and len(spec.key) < len(spec.schema.names):
        schema["primaryKey"] = list(spec.key)
    return {
        "profile": "tabular-data-resource",
        "name": spec.name.replace("_", "-"),
        "path": f"{folder}/{spec.csv}",
        "title": zh,
        "description": en,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": output["bytes"],
        "hash": f"sha256:{output['sha256']}",
        "schema": schema,
    }


def _field(field: pa.Field) -> dict[str, Any]:
    one = meaning(field.name)
    is_list = pa.types.is_list(field.type)
    made: dict[str, Any] = {
        "name": field.name,
        "title": one.zh,
        "description": one.en + (" (several, joined by ;)" if is_list else ""),
        "type": "string" if is_list else _TYPES[field.type],
    }
    if made["type"] == "boolean":
        made |= {"trueValues": ["true"], "falseValues": ["false"]}
    if one.unit:
        made["unit"] = one.unit
    if not field.nullable:
        # A list is never null, but it may be empty, and an empty cell is a missing value.
        made["constraints"] = {"required": not is_list}
    return made


def dictionary() -> str:
    """The data dictionary, Markdown: what is delivered (the field registry) and what a snapshot holds."""
    parts = [
        "# Data dictionary 数据字典\n",
        "Made by `make docs` from `records/registry.py` and `publish/fields.py`; not to be edited."
        "\n由字段登记表生成，请勿手工修改。\n",
        "## Snapshot 快照\n",
    ]
    for spec in TABLES:
        zh, en = title(spec)
        parts.append(f"### `{spec.folder}/{spec.name}` {zh}\n\n{en}.\n")
        parts.append(
            "| column | 含义 | meaning | type | unit | null |\n| --- | --- | --- | --- | --- | --- |"
        )
        for field in spec.schema:
            one = meaning(field.name)
            kind = "list" if pa.types.is_list(field.type) else _TYPES[field.type]
            is_nullable = field.nullable and kind != "list"
            parts.append(
                f"| `{field.name}` | {one.zh} | {one.en} | {kind} | {one.unit or ' '} |"
                f" {'yes' if is_nullable else 'no'} |"
            )
        parts.append("")
    parts.append("## Deliveries 报送数据\n")
    for kind, fields in FIELDS.items():
        parts.append(f"### `{kind}` {KINDS_ZH[kind]}\n")
        parts.append("| column | 中文 | type | mandatory | headers |\n| --- | --- | --- | --- | --- |")
        for one_field in fields:
            headers = "、".join(one_field.headers).replace("|", "\\|") or " "
            must = (
                "yes" if one_field.is_mandatory_value else "column" if one_field.is_mandatory_column else "no"
            )
            parts.append(f"| `{one_field.name}` | {one_field.zh} | {one_field.type} | {must} | {headers} |")
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


def dictionary_html() -> str:
    """The same tables as a page of its own, for those who open the report's folder."""
    rows = []
    for spec in TABLES:
        zh, en = title(spec)
        rows.append(
            f"<h2>{escape(zh)} <small>{spec.folder}/{spec.name}</small></h2><p>{escape(en)}</p><table>"
        )
        rows.append("<tr><th>字段</th><th>含义</th><th>meaning</th><th>unit</th></tr>")
        for field in spec.schema:
            one = meaning(field.name)
            rows.append(
                f"<tr><td><code>{field.name}</code></td><td>{escape(one.zh)}</td><td>{escape(one.en)}</td>"
                f"<td>{one.unit}</td></tr>"
            )
        rows.append("</table>")
    style = (
        'body{font:14px/1.6 "Noto Sans CJK SC","Microsoft YaHei",sans-serif;max-width:62rem;margin:2rem auto;'
        "padding:0 1rem}table{border-collapse:collapse;width:100%}"
        "td,th{border-bottom:1px solid #ddd;padding:.25rem .5rem;text-align:left}"
        "h2{font-size:1.05rem;margin-top:1.6rem}small{color:#667;font-weight:400}"
    )
    return (
        '<!doctype html>\n<html lang="zh-CN"><head><meta charset="utf-8"><title>数据字典 Data dictionary</title>'
        f"<style>{style}</style></head><body><h1>数据字典 Data dictionary</h1>{''.join(rows)}</body></html>\n"
    )
