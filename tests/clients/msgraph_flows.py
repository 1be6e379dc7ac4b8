"""msgraph-sdk does with the sandbox what a mail client does: folders, messages, delta, drafts, attachments, an
upload session, sending, a batch. What it shows is compared with what it did, and with the sandbox's journal."""

import asyncio
import io
import time
import urllib.parse

from azure.core.credentials import AccessToken
from azure.core.credentials_async import AsyncTokenCredential
from kiota_abstractions.authentication import AnonymousAuthenticationProvider
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.models.attachment_item import AttachmentItem
from msgraph.generated.models.attachment_type import AttachmentType
from msgraph.generated.models.body_type import BodyType
from msgraph.generated.models.email_address import EmailAddress
from msgraph.generated.models.file_attachment import FileAttachment
from msgraph.generated.models.item_body import ItemBody
from msgraph.generated.models.mail_folder import MailFolder
from msgraph.generated.models.message import Message
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.recipient import Recipient
from msgraph.generated.users.item.mail_folders.item.messages.delta.delta_request_builder import DeltaRequestBuilder
from msgraph.generated.users.item.mail_folders.item.messages.messages_request_builder import MessagesRequestBuilder
from msgraph.generated.users.item.messages.item.attachments.create_upload_session.create_upload_session_post_request_body import (  # noqa: E501
    CreateUploadSessionPostRequestBody,
)
from msgraph.generated.users.item.messages.item.move.move_post_request_body import MovePostRequestBody
from msgraph.generated.users.item.send_mail.send_mail_post_request_body import SendMailPostRequestBody
from msgraph_core.requests.batch_request_content import BatchRequestContent
from msgraph_core.requests.batch_request_item import BatchRequestItem
from msgraph_core.tasks.large_file_upload import LargeFileUploadTask
from msgraph_core.tasks.page_iterator import PageIterator

from card import CARD, admin, arrived, deliver, graph_token, submissions

MARK = f"msgraph {time.time_ns()}"
ROOT = f"https://localhost:{urllib.parse.urlsplit(CARD['graph']).port}"
PIECE = 3_276_800


class Credential(AsyncTokenCredential):
    """A user's token from the sandbox, got once."""

    def __init__(self, user):
        self.user, self.token = user, None

    async def get_token(self, *scopes, **_):
        if self.token is None:
            self.token = AccessToken(graph_token(self.user), int(time.time()) + 3000)
        return self.token

    async def close(self):
        pass

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        pass


def adapter(provider):
    made = GraphRequestAdapter(provider)
    made.base_url = f"{ROOT}/v1.0"
    return made


def asking(builder, parameters, prefer=None):
    config = RequestConfiguration(query_parameters=getattr(builder, parameters.pop("_"))(**parameters))
    for value in prefer or []:
        config.headers.add("Prefer", value)
    return config


def to(address):
    return [Recipient(email_address=EmailAddress(address=address))]


async def folders(client):
    first = await client.me.mail_folders.get()
    assert "Posteingang" in [f.display_name for f in first.value], first
    made = await client.me.mail_folders.post(MailFolder(display_name=MARK))
    child = await client.me.mail_folders.by_mail_folder_id(made.id).child_folders.post(MailFolder(display_name="In it"))
    assert child.parent_folder_id == made.id
    renamed = await client.me.mail_folders.by_mail_folder_id(child.id).patch(MailFolder(display_name="Renamed"))
    assert renamed.display_name == "Renamed"
    try:
        await client.me.mail_folders.post(MailFolder(display_name=MARK))
        raise AssertionError("a name was taken twice")
    except ODataError as refused:
        assert refused.error.code == "ErrorFolderExists", refused
        assert refused.error.inner_error.request_id, "the error envelope is read to its end"
    tree = await client.me.mail_folders.delta.get()
    assert tree.odata_delta_link or tree.odata_next_link
    return made.id


async def messages(client, through, folder):
    for n in range(7):
        deliver("anna@example.com", f"{MARK} {n}", folder=folder)
    listing = client.me.mail_folders.by_mail_folder_id(folder).messages
    config = asking(
        MessagesRequestBuilder,
        {"_": "MessagesRequestBuilderGetQueryParameters", "select": ["subject", "isRead"], "top": 3, "count": True,
         "filter": "isRead eq false"},
        ['IdType="ImmutableId"'],
    )
    page = await listing.get(request_configuration=config)
    assert page.odata_count == 7 and len(page.value) == 3 and page.value[0].body is None, page
    seen = []
    pages = PageIterator(page, through)
    await pages.iterate(lambda message: seen.append(message.subject) or True)
    assert sorted(seen) == [f"{MARK} {n}" for n in range(7)], seen
    found = await client.me.messages.get(request_configuration=asking(
        MessagesRequestBuilder, {"_": "MessagesRequestBuilderGetQueryParameters", "search": f'"{MARK}"'}))
    assert len(found.value) == 7, found.value
    one = client.me.messages.by_message_id(page.value[0].id)
    changed = await one.patch(Message(is_read=True, categories=["Rot"]))
    assert changed.is_read and changed.categories == ["Rot"]
    mime = await one.content.get()
    assert b"\r\nSubject:" in b"\r\n" + mime, mime[:200]
    return listing


