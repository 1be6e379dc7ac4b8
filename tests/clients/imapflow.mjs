// imapflow and nodemailer against the demo: every change is looked up at the sandbox, not at Postern.
// Started by imapflow.test.sh, beside node_modules and oracle.json.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ImapFlow } from 'imapflow';
import nodemailer from 'nodemailer';

const card = JSON.parse(readFileSync(process.env.POSTERN_CARD, 'utf8'));
const oracle = JSON.parse(readFileSync('oracle.json', 'utf8'));
const ca = readFileSync(card.ca_file, 'utf8');
const person = name => card.accounts.find(a => a.name === name);
const [anna, ben] = [person('anna'), person('ben')];
const mark = `imapflow ${Date.now()}`;
const byUid = { uid: true };

function client(user, options = {}) {
    return new ImapFlow({
        host: 'localhost', port: card.imap.tls_port, secure: true, tls: { ca }, logger: false,
        auth: { user: user.user, pass: user.password }, ...options,
    });
}

/** Asks `probe` until it gives something, at most `seconds` long. */
async function until(what, seconds, probe) {
    const end = Date.now() + seconds * 1000;
    while (Date.now() < end) {
        const found = await probe();
        if (found) return found;
        await sleep(200);
    }
    assert.fail(`not within ${seconds} s: ${what}`);
}

/** The sandbox's messages with this subject in one of Anna's folders. */
async function stored(subject, folder) {
    const query = new URLSearchParams({ mailbox: anna.mailbox, folder });
    const answer = await fetch(`${card.admin.replace(/\/$/, '')}/items?${query}`);
    assert.ok(answer.ok, `the sandbox answers ${answer.status} for ${folder}`);
    return (await answer.json()).items.filter(item => item.subject === subject);
}

async function octets(imap, uid) {
    const { content } = await imap.download(uid, undefined, byUid);
    const parts = [];
    for await (const part of content) parts.push(part);
    return Buffer.concat(parts);
}

// A certificate that nobody vouches for, and a wrong password, open nothing.
const stranger = client(anna, { tls: {} });
await assert.rejects(stranger.connect(), /certificate|self.signed/i);
stranger.close();
const wrong = client({ user: 'anna', password: 'not-the-password' });
await assert.rejects(wrong.connect(), error => error.authenticationFailed === true);
wrong.close();

const imap = client(anna);
imap.on('error', error => { throw error; });
await imap.connect();

// List: each role once, the Inbox, and a name with an umlaut.
const folders = await imap.list({ statusQuery: { messages: true, unseen: true } });
const role = use => {
    const found = folders.filter(f => f.specialUse === use);
    assert.equal(found.length, 1, `${found.length} folders are ${use}`);
    return found[0].path;
};
const [archive, trash] = ['Archive', 'Trash', 'Drafts', 'Sent', 'Junk'].map(use => role(`\\${use}`));
assert.ok(folders.some(f => /[äöüß]/.test(f.path)), 'no folder name with an umlaut');

// Read: what Graph has in the Inbox is here, octet for octet, and reading marks nothing.
const lock = await imap.getMailboxLock('INBOX');
const digests = [];
const letters = await imap.fetchAll('1:*', {
    uid: true, flags: true, envelope: true, bodyStructure: true, size: true, internalDate: true, source: true,
});
assert.equal(letters.length, imap.mailbox.exists);
for (const letter of letters) {
    assert.equal(letter.source.length, letter.size, `size of UID ${letter.uid}`);
    assert.ok(letter.bodyStructure.type && letter.envelope && letter.internalDate, `UID ${letter.uid}`);
    digests.push(createHash('sha256').update(letter.source).digest('hex'));
}
const missing = oracle.filter(digest => !digests.includes(digest));
assert.ok(oracle.length > 50 && missing.length === 0, `${missing.length} of ${oracle.length} are missing`);
const unseen = await imap.search({ seen: false }, byUid);
assert.deepEqual(unseen, letters.filter(l => !l.flags.has('\\Seen')).map(l => l.uid), 'reading marked some');

// Idle: Ben sends by nodemailer, and Anna is told.
const smtp = nodemailer.createTransport({
    host: 'localhost', port: card.smtp.port, requireTLS: true, tls: { ca },
    auth: { user: ben.user, pass: ben.password },
});
const subject = `${mark} Grüße`;
const attached = Buffer.from(Array.from({ length: 5000 }, (_, n) => (n * 7) % 256));
const before = imap.mailbox.exists;
const told = new Promise(resolve => imap.on('exists', event => event.count > before && resolve(Date.now())));
const idling = imap.idle();
await sleep(500);
const sent = await smtp.sendMail({
    from: 'Ben <ben@example.com>', to: 'Anna <anna@example.com>', subject,
    text: 'Schöne Grüße\n.\n..zwei Punkte\n', attachments: [{ filename: 'Anhang ä.bin', content: attached }],
});
const accepted = Date.now();
assert.deepEqual([sent.accepted, sent.rejected], [['anna@example.com'], []]);
const waited = (await Promise.race([told, sleep(30_000, null, { ref: false })]) ?? assert.fail('no EXISTS within 30 s')) - accepted;

