"""``creditgrade model``: train, evaluate, and decide which learned scorecard a policy uses."""

# No postponed annotations here: typer would compile each of them again at every start.

import inspect
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

model_app = typer.Typer(
    no_args_is_help=False,
    help="Learned scorecards 评分卡: train, evaluate, list, show, compare, promote, retire. None promotes itself.",
)

Out = Annotated[Path, typer.Option(metavar="DIR", help="Output folder; models lie in OUT/models.")]
MaybeOut = Annotated[Path | None, typer.Option(metavar="DIR", help="Output folder, for OUT/models.")]
Landing = Annotated[Path | None, typer.Option(metavar="DIR", help="Landed files to take in first.")]
LakeDir = Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of the lake; default OUT/lake.")]
PolicyDir = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Folder of policy files; default our own.")
]
AsOf = Annotated[str | None, typer.Option(metavar="DATE", help="Last day of the last window; default today.")]
KnownBy = Annotated[
    bool, typer.Option("--known-by", help="For each past day only what had been received by then.")
]
AcceptRefused = Annotated[
    list[str] | None, typer.Option(metavar="PATH", help="Go on without this refused file (under LANDING).")
]
Wait = Annotated[float, typer.Option(min=0, metavar="SECONDS", help="Wait for a run to end.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but errors.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show a traceback with an error.")]
Name = Annotated[str, typer.Argument(metavar="MODEL", help="Id, its beginning, or a path.")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who decides; it stands on the record.")]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why; it stands on the record.")]


def add_to(app: typer.Typer) -> None:
    """Adds ``creditgrade model`` to the command line."""
    app.add_typer(model_app, name="model")


def _over_the_lake(command: Callable[..., None]) -> Callable[..., None]:
    """Puts the options of `_asked` before the command's own; the command is handed what they ask, as ``asked``."""
    own = [one for name, one in inspect.signature(command).parameters.items() if name != "asked"]
    shared = inspect.signature(_asked).parameters

    def run(**given: Any) -> None:
        command(asked=_asked(**{name: given.pop(name) for name in shared}), **given)

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    options = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in (*shared.values(), *own)]
    run.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
    return run


def _asked(
    out: Out,
    landing: Landing = None,
    lake: LakeDir = None,
    policy: PolicyDir = None,
    as_of: AsOf = None,
    accept_refused: AcceptRefused = None,
    wait: Wait = 30,
) -> Any:
    from flows.model_training import Asked

    return Asked(
        out, landing, lake, policy, as_of, accept_refused=tuple(accept_refused or ()), wait_seconds=wait
    )


@model_app.command()
@_over_the_lake
def train(asked: Any, by: By, known_by: KnownBy = False, quiet: Quiet = False, debug: Debug = False) -> None:
    """Train a scorecard on past days and validate it; it is used by nobody until it is promoted."""
    from flows.model_training import train_model

    asked = replace(asked, as_received=known_by)
    model, place = train_model(asked, created_by=by, now=datetime.now(UTC), told=_teller(quiet))
    if not quiet:
        print("\n".join(_metrics(model.metrics, str(model.candidate["id"]))))
        print(f"\nmodel       {place}\nmodel card  {place.with_suffix('.html')}")
        print(f"use it      creditgrade model promote {place} --policy DIR --by NAME --reason TEXT")


@model_app.command()
@_over_the_lake
def evaluate(asked: Any, known_by: KnownBy = False, quiet: Quiet = False, debug: Debug = False) -> None:
    """Validate the policy's candidates on rolling windows beside every baseline; no model is made."""
    from flows.model_training import evaluate as measure

    asked = replace(asked, as_received=known_by)
    found, place = measure(asked, now=datetime.now(UTC), told=_teller(quiet))
    if not quiet:
        print("\n".join([*_ranked(found["selection"]), "", *_metrics(found["metrics"], found["chosen"])]))
        print(f"\nfigures     {place}")


