"""What a policy folder must be: complete, strict, unambiguous; and what its version says."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from policy import Policy, PolicyError, load_policy, policy_json_schema
from policy.reading import read_yaml

REFUSALS = read_yaml(Path(__file__).with_name("refusals.yaml"))


def refusal(folder: Path) -> PolicyError:
    with pytest.raises(PolicyError) as refused:
        load_policy(folder)
    assert "\n" not in str(refused.value)
    assert str(refused.value) == f"{refused.value.file}: {refused.value.message}"
    return refused.value


def test_a_copy_is_the_same_policy(folder: Path, shipped: Policy) -> None:
    (folder / "README.md").write_text("ignored", encoding="utf-8")
    copy = load_policy(folder)
    assert (copy.version, copy.reader_digest) == (shipped.version, shipped.reader_digest)
    label, digest = copy.version.split("+")
    assert label == "2026.11" and len(digest) == 12 and int(digest, 16) >= 0


def test_no_folder(tmp_path: Path) -> None:
    assert "no such folder" in refusal(tmp_path / "none").message


@pytest.mark.parametrize("name", sorted(policy_json_schema()))
def test_each_file_is_needed(folder: Path, name: str) -> None:
    (folder / name).unlink()
    error = refusal(folder)
    assert (error.file, error.message) == (name, "policy file is missing")


@pytest.mark.parametrize("name", ["extra.yaml", "codes.yml", "CODES2.YAML", "old/codes.yaml"])
def test_an_unknown_file_is_refused(folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("a: 1", encoding="utf-8")
    error = refusal(folder)
    assert (error.file, error.message) == (name, "unknown policy file")


@pytest.mark.parametrize(("file", "old", "new", "message"), REFUSALS)
def test_a_wrong_file_is_refused(edit: Any, file: str, old: str, new: str, message: str) -> None:
    error = refusal(edit(file, old, new))
    assert error.file == file
    assert message in error.message


def test_a_missing_parameter_is_refused(folder: Path) -> None:
    path = folder / "rules_intake.yaml"
    blocks = path.read_text(encoding="utf-8").split("\n\n")
    path.write_text("\n\n".join(b for b in blocks if "id: future_tolerance_days" not in b), encoding="utf-8")
    assert "params.future_tolerance_days: parameter is missing" in refusal(folder).message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"about: {\n", "line 2"),
        (b"\xff\xfe\x00", "is not UTF-8"),
        (b"a: 1\na: 2\n", "line 2: key 'a' stands twice"),
        (b"about: &x {b: 1}\nc: {<<: *x}\n", "unknown key"),
        (b"- 1\n", "should be an object"),
        (b"", "should be an object"),
        (b"a: !!python/object:os.system {}\n", "line 1"),
        (b"a: 1\n---\nb: 2\n", "single document"),
    ],
)
def test_bad_yaml_is_refused(folder: Path, content: bytes, message: str) -> None:
    (folder / "codes.yaml").write_bytes(content)
    error = refusal(folder)
    assert error.file == "codes.yaml" and message in str(error)


def test_yaml_traps_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "traps.yaml"
    path.write_text(
        "\ufeffday: 2026-04-01\nno: no\non: off\nzeros: 0100\nsexagesimal: 12:30:00\nfloat: 0.10\n"
        "exp: 1e3\nhex: 0x1F\ntilde: ~\nempty:\nint: 36\nneg: -3\nzero: 0\n"
        "'true': true\nFALSE: FALSE\nunder: 1_000\n",
        encoding="utf-8",
    )
    assert read_yaml(path) == {
        "day": "2026-04-01", "no": "no", "on": "off", "zeros": "0100", "sexagesimal": "12:30:00",
        "float": "0.10", "exp": "1e3", "hex": "0x1F", "tilde": None, "empty": None, "int": 36, "neg": -3,
        "zero": 0, "FALSE": "FALSE", "under": "1_000", "true": True,
    }  # fmt: skip


def reversed_keys(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: reversed_keys(data[key]) for key in reversed(list(data))}
    return [reversed_keys(item) for item in data] if isinstance(data, list) else data


def test_order_of_keys_and_comments_do_not_matter(folder: Path, shipped: Policy) -> None:
    for path in folder.glob("*.yaml"):
        turned = yaml.safe_dump(reversed_keys(read_yaml(path)), allow_unicode=True, sort_keys=False)
        path.write_text(f"# another layout\n{turned}", encoding="utf-8")
    turned_policy = load_policy(folder)
    assert turned_policy.version == shipped.version
    assert turned_policy.reader_digest == shipped.reader_digest


@pytest.mark.parametrize(
    ("file", "old", "new", "is_read_again"),
    [
        ("codes.yaml", "      - 个体户\n", "      - 个体户\n      - 个体商户\n", True),
        ("penalty_kinds.yaml", "予以警告, ", "", True),
        ("lists.yaml", "  - 异常名录\n", "", True),
        ("honours.yaml", "诚信典型单位, ", "", True),
        ("authorities.yaml", "name: 宣城市应急局", "name: 宣城市应急管理部门", True),
        ("authorities.yaml", 'valid_to: "2019-12-31"', 'valid_to: "2018-12-31"', True),
        ("divisions.yaml", "aliases: [宁国]", "aliases: [宁国, 宁国县]", True),
        ("placeholders.yaml", "- 无招牌\n", "", True),
        ("rules_eligibility.yaml", "[当场, 简易", "[当面, 简易", True),
        ("rules_eligibility.yaml", "  - {value: 36,", "  - {value: 24,", False),
        ("rules_eligibility.yaml", "reviewed_on: \"2026-11-23\"", "reviewed_on: \"2026-11-24\"", False),
        ("rules_intake.yaml", "id: freshness_days_listings", "id: freshness_days_listings ", None),
        ("points.yaml", 'event_points: "200.00"', 'event_points: "201.00"', False),
        ("penalty_kinds.yaml", "name: 行政拘留, weight: general", "name: 行政拘留, weight: serious", False),
        ("lists.yaml", "after_list_months: 0", "after_list_months: 6", False),
        ("holidays.yaml", ', worked: ["2020-01-19"]', "", False),
    ],
)  # fmt: skip
def test_what_changes_the_version_and_what_is_read_again(
    edit: Any, shipped: Policy, file: str, old: str, new: str, is_read_again: bool | None
) -> None:
    changed = load_policy(edit(file, old, new))
    assert (changed.version != shipped.version) is (is_read_again is not None)
    assert (changed.reader_digest != shipped.reader_digest) is bool(is_read_again)


def test_review_days_of_a_read_limit_do_not_read_files_again(edit: Any, shipped: Policy) -> None:
    folder = edit("rules_intake.yaml", 'review_by: "2027-06-30"', 'review_by: "2028-06-30"')
    changed = load_policy(folder)
    assert changed.version != shipped.version
    assert changed.reader_digest == shipped.reader_digest
    assert "earliest_event_on" not in changed.overdue(date(2027, 7, 1))


def test_json_schema_of_each_file() -> None:
    schemas = policy_json_schema()
    assert set(schemas) == {p.name for p in Path(sys.modules["policy"].__file__ or "").parent.glob("*.yaml")}
    for schema in schemas.values():
        assert schema["type"] == "object" and schema["additionalProperties"] is False
    value = schemas["rules_risk.yaml"]["$defs"]["DatedValue"]["properties"]
    assert value["confidence"]["enum"] == ["V", "V2", "M", "A"]
    assert value["reviewed_on"] == {
        "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
        "title": "Reviewed On",
        "type": "string",
    }


def test_loading_needs_pydantic_and_yaml_only() -> None:
    code = (
        "import sys, policy; policy.load_policy();"
        "heavy = ('pandas', 'pyarrow', 'duckdb', 'ibis', 'sklearn', 'prefect', 'records');"
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