// Search finds it; the parts come back as they were sent.
const [uid, ...more] = await until('the mail that Ben sent', 30, async () => {
    const found = await imap.search({ subject }, byUid);
    return found.length && found;
});
await idling;
assert.equal(more.length, 0, 'two copies of one mail');
const { content, meta } = await imap.download(uid, '2', byUid);
const got = [];
for await (const part of content) got.push(part);
assert.equal(meta.filename, 'Anhang ä.bin');
assert.ok(Buffer.concat(got).equals(attached), 'the attachment changed on the way');

// Flag: here, and what Graph knows of it there.
assert.equal((await stored(subject, 'inbox'))[0].read, false);
assert.ok(await imap.messageFlagsAdd(uid, ['\\Seen', '\\Flagged', '$Forwarded'], byUid));
await until('read at Graph', 20, async () => (await stored(subject, 'inbox'))[0].read);
const { flags } = await imap.fetchOne(uid, { flags: true }, byUid);
assert.ok(['\\Seen', '\\Flagged', '$Forwarded'].every(flag => flags.has(flag)), [...flags].join(' '));
assert.deepEqual(await imap.search({ flagged: true, subject }, byUid), [uid]);
assert.ok(await imap.messageFlagsRemove(uid, ['\\Seen', '\\Flagged'], byUid));
await until('unread at Graph', 20, async () => !(await stored(subject, 'inbox'))[0].read);

// Move: gone here, there once, and the UID that was announced reads the same octets.
const wanted = await octets(imap, uid);
const moved = await imap.messageMove(uid, archive, byUid);
const movedUid = moved.uidMap.get(uid);
assert.ok(movedUid, 'no COPYUID');
assert.deepEqual(await imap.search({ subject }, byUid), []);
await until('moved at Graph', 20, async () =>
    (await stored(subject, 'inbox')).length === 0 && (await stored(subject, 'archive')).length === 1);
lock.release();
const there = await imap.getMailboxLock(archive);
assert.ok((await octets(imap, movedUid)).equals(wanted), 'moving changed the octets');

// Append: the octets and the flags come back, Graph has it once, and not as a draft.
const appended = `${mark} abgelegt`;
const mime = Buffer.from([
    'From: Ben <ben@example.com>', 'To: Anna <anna@example.com>', `Subject: ${appended}`,
    `Message-ID: <${Date.now()}@example.org>`, 'Date: Mon, 03 Mar 2025 10:00:00 +0100', 'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8bit', '', 'Ein Grüß Gott. ', '',
].join('\r\n'));
const date = new Date('2025-03-03T09:00:00Z');
const put = await imap.append(archive, mime, ['\\Seen', '\\Flagged'], date);
assert.ok(put.uid && put.uidValidity === imap.mailbox.uidValidity, 'no APPENDUID');
assert.ok((await octets(imap, put.uid)).equals(mime), 'the octets of an APPEND changed');
const kept = await imap.fetchOne(put.uid, { flags: true, internalDate: true, size: true }, byUid);
assert.deepEqual([...kept.flags].filter(f => f !== '\\Recent').sort(), ['\\Flagged', '\\Seen']);
assert.deepEqual([kept.internalDate.getTime(), kept.size], [date.getTime(), mime.length]);
const [item, ...again] = await until('appended at Graph', 20, async () => {
    const found = await stored(appended, 'archive');
    return found.length && found;
});
assert.deepEqual([again.length, item.read, item.draft], [0, true, false]);

// Delete: out of the folder, into the deleted items, and from there for good.
assert.ok(await imap.messageDelete([movedUid, put.uid], byUid));
for (const name of [subject, appended]) {
    assert.deepEqual(await imap.search({ subject: name }, byUid), []);
    await until(`${name} deleted at Graph`, 20, async () =>
        (await stored(name, 'archive')).length === 0 && (await stored(name, 'deleteditems')).length === 1);
}
there.release();
const bin = await imap.getMailboxLock(trash);
for (const name of [subject, appended]) {
    const dead = await until(`${name} in ${trash}`, 20, async () => {
        const found = await imap.search({ subject: name }, byUid);
        return found.length && found;
    });
    assert.ok(await imap.messageDelete(dead, byUid));
    await until(`${name} gone at Graph`, 20, async () => (await stored(name, 'deleteditems')).length === 0);
}
bin.release();
await imap.logout();
smtp.close();
console.log(`${letters.length} mails read; sent by nodemailer, told after ${(waited / 1000).toFixed(1)} s; `
    + 'flagged, moved, appended, deleted');
