// imapflow and nodemailer against the demo: what is read is compared with what Graph has, not with Postern's word.
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

// A certificate that nobody vouches for, and a wrong password, open nothing.
await assert.rejects(client(anna, { tls: {} }).connect(), /certificate|self.signed/i);
const wrong = client({ user: 'anna', password: 'not-the-password' });
await assert.rejects(wrong.connect(), error => error.authenticationFailed === true);

const imap = client(anna);
imap.on('error', error => { throw error; });
await imap.connect();
assert.equal(imap.tls?.authorized ?? true, true);

// List: each role once, the Inbox, and a name with an umlaut.
const folders = await imap.list({ statusQuery: { messages: true, unseen: true } });
const role = use => {
    const found = folders.filter(f => f.specialUse === use);
    assert.equal(found.length, 1, `${found.length} folders are ${use}`);
    return found[0].path;
};
for (const use of ['Archive', 'Trash', 'Drafts', 'Sent', 'Junk']) role(`\\${use}`);
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

lock.release();
await imap.logout();
smtp.close();
console.log(`${letters.length} mails read; sent by nodemailer, told after ${(waited / 1000).toFixed(1)} s`);
