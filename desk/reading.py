"""What an applicant typed: a USCC, a citizen's id, or a name; and the form in which names are compared.

Nothing heavy is imported here: `records.identifiers` checks whole columns and needs NumPy.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Literal, NamedTuple

from policy.folding import fold
from policy.uscc import USCC_LENGTH, uscc_defect

_CITIZEN_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
APPLICANT_MAX = 500
NAME_MAX = 200
_CODE_LENGTHS = range(15, 22)
_PERSON_MAX = 4
# As spreadsheets and their libraries write a long number: 9.13418E+17, 9,13418E+17, 9.13418E17.
_AS_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+E\+?|E\+)[0-9]+")
_NUMBER_SHOWN = 7
_DIGITS_MIN = 10  # of a telephone with its area code, the shortest number that is masked

Form = Literal["uscc", "name", "citizen", "malformed"]


class Applicant(NamedTuple):
    """Who is asked about.

    Attributes:
        form: what the text is.
        key: the USCC, or the name's key; empty where it is neither.
        shown: the text as it may be repeated, stored and printed: never a citizen's id.
        problem: short id of what is wrong with it, where it is malformed.
        has_number: a number of a person stood beside the name.
    """

    form: Form
    key: str
    shown: str
    problem: str = ""
    has_number: bool = False


def read_applicant(text: str) -> Applicant:
    """Reads what was typed; width, case, spaces, hyphens in codes and invisible marks do not matter.

    >>> read_applicant("９１３４００００７１１７７１１４３Ｊ").key
    '91340000711771143J'
    >>> read_applicant("11010519491231002X").form, read_applicant("宣城 建设").form
    ('citizen', 'name')
    >>> read_applicant("91340000711771143K").problem
    'uscc_check'
    >>> read_applicant("9.13418E+17")
    Applicant(form='malformed', key='', shown='9.13418E+17', problem='as_number', has_number=False)
    """
    # Letters and digits alone need no folding but that of case; most of what is asked is a code.
    key = text.upper() if text.isascii() and text.isalnum() else name_key(text)
    if not key:
        return Applicant("malformed", "", "", "empty")
    code = key.replace("-", "")
    if code.isascii() and code.isalnum() and not code.isalpha():
        if is_citizen_id(code):
            return Applicant("citizen", "", "公民身份号码")
        if len(code) in _CODE_LENGTHS:
            problem = uscc_defect(code)
            shown = code if not problem else _masked_code(code)
            return Applicant(
                "malformed" if problem else "uscc", "" if problem else code, shown, problem or ""
            )
    if "E" in key and _AS_NUMBER.fullmatch(key):
        # Further digits might be those of a citizen's id.
        shown = key if len(key) <= _NUMBER_SHOWN + 4 else f"{key[:_NUMBER_SHOWN]}…{key[key.index('E') :]}"
        return Applicant("malformed", "", shown[:20], "as_number")
    typed = visible(text)
    shown = without_numbers(typed)
    if len(key) > NAME_MAX:
        return Applicant("malformed", "", f"{shown[:20]}…", "too_long")
    if shown == typed:
        return Applicant("name", key, shown)
    # The lists hold names in this form, too.
    return Applicant("name", name_key(shown), shown, has_number=True)


def is_citizen_id(code: str) -> bool:
    """18 characters with a birth date (GB 11643), or 15 digits with one.

    18 digits may be a USCC and a citizen's id at once; where the check digit of the id is right, or that of the
    USCC wrong, it is taken for a person's.

    >>> is_citizen_id("110105491231002"), is_citizen_id("91340000711771143J")
    (True, False)
    """
    if len(code) == 15 and code.isdigit():
        return code[0] in "12345678" and _is_day("19" + code[6:12])
    if len(code) != USCC_LENGTH or not code[:17].isdigit() or not (code[17].isdigit() or code[17] == "X"):
        return False
    if code[0] not in "12345678" or not _is_day(code[6:14]):
        return False
    total = sum(int(char) * weight for char, weight in zip(code, _CITIZEN_WEIGHTS, strict=False))
    return "10X98765432"[total % 11] == code[17] or uscc_defect(code) is not None


def name_key(text: str) -> str:
    r"""The form in which names are compared: folded as in the policy, without marks that cannot be seen.

    >>> name_key("\u202e宣城（市）\u200b 建设")
    '宣城(市)建设'
    """
    return fold(visible(text))


def visible(text: str) -> str:
    """The text without control characters and marks that change how the rest of a line is shown."""
    if text.isprintable():
        return text.strip()
    kept = [" " if char in "\t\r\n" else char for char in text]
    return "".join(c for c in kept if unicodedata.category(c) not in ("Cc", "Cf", "Cs")).strip()


def without_numbers(text: str) -> str:
    """The text with citizens' ids, phone and bank-card numbers masked, as everywhere: the trail can forget nothing.

    >>> without_numbers("3M（宣城）有限公司"), without_numbers("经办人13812345678")
    ('3M（宣城）有限公司', '经办人[电话]')
    """
    if sum(map(str.isdigit, text)) < _DIGITS_MIN:
        return text
    from records.masking import mask_text  # heavy, and hardly any look-up comes here

    return mask_text(text)


def for_record(applicant: Applicant) -> str:
    """How an applicant that is no entity of the register is written into the audit trail.

    A short name, or one beside a person's number, may be a person's: only its first character stays, as everywhere
    in the lake.

    >>> for_record(read_applicant("王小明")), for_record(read_applicant("宣城建设有限公司"))
    ('王**', '宣城建设有限公司')
    >>> for_record(read_applicant("张三13812345678"))
    '张**'
    """
    text = applicant.shown
    if applicant.form == "name" and (
        len(applicant.key) <= _PERSON_MAX or "·" in text or applicant.has_number
    ):
        return f"{text[:1]}**"
    return text


def _masked_code(code: str) -> str:
    """A code that is none of an entity might be a mistyped id of a person."""
    return f"{code[:6]}{'*' * (len(code) - 10)}{code[-4:]}" if code[:17].isdigit() else code


def _is_day(text: str) -> bool:
    try:
        return 1850 <= date(int(text[:4]), int(text[4:6]), int(text[6:8])).year <= 2100
    except ValueError:
        return False
