"""The files of a sample: folders, formats, encodings and header styles, and who goes where.

The first entities of every sample are spread over all files, so that each format is there and none grows
with the city. The entities beyond go into the files with a `bulk` share only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Format = Literal["csv", "xlsx", "xls", "json", "jsonl", "parquet"]
Picks = Literal["any", "old", "market", "court", "fixes"]
TEXT_FORMATS = ("csv", "json", "jsonl")
WORKBOOKS = ("xlsx", "xls")


@dataclass(frozen=True)
class FileSpec:
    """One file, or one series of files where it is split.

    Attributes:
        kind: record kind.
        path: under the landing folder; its ending is the format, with `.gz` where compressed.
        style: header style (see `headers.columns`).
        share: weight among the files of its kind, for the first entities.
        bulk: weight for the entities beyond; 0: none of them.
        picks: which records it takes: any, the oldest, those of market regulation, of courts, or later
            versions of records that were delivered before.
        encoding, delimiter: of CSV; JSON is UTF-8.
        dates: style of days (see `text.DATE_STYLES`).
        null: what stands for no value in optional text columns.
        is_typed: days and amounts are cells of their own type, where the format has one.
    """

    kind: str
    path: str
    style: str
    share: float
    bulk: float = 0
    picks: Picks = "any"
    encoding: str = "utf-8"
    delimiter: str = ","
    dates: str = "slash"
    null: str = ""
    is_typed: bool = False

    @property
    def is_gz(self) -> bool:
        """Whether the file is compressed."""
        return self.path.endswith(".gz")

    @property
    def format(self) -> Format:
        """The format by the name's ending."""
        ending = self.path.removesuffix(".gz").rpartition(".")[2]
        for known in ("csv", "xlsx", "xls", "json", "jsonl", "parquet"):
            if ending == known:
                return known
        raise ValueError(self.path)

    def part(self, number: int) -> str:
        """Path of the n-th file of a series: the first has no number."""
        if number == 1:
            return self.path
        head, _, tail = self.path.partition(".")
        return f"{head}_{number:03}.{tail}"


def _f(kind: str, path: str, style: str, share: float, **more: object) -> FileSpec:
    return FileSpec(kind, path, style, share, **more)  # type: ignore[arg-type]