@model_app.command(name="list")
def list_models(policy: PolicyDir = None, out: MaybeOut = None, debug: Debug = False) -> None:
    """List registered models with their roles, and those of OUT/models that nobody has registered."""
    from flows.model_registry import listed, policy_folder
    from publish.columns import columns

    found = listed(policy_folder(policy), out)
    if not found:
        print("no model 无模型: the expert table gives the class")
        return
    rows = [
        (one.id, one.role, one.trained_as_of, "—" if one.auc is None else f"{one.auc:.3f}") for one in found
    ]
    print("\n".join(columns(("model 模型", "role 角色", "trained as of 训练截至", "AUC"), rows, right=(3,))))


@model_app.command()
def show(
    model: Name,
    policy: PolicyDir = None,
    out: MaybeOut = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the model card there.")] = None,
    debug: Debug = False,
) -> None:
    """Show a model: what it foresees, its figures, its table of points, and every decision about it."""
    from flows.model_registry import find_model, policy_folder
    from policy.learned import read_registry

    folder = policy_folder(policy)
    found, role = find_model(model, folder, out)
    acts = tuple(act for act in read_registry(folder).acts if act.model == found.id)
    if html is not None:
        from publish.model_card import card_html

        html.write_text(card_html(found, acts), encoding="utf-8")
        print(html)
        return
    print(f"{found.id}  {role}\nforesees    {found.event.label} ({found.event.label_en})")
    print(f"trained     as of {found.trained_as_of}, {len(found.windows)} windows, by {found.created_by}")
    print(
        f"policy      {found.policy_version}\ncode        {found.code_version}\nsha256      {found.sha256}\n"
    )
    print("\n".join(_metrics(found.metrics, str(found.candidate["id"]))))
    print("\n" + "\n".join(_points(found)))
    for act in acts:
        print(f"{act.at}  {act.action}  {act.by}: {act.reason}")


@model_app.command()
def compare(
    one: Name,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="Id, its beginning, or a path.")],
    policy: PolicyDir = None,
    out: MaybeOut = None,
    debug: Debug = False,
) -> None:
    """Set two models side by side: data, figures, and points of each feature."""
    from flows.model_registry import auc_of, find_model, policy_folder
    from publish.columns import columns

    folder = policy_folder(policy)
    (a, role_a), (b, role_b) = (find_model(name, folder, out) for name in (one, other))
    rows = [
        ("role 角色", role_a, role_b),
        ("trained as of 训练截至", str(a.trained_as_of), str(b.trained_as_of)),
        ("event 事件", a.event.label, b.event.label),
        ("policy", a.policy_version, b.policy_version),
        ("windows", str(len(a.windows)), str(len(b.windows))),
        ("AUC", *(f"{x:.3f}" if (x := auc_of(m)) is not None else "—" for m in (a, b))),
        ("cuts B C D", *(" ".join(f"{m.cut_points_h[c] / 100:.2f}" for c in "BCD") for m in (a, b))),
    ]
    spans = [{i.id: _span(i) for i in m.indicators} for m in (a, b)]
    for id_ in sorted(spans[0].keys() | spans[1].keys()):
        rows.append((id_, spans[0].get(id_, "—"), spans[1].get(id_, "—")))
    print("\n".join(columns(("", a.id, b.id), rows)))
    if a.inputs != b.inputs:
        print(f"the deliveries differ: {len(set(a.inputs) ^ set(b.inputs))} are in one alone")


