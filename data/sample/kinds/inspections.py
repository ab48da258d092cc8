"""Random inspections (双随机、一公开): visits of several items each."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.sample.batch import Batch, as_days, at_least, each_in_turn
from data.sample.chunk import Chunk
from data.sample.reference import CHOICES
from data.sample.rng import I64, U64
from data.sample.text import cumulative_count, integers, join, take, where, words
from data.sample.world import INDIVIDUAL

DOMAIN = 40
# Visits in ten years: Anhui draws 1.5 to 3 % of the enterprises a year; other departments add theirs.
_COMPANY_VISITS = (66, 22, 8, 3, 1)
_SHOP_VISITS = (92, 6, 2)
_MAX_ITEMS = 4
# Official wording and aliases, by our result code (regulation §5.2).
_RESULTS = (
    ("未发现问题", "未发现问题", "正常", "本次抽查未发现问题"),
    ("未按规定公示应当公示的信息", "未按规定公示年报", "未按规定公示即时信息", "未按规定公示应当公示的信息"),
    ("公示信息隐瞒真实情况、弄虚作假", "隐瞒真实情况、弄虚作假", "弄虚作假", "公示信息隐瞒真实情况，弄虚作假"),
    ("通过登记的住所（经营场所）无法联系", "通过登记的住所或者经营场所无法联系", "无法联系", "查无下落"),
    ("发现问题已责令改正", "经责令已改正", "已改正", "发现问题，已责令改正"),
    ("不配合检查情节严重", "不予配合情节严重", "不配合检查，情节严重", "不配合检查情节严重"),
    ("未发现开展本次抽查涉及的经营活动", "未发现企业开展本次抽查涉及的经营活动", "未开展本次抽查涉及的经营活动",
     "未发现开展本次抽查涉及的经营活动"),
    ("发现问题待后续处理", "待后续处理", "发现问题，待后续处理", "发现问题待处理"),
    ("已关闭停业或正在组织清算", "注销", "迁出", "被吊销"),
)  # fmt: skip
# Shares seen in one district (regulation §5.2): 80 % normal, 10 % not published, 6 % corrected, 3 % unreachable.
_RESULT_WEIGHTS = (78.5, 9.5, 0.25, 3.2, 6, 0.15, 1.4, 0.6, 0.4)
_WORD_WEIGHTS = (70, 12, 10, 8)
_TASKS_A_YEAR = 24
_TYPES = words(["不定向抽查", "定向抽查", "双随机抽查"])


def make(chunk: Chunk) -> Batch:
    """All inspected items of a chunk."""
    world, entities, draws = chunk.world, chunk.entities, chunk.world.draws
    is_shop = entities.kind == INDIVIDUAL
    visits = np.where(
        is_shop,
        draws.choose("visits_s", entities.key, _SHOP_VISITS),
        draws.choose("visits_c", entities.key, _COMPANY_VISITS),
    )
    if chunk.is_first:
        chosen = at_least(
            visits > 0, np.ones(len(visits), dtype=np.bool_), entities.key, min(12, len(visits))
        )
        visits = np.where(chosen, np.maximum(visits, 1), visits)
    entity = np.repeat(np.arange(len(entities)), visits)
    visit_key = chunk.keys(DOMAIN, entity, cumulative_count(visits))
    day, task, plan = _tasks(chunk, entity, visit_key)
    worst = draws.choose("result", visit_key, _RESULT_WEIGHTS)
    worst = each_in_turn(worst, range(len(_RESULTS)), chunk.is_first)
    items = draws.between("items", visit_key, 1, _MAX_ITEMS)
    visit = np.repeat(np.arange(len(entity)), items)
    number = cumulative_count(items)
    row = entity[visit]
    key = chunk.keys(DOMAIN + 1, row, cumulative_count(np.bincount(row, minlength=len(entities))))
    table = world.reference.items
    item = _items(chunk, row, draws.below("item", visit_key, CHOICES)[visit], number)
    is_bad = (number == 0) | draws.chance("same_result", key, 0.15)
    result = np.where(is_bad | (worst[visit] >= 6), worst[visit], 0)
    word = draws.choose("result_word", key, _WORD_WEIGHTS)
    subjects, is_ambiguous = chunk.identified(row, day[visit], visit_key[visit])
    authority = _authorities(
        chunk, row, visit_key[visit], day[visit], world.reference.departments_of(table)[item]
    )
    columns = {
        "uscc": subjects["uscc"],
        "subject_name": subjects["subject_name"],
        "plan_no": plan.take(pa.array(visit)),
        "task_no": task.take(pa.array(visit)),
        "task_type": take(_TYPES, draws.below("task_type", visit_key, len(_TYPES))[visit]),
        "item": take(words([entry["item"] for entry in table]), item),
        "result": take(words([text for group in _RESULTS for text in group]), result * 4 + word),
        "authority": authority,
        "inspected_on": as_days(day[visit]),
        "updated_on": as_days(np.minimum(day[visit] + 10, world.today)),
    }
    tags = {
        "ambiguous": is_ambiguous, "is_natural": np.zeros(len(row), dtype=np.bool_), "row": row,
        "has_uscc": np.asarray(pc.is_valid(subjects["uscc"])),
    }  # fmt: skip
    return Batch("inspections", key, day[visit], columns, tags)


def _items(chunk: Chunk, row: I64, start: I64, number: I64) -> I64:
    """The items of a visit: consecutive ones of the trade's own list, so that no item comes twice."""
    choices = chunk.world.reference.choices(chunk.world.reference.items)
    own = [np.unique(line) for line in choices]
    counts = np.array([len(line) for line in own])
    starts = np.cumsum(counts) - counts
    trade = chunk.entities.trade[row]
    item: I64 = np.concatenate(own)[starts[trade] + (start + number) % counts[trade]]
    return item


def _tasks(chunk: Chunk, entity: I64, key: U64) -> tuple[I64, pa.Array, pa.Array]:
    """Day of each visit, 抽查任务编号 (region, day, serial) and 抽查计划编号 (region, year, serial)."""
    entities, draws = chunk.entities, chunk.world.draws
    day = chunk.history("visit_day", key, entities.established[entity] + 20, chunk.last_day[entity])
    task = draws.below("task", key, _TASKS_A_YEAR)
    # The task was opened on one of the days of a fortnight grid before the visit.
    opened = (day - 7) // 14 * 14
    codes = words([row["code"] for row in chunk.world.reference.divisions])
    region = take(codes, entities.division[entity])
    stamp = opened.astype("datetime64[D]").astype(str)
    date_text = pc.replace_substring(pa.array(stamp, pa.string()), "-", "")
    year = pc.utf8_slice_codeunits(date_text, 0, 4)
    numbers = join(region, date_text, integers(1000 + task, width=4))
    return day, numbers, join(region, year, integers(1000 + task // 4, width=4))


def _authorities(chunk: Chunk, row: I64, key: U64, day: I64, department: I64) -> pa.Array:
    """The authority that looks after an item: several of them take part in a joint visit (部门联合抽查)."""
    authority = chunk.offices.columns(department, chunk.acting(department, row, key), day)["authority"]
    is_short = chunk.world.draws.chance("abbreviated", key, 0.05)
    is_short &= department == chunk.world.reference.department("scjg")
    return where(is_short, pc.replace_substring(authority, "市场监督管理局", "市场监管局"), authority)