FILES: tuple[FileSpec, ...] = (
    _f("entities", "entities/登记/市场主体_存量.csv", "zh", 36, bulk=60, dates="iso"),
    _f("entities", "entities/登记/entities.parquet", "en", 20, bulk=25, is_typed=True),
    _f("entities", "entities/区县/市场主体_区县.csv", "variant", 14, bulk=15, encoding="gb18030", delimiter=";",
       dates="zh", null="-"),
    _f("entities", "entities/区县/广德市登记信息.xlsx", "zh", 12, is_typed=True),
    _f("entities", "entities/接口/entities.jsonl.gz", "en_camel", 10, dates="instant"),
    _f("entities", "entities/历史/企业登记_历史.xls", "zh", 8, picks="old", dates="short"),
    _f("licences", "licences/双公示/xk.csv", "code", 25, bulk=40, encoding="utf-8-sig"),
    _f("licences", "licences/双公示/行政许可.csv", "zh", 15, bulk=30, encoding="gb18030", dates="iso", null="无"),
    _f("licences", "licences/双公示/xk.parquet", "code", 12, bulk=30, is_typed=True),
    _f("licences", "licences/历史/xk2015.xls", "2015", 10, picks="old", dates="datetime"),
    _f("licences", "licences/信用中国/xk.json", "camel", 8, dates="epoch", is_typed=True),
    _f("licences", "licences/模板/行政许可模板.xlsx", "variant", 10, dates="slash"),
    _f("licences", "licences/交换/xk_snake.csv", "snake", 8, encoding="utf-16", delimiter="\t", dates="datetime"),
    _f("licences", "licences/交换/licences.csv.gz", "en", 8, encoding="gb18030", delimiter=";", dates="serial"),
    _f("licences", "licences/更正/行政许可更正.csv", "zh", 4, picks="fixes", bulk=1),
    _f("penalties", "penalties/双公示/cf.csv", "code", 25, bulk=45),
    _f("penalties", "penalties/双公示/行政处罚.csv", "zh", 14, bulk=30, encoding="gb18030", delimiter=";",
       dates="iso", null="/"),
    _f("penalties", "penalties/双公示/cf.parquet", "code", 10, bulk=25, is_typed=True),
    _f("penalties", "penalties/公示系统/gsxt.jsonl.gz", "gsxt", 8, picks="market", dates="epoch", is_typed=True),
    _f("penalties", "penalties/信用中国/cf.json", "camel", 8, dates="iso"),
    _f("penalties", "penalties/交换/cf_snake.csv", "snake", 6, encoding="utf-16", delimiter="\t", dates="datetime"),
    _f("penalties", "penalties/交换/penalties.csv", "en", 7, encoding="utf-8-sig", dates="compact"),
    _f("penalties", "penalties/更正/行政处罚更正.csv", "zh", 4, picks="fixes", bulk=1),
    _f("penalties", "行政处罚/历史/cf2015.csv", "2015", 7, picks="old", encoding="gb18030", dates="dot"),
    _f("penalties", "行政处罚/历史/行政处罚2015.xls", "2015", 6, picks="old", dates="iso", is_typed=True),
    _f("penalties", "行政处罚/模板/行政处罚模板.xlsx", "variant", 9, dates="zh"),
    _f("inspections", "inspections/双随机/抽查结果.csv", "zh", 30, bulk=60, encoding="gb18030", dates="slash"),
    _f("inspections", "inspections/双随机/results.parquet", "en", 20, bulk=40),
    _f("inspections", "inspections/公示系统/gsxt.json", "gsxt", 16, dates="iso"),
    _f("inspections", "inspections/部门/联合抽查.xlsx", "variant", 14, is_typed=True),
    _f("inspections", "inspections/部门/检查.csv.gz", "en", 12, delimiter="\t", dates="dot", null="NULL"),
    _f("listings", "listings/名录/经营异常名录.csv", "zh", 30, bulk=60, encoding="utf-8-sig", dates="zh"),
    _f("listings", "listings/名录/listings.csv", "en", 20, bulk=40, encoding="gb18030", delimiter=";", dates="iso"),
    _f("listings", "listings/公示系统/listings.jsonl", "en_camel", 14, dates="epoch", is_typed=True),
    _f("listings", "listings/法院/失信被执行人.xls", "variant", 10, picks="court", dates="short"),
    _f("listings", "listings/名录/listings.parquet.gz", "en", 12),
    _f("listings", "listings/移出/移出名录.csv", "zh", 6, picks="fixes", bulk=1, dates="slash"),
    _f("listings", "名录名单/模板/名录名单.xlsx", "zh", 12, dates="iso"),
    _f("amendments", "amendments/信用修复.csv", "zh", 60, bulk=100, encoding="utf-8-sig", dates="iso"),
    _f("amendments", "amendments/amendments.json.gz", "en", 20, dates="iso"),
    _f("amendments", "amendments/复议诉讼.xlsx", "variant", 20, dates="zh"),
    _f("honours", "守信激励/荣誉名单.csv", "zh", 50, bulk=100, encoding="gb18030", delimiter="\t", dates="zh"),
    _f("honours", "守信激励/honours.json", "en", 25, dates="iso"),
    _f("honours", "守信激励/纳税信用A级.xlsx", "variant", 25, dates="iso"),
    _f("rulings", "复核结论/复核结论.csv", "zh", 60, bulk=100, encoding="utf-8-sig", dates="iso"),
    _f("rulings", "rulings/rulings.jsonl", "en", 40, dates="iso"),
)  # fmt: skip
# Delivered twice under two names; every row of the second is a duplicate.
COPIED, COPY = "penalties/交换/cf_snake.csv", "penalties/交换/cf_snake（副本）.csv"
KINDS = ("entities", "licences", "penalties", "inspections", "listings", "amendments", "honours", "rulings")


def files_of(kind: str) -> tuple[FileSpec, ...]:
    """The files of a kind, in the order in which they choose their records."""
    return tuple(spec for spec in FILES if spec.kind == kind)