@model_app.command()
def promote(
    model: Name,
    by: By,
    reason: Reason,
    policy: PolicyDir = None,
    out: MaybeOut = None,
    challenger: Annotated[
        bool, typer.Option("--challenger", help="Score it beside the champion; it gives no class.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Make a model the champion of a policy (or a challenger); the champion before it retires."""
    from flows.model_registry import decide, find_model, policy_folder

    folder = policy_folder(policy)
    found, _ = find_model(model, folder, out)
    decide(
        folder, found, "challenge" if challenger else "promote", by=by, reason=reason, now=datetime.now(UTC)
    )
    print(f"{found.id} is {'a challenger' if challenger else 'the champion'} of {folder}")
    if not challenger:
        print("the policy's class_method says whether it gives the class or stands beside the expert points")


@model_app.command()
def retire(
    model: Name,
    by: By,
    reason: Reason,
    policy: PolicyDir = None,
    debug: Debug = False,
) -> None:
    """Take a model out of use; its file and the record stay."""
    from flows.model_registry import decide, find_model, policy_folder

    folder = policy_folder(policy)
    found, role = find_model(model, folder, None)
    decide(folder, found, "retire", by=by, reason=reason, now=datetime.now(UTC))
    print(f"{found.id} is retired")
    if role == "champion":
        print("no model is promoted now: class_method scorecard would refuse to run")


@model_app.command()
@_over_the_lake
def watch(asked: Any, quiet: Quiet = False, debug: Debug = False) -> None:
    """Compare what the champion foretold with what came, on labels that have matured; runs take it into account."""
    from flows.model_training import watch as look
    from policy import load_policy

    seen = look(asked, now=datetime.now(UTC), told=_teller(quiet))
    rules = load_policy(asked.policy).scorecard.drift
    if not seen.is_judged(rules.min_matured_events):
        verdict = f"too few to judge 样本太少: the policy asks for {rules.min_matured_events} events"
    elif seen.is_within(float(rules.calibration_ratio)):
        verdict = f"within the limit 未超限: a factor of {rules.calibration_ratio}"
    else:
        verdict = f"past the limit 已超限: a factor of {rules.calibration_ratio}"
    if not quiet:
        found = "—" if seen.auc is None else f"{seen.auc:.3f}"
        print(f"{seen.model}: {seen.start}..{seen.as_of}, {seen.entities:,} entities")
        print(f"events 事件  foretold {seen.foretold:.1f}  observed {seen.observed}  AUC {found}")
        print(verdict)


def _teller(quiet: bool) -> Any:
    return (lambda line: None) if quiet else (lambda line: print(line, file=sys.stderr))


def _ranked(selection: dict[str, Any]) -> list[str]:
    from publish.columns import columns

    rows = [(r["candidate"], f"{r['mean_auc']:.4f}", f"{r['features']:.1f}") for r in selection["ranked"]]
    return [
        *columns(("candidate 候选", "平均 mean AUC", "指标数 features"), rows, right=(1, 2)),
        f"chosen 选中: {rows[0][0]} — {selection['rule']}",
        f"windows that chose 用于选择的窗口: {', '.join(selection['choosing_windows'])}",
    ]


def _metrics(found: dict[str, Any], chosen: str) -> list[str]:
    """Every measure beside every method, for all windows and for the holdout; then how to read it."""
    from publish.columns import columns, display_width
    from publish.model_tables import (
        calibration_table,
        foresight_tables,
        intervals_note,
        size_of,
        stability_table,
    )

    if "resamples" not in found:
        return ["measured by another version of the program 由其他版本计量: see metrics in the model's JSON"]
    lines = [f"warning 注意: {line}" for line in found["warnings"]]
    read: dict[str, tuple[str, str]] = {"[ ]": intervals_note(found)}
    parts = [
        (size_of(found, chosen, part), foresight_tables(found, chosen, part)) for part in ("all", "holdout")
    ]
    calibrated = calibration_table(found, chosen)
    parts.append(("", [*([calibrated] if calibrated else []), stability_table(found, chosen)]))
    for title, tables in parts:
        lines += [title, "=" * display_width(title), ""] if title else []
        for one in tables:
            lines += [one.title, *columns(one.head, one.rows), ""]
            read.setdefault(one.title, (one.zh, one.en))
    if calibrated is None:
        lines += ["校准 Calibration: 样本太少，无法判断。 Too few to judge.", ""]
    lines += ["怎么读 How to read it"]
    for title, texts in read.items():
        lines += [f"  {title}", *(f"    {text}" for text in texts)]
    return lines


def _points(model: Any) -> list[str]:
    from publish.columns import columns

    rows = [(i.id, i.title, i.direction, f"{i.weight:.2f}", _span(i)) for i in model.indicators]
    return columns(("indicator 指标", "title 名称", "direction", "weight", "points 分值"), rows)


def _span(indicator: Any) -> str:
    points = [b.points_h for b in indicator.bins]
    return f"{min(points) / 100:+.2f} … {max(points) / 100:+.2f} ({len(points)})"
