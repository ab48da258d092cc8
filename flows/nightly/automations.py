"""Automations of the Prefect server: it tells somebody when a night fails, or when none ended well for a day.

The second is the one that a run itself cannot do. What is sent is the one line that ``status.json`` holds too.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.control.folder import existing_out
from flows.nightly.deployment import NAME
from flows.nightly.serve import enter
from flows.nightly.settings import DEPLOYMENT
from records.errors import CreditgradeError, UsageError

if TYPE_CHECKING:
    from uuid import UUID

    from prefect.client.orchestration import SyncPrefectClient

FAILED = "creditgrade night failed"
SILENT = "creditgrade night missing"
_BAD_STATES = ("Failed", "Crashed", "TimedOut")
_FAILED_BODY = "{{ flow_run.name }}: {{ flow_run.state.message or flow_run.state.name }}"


def automate(
    out: Path, *, webhook: str | None, mail: str | None, silence_hours: float, host: str, port: int
) -> list[str]:
    """Makes both automations for each way that is given, or brings them up to date.

    Args:
        out: the output folder; ``PREFECT_HOME`` lies in it.
        webhook: address that is sent ``{"subject": …, "body": …}`` by POST.
        mail: an Apprise address, ``mailto://`` or ``mailtos://``.
        silence_hours: told after so long without a night that ended well.
        host, port: of the server.

    Returns:
        a line for each automation, as read back from the server.

    Raises:
        UsageError: ``bad_address``, ``out_missing``.
        CreditgradeError: ``server_away``, ``automation_not_kept``.
    """
    existing_out(out)
    if webhook and not webhook.startswith(("http://", "https://")):
        raise UsageError("--webhook must begin with http:// or https://", rule="bad_address")
    if mail and not mail.startswith(("mailto://", "mailtos://")):
        raise UsageError("--mail must begin with mailto:// or mailtos://", rule="bad_address")
    enter(out, host, port, os.environ)
    from prefect.client.orchestration import get_client

    blocks = {}
    if webhook:
        blocks["webhook"] = _webhook(webhook)
    if mail:
        blocks["mail"] = _mail(mail)
    silence = f"no night ended well for {silence_hours:g} hours; creditgrade doctor says more"
    told = []
    with get_client(sync_client=True) as client:
        for way, block in blocks.items():
            failed, silent = f"{FAILED} ({way})", f"{SILENT} ({way})"
            _put(client, failed, _on_failure(), block, "creditgrade: the night failed", _FAILED_BODY)
            _put(
                client, silent, _on_silence(silence_hours), block, "creditgrade: no night ended well", silence
            )
            told += [_read_back(client, failed), _read_back(client, silent)]
    return told


def _webhook(url: str) -> UUID:
    from prefect.blocks.notifications import CustomWebhookNotificationBlock

    block = CustomWebhookNotificationBlock(
        name="creditgrade",
        url=url,
        json_data={"subject": "{{subject}}", "body": "{{body}}"},
        headers=None,
        cookies=None,
    )
    return _save(block, "creditgrade-webhook")


def _mail(address: str) -> UUID:
    # Prefect's open server has no block for plain mail. This one hands any address that is not Slack's to
    # Apprise as it stands, and Apprise sends mail; the address is kept as a secret.
    from prefect.blocks.notifications import SlackWebhook
    from pydantic import SecretStr

    return _save(SlackWebhook(url=SecretStr(address)), "creditgrade-mail")


def _save(block: Any, name: str) -> UUID:
    saved: UUID = block.save(name, overwrite=True)
    return saved


def _of_deployment() -> dict[str, str]:
    return {"prefect.resource.role": "deployment", "prefect.resource.name": DEPLOYMENT}


def _on_failure() -> Any:
    from prefect.events import EventTrigger
    from prefect.events.schemas.automations import Posture
    from prefect.events.schemas.events import ResourceSpecification

    return EventTrigger(
        expect={f"prefect.flow-run.{state}" for state in _BAD_STATES},
        match=ResourceSpecification.model_validate({"prefect.resource.id": "prefect.flow-run.*"}),
        match_related=ResourceSpecification.model_validate(_of_deployment()),
        posture=Posture.Reactive,
        threshold=1,
        within=timedelta(0),
    )


def _on_silence(hours: float) -> Any:
    from prefect.events import EventTrigger
    from prefect.events.schemas.automations import Posture
    from prefect.events.schemas.events import ResourceSpecification

    return EventTrigger(
        expect={"prefect.flow-run.Completed"},
        match=ResourceSpecification.model_validate({"prefect.resource.id": "prefect.flow-run.*"}),
        match_related=ResourceSpecification.model_validate(_of_deployment()),
        posture=Posture.Proactive,
        threshold=1,
        within=timedelta(hours=hours),
    )


def _put(client: SyncPrefectClient, name: str, trigger: Any, block: UUID, subject: str, body: str) -> None:
    from prefect.events.actions import SendNotification
    from prefect.events.schemas.automations import AutomationCore

    wanted = AutomationCore(
        name=name,
        description=f"made by creditgrade nightly automate for {NAME}",
        trigger=trigger,
        actions=[SendNotification(block_document_id=block, subject=subject, body=body)],
    )
    standing = client.read_automations_by_name(name)
    for surplus in standing[1:]:
        client.delete_automation(surplus.id)
    if standing:
        client.update_automation(standing[0].id, wanted)
    else:
        client.create_automation(wanted)


def _read_back(client: SyncPrefectClient, name: str) -> str:
    found = client.read_automations_by_name(name)
    if len(found) != 1 or not found[0].enabled:
        raise CreditgradeError(f"the server has not kept the automation {name!r}", rule="automation_not_kept")
    return f"{name}: on"
