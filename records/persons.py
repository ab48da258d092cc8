"""Natural persons' names inside other text (contract §3): the names a row states, and cells that look like one."""

from __future__ import annotations

import re
from collections.abc import Collection

from records.masking import mask_person

# The most frequent surnames (after 公安部《二〇二〇年全国姓名报告》), without those that open a common word of records.
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾萧肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜"
    "崔钟谭陆汪范金石廖贾夏韦付傅方白邹孟熊秦邱江尹薛闫阎段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤梅章葛舒查"
    "鲍洪戚凌甘盛芮詹常温康施文牛樊安殷颜倪易柯裴翁聂申伍欧左尤岳齐祁丘耿庄柳焦蓝兰童纪庞俞翟阮路牟管霍辛喻祝柏祖"
    "费卜柴辜车房景苗游包涂解司冉冷谷卓靳佟佘饶鲁宁尚苑屈符蒲滕季隋桂屠娄巫宫简虞邢郎麦华池窦尉鞠晏吉幸井丛晋仇卫"
    "阳楼敖闵扈匡桑岑乐邬刁储农仲郁褚苟籍粟赖缪况颉"
)
_COMPOUND = (
    "欧阳",
    "司马",
    "上官",
    "诸葛",
    "司徒",
    "夏侯",
    "皇甫",
    "尉迟",
    "公孙",
    "慕容",
    "令狐",
    "端木",
    "东方",
    "南宫",
)
_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_NAME = re.compile(rf"(?:[{_SURNAMES}][{_HAN}]{{1,3}}|(?:{'|'.join(_COMPOUND)})[{_HAN}]{{1,2}})")
# 阿依古丽·买买提: names of other nationalities, with a dot of one kind or another.
_DOTTED = re.compile(rf"[{_HAN}]{{1,12}}(?:[·•‧・．][{_HAN}]{{1,12}})+")
# A single character is no name that could be looked for in a text.
_SHORTEST = 2


def looks_like_person(text: str) -> bool:
    """Whether a whole cell could be a natural person's name.

    >>> looks_like_person("张三丰"), looks_like_person("阿依古丽·买买提"), looks_like_person("罚款五千元")
    (True, True, False)
    """
    bare = "".join(text.split())
    return _NAME.fullmatch(bare) is not None or _DOTTED.fullmatch(bare) is not None


def without_names(text: str, names: Collection[str]) -> str:
    """A text in which each of these persons' names stands as 王**.

    >>> without_names("对张三丰罚款", ["张三丰"])
    '对张**罚款'
    """
    for name in sorted({name.strip() for name in names}, key=lambda name: (-len(name), name)):
        if len(name) >= _SHORTEST:
            text = text.replace(name, mask_person(name))
    return text
