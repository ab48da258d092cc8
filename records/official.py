"""Columns of the official upload layouts (双公示, 发改办财金〔2018〕424号), by code."""

from __future__ import annotations

# The official codes in the official order (regulation §4.2, §4.3).
_SUBJECT = (
    "XDR_MC", "XDR_LB", "XDR_SHXYM", "XDR_GSZC", "XDR_ZZJG", "XDR_SWDJ", "XDR_SYDW", "XDR_SHZZ", "FRDB", "FR_ZJLX",
    "FR_ZJHM", "XDR_ZJLX", "XDR_ZJHM",
)  # fmt: skip
PENALTY_COLUMNS = (
    *(f"CF_{c}" for c in _SUBJECT), "CF_WSH", "CF_WFXW", "CF_SY", "CF_YJ", "CF_CFLB", "CF_NR", "CF_NR_FK",
    "CF_NR_WFFF", "CF_NR_ZKDX", "CF_JDRQ", "CF_YXQ", "CF_GSJZQ", "CF_CFJG", "CF_CFJGDM", "CF_SJLY", "CF_SJLYDM", "BZ",
)  # fmt: skip
LICENCE_COLUMNS = (
    *(f"XK_{c}" for c in _SUBJECT), "XK_XKWS", "XK_WSH", "XK_XKLB", "XK_XKZS", "XK_XKBH", "XK_NR", "XK_JDRQ",
    "XK_YXQZ", "XK_YXQZI", "XK_XKJG", "XK_XKJGDM", "XK_ZT", "XK_LYDW", "XK_LYDWDM", "BZ",
)  # fmt: skip