async def delta(client, listing):
    config = asking(DeltaRequestBuilder, {"_": "DeltaRequestBuilderGetQueryParameters", "select": ["subject", "isRead"]},
                    ["odata.maxpagesize=3"])
    page = await listing.delta.get(request_configuration=config)
    count, rounds = 0, 0
    while True:
        count += len(page.value)
        rounds += 1
        if page.odata_delta_link:
            break
        page = await listing.delta.with_url(page.odata_next_link).get(request_configuration=RequestConfiguration(
            headers=config.headers))
    assert count == 7 and rounds >= 3, (count, rounds)
    some = (await listing.get()).value[0]
    moved = await client.me.messages.by_message_id(some.id).move.post(MovePostRequestBody(destination_id="archive"))
    assert moved.id != some.id, "a classic id changes with the folder"
    after = await listing.delta.with_url(page.odata_delta_link).get()
    removed = [m for m in after.value if "@removed" in m.additional_data]
    assert [m.id for m in removed] == [some.id], after.value


async def sending(client):
    draft = await client.me.messages.post(Message(
        subject=f"{MARK} draft", body=ItemBody(content_type=BodyType.Text, content="Hallo"), to_recipients=to("ben@example.com")))
    assert draft.is_draft
    one = client.me.messages.by_message_id(draft.id)
    small = await one.attachments.post(FileAttachment(
        odata_type="#microsoft.graph.fileAttachment", name="a.txt", content_type="text/plain", content_bytes=b"aGFsbG8="))
    assert isinstance(small, FileAttachment) and small.name == "a.txt", small
    # Several pieces. `upload()` of this version can neither read the ranges that Outlook documents ("2097152") nor
    # stop after the last piece, so the task's own steps are taken one by one.
    octets = bytes(range(256)) * 30_000
    session = await one.attachments.create_upload_session.post(CreateUploadSessionPostRequestBody(
        attachment_item=AttachmentItem(attachment_type=AttachmentType.File, name="large.bin", size=len(octets))))
    assert session.next_expected_ranges == ["0-"], session
    task = LargeFileUploadTask(session, adapter(AnonymousAuthenticationProvider()), io.BytesIO(octets), max_chunk_size=PIECE)
    assert not task.upload_session_expired()
    at = 0
    while at < len(octets):
        end = min(at + PIECE, len(octets)) - 1
        task.next_range = f"{at}-{end}"
        answer = await task.next_chunk(task.stream)
        at = end + 1
        if at < len(octets):
            assert answer.next_expected_ranges == [str(at)], answer.next_expected_ranges
    listed = (await one.attachments.get()).value
    assert sorted(a.name for a in listed) == ["a.txt", "large.bin"], listed
    await one.send.post()
    mime = arrived("ben@example.com", f"{MARK} draft")
    assert b"large.bin" in mime and len(mime) > len(octets), len(mime)

    await client.me.send_mail.post(SendMailPostRequestBody(save_to_sent_items=False, message=Message(
        subject=f"{MARK} at once", body=ItemBody(content_type=BodyType.Html, content="<p>Hallo</p>"),
        to_recipients=to("ben@example.com"))))
    arrived("ben@example.com", f"{MARK} at once")
    for name in ("draft", "at once"):
        assert len(submissions(f"{MARK} {name}")) == 1, name
    try:
        await client.me.send_mail.post(SendMailPostRequestBody(message=Message(subject="nobody")))
        raise AssertionError("a message without recipients was sent")
    except ODataError as refused:
        assert refused.error.code == "ErrorInvalidRecipients", refused


async def batch(client, folder):
    content = BatchRequestContent()
    rename = client.me.mail_folders.by_mail_folder_id(folder).to_patch_request_information(
        MailFolder(display_name=f"{MARK} batched"))
    for name, request in {
        "me": client.me.to_get_request_information(),
        "inbox": client.me.mail_folders.by_mail_folder_id("inbox").to_get_request_information(),
        "none": client.me.mail_folders.by_mail_folder_id("AAMk").to_get_request_information(),
        "rename": rename,
    }.items():
        item = BatchRequestItem(request, id=name)
        # After the first request this version writes whole URLs here; the documentation wants them relative.
        item.url = item.url.removeprefix(f"{ROOT}/v1.0")
        content.add_request(name, item)
    answer = await client.batch.post(content)
    codes = answer.get_response_status_codes()
    assert codes == {"me": 200, "inbox": 200, "none": 400, "rename": 200}, codes
    named = await client.me.mail_folders.by_mail_folder_id(folder).get()
    assert named.display_name == f"{MARK} batched"


async def main():
    provider = AzureIdentityAuthenticationProvider(
        Credential("anna@example.com"), scopes=[f"{ROOT}/.default"], allowed_hosts=["localhost"])
    through = adapter(provider)
    client = GraphServiceClient(request_adapter=through)
    assert (await client.me.get()).mail == "anna@example.com"
    folder = await folders(client)
    listing = await messages(client, through, folder)
    await delta(client, listing)
    await sending(client)
    await batch(client, folder)
    await client.me.mail_folders.by_mail_folder_id(folder).delete()
    calls = [e["path"] for e in admin("GET", "/journal")["entries"] if e["host"] == "graph"]
    print(f"msgraph-sdk: folders, messages, delta, draft, upload in pieces, send, batch; {len(calls)} requests so far")


asyncio.run(main())
