# imapflow (Node, what many web mailers are built on) appends, flags, copies, moves, deletes, and hears of what others do.
set -euo pipefail
command -v npm >/dev/null || { echo "npm is not installed"; exit 1; }
# As in imapflow.test.sh, the newest for Debian's own Node.js.
npm install --silent --no-audit --no-fund --ignore-scripts imapflow@1.7.8
cat >flow.mjs <<'JS'
import { ImapFlow } from 'imapflow';
import assert from 'node:assert/strict';
import fs from 'node:fs';

const card = JSON.parse(fs.readFileSync(process.env.POSTERN_CARD, 'utf8'));
const user = card.accounts.find((a) => a.name === 'ben');
const connect = async () => {
  const client = new ImapFlow({
    host: 'localhost', port: card.imap.tls_port, secure: true, logger: false,
    tls: { ca: fs.readFileSync(card.ca_file) },
    auth: { user: user.user, pass: user.password },
  });
  await client.connect();
  return client;
};
const within = (what, promise) => Promise.race([promise, new Promise((_, no) =>
  setTimeout(() => no(new Error(`${what}: nothing within 20 s`)), 20000).unref())]);
const mail = (subject) => `From: Ben <ben@example.com>\r\nTo: anna@example.com\r\nSubject: ${subject}\r\n` +
  `Message-ID: <${subject}@imapflow.example.com>\r\nX-Odd:  two  spaces\r\n\r\nText of ${subject}.\r\n`;

const a = await connect();
const b = await connect();
for (const name of ['UIDPLUS', 'MOVE', 'IDLE', 'SPECIAL-USE']) assert(a.capabilities.has(name), name);
assert.equal(a.capabilities.get('APPENDLIMIT'), 157286400);

// Mailboxes.
assert.equal((await a.mailboxCreate(['Flow', 'Größe'])).created, true);
assert.equal((await a.mailboxCreate(['Flow', 'Größe'])).created, false);
await a.mailboxRename('Flow/Größe', 'Flow/Klein');
const paths = (await a.list()).map((box) => box.path);
assert(paths.includes('Flow/Klein') && !paths.includes('Flow/Größe'), paths.join());

// What is appended reads back octet for octet, under the UID that APPENDUID told, and others hear of it.
await b.mailboxOpen('Flow/Klein');
const heard = within('EXISTS', new Promise((yes) => b.once('exists', yes)));
const date = new Date('2024-02-02T03:04:05Z');
const one = await a.append('Flow/Klein', mail('eins'), ['\\Seen', 'Rot'], date);
assert.equal(one.uid, 1);
assert.equal((await heard).count, 1);
await a.append('Flow/Klein', mail('zwei'), ['\\Flagged']);
await a.mailboxOpen('Flow/Klein');
assert(a.mailbox.permanentFlags.has('\\*') && a.mailbox.permanentFlags.has('\\Deleted'));
const got = await a.fetchOne('1', { source: true, flags: true, internalDate: true }, { uid: true });
assert.equal(got.source.toString(), mail('eins'));
assert.deepEqual([...got.flags].sort(), ['Rot', '\\Seen']);
assert.equal(got.internalDate.getTime(), date.getTime());

// Flags; a second client hears of them while idling.
const flags = within('FETCH', new Promise((yes) => b.on('flags', (e) => e.uid === 2 && e.flags.has('\\Answered') && yes(e))));
assert(await a.messageFlagsAdd('2', ['\\Answered', 'Blau'], { uid: true }));
assert(await a.messageFlagsRemove('1', ['\\Seen', 'Rot'], { uid: true }));
assert.deepEqual([...(await flags).flags].sort(), ['Blau', '\\Answered', '\\Flagged', '\\Recent']);
const now = await a.fetchOne('1', { flags: true }, { uid: true });
assert.equal(now.flags.size, 0);

// COPY, MOVE, DELETE.
const copied = await a.messageCopy('1:2', 'Flow', { uid: true });
assert.deepEqual([...copied.uidMap.keys()], [1, 2]);
const gone = within('EXPUNGE', new Promise((yes) => b.once('expunge', yes)));
const moved = await a.messageMove('2', 'Flow', { uid: true });
assert.equal(moved.uidMap.size, 1);
await gone;
assert.equal((await a.status('Flow', { messages: true })).messages, 3);
assert(await a.messageDelete('1', { uid: true }));
assert.equal(a.mailbox.exists, 0);
await a.mailboxOpen('Flow');
const wanted = await a.search({ header: { 'message-id': '<zwei@imapflow.example.com>' } }, { uid: true });
assert.equal(wanted.length, 2);
assert(wanted.includes(moved.uidMap.get(2)));
assert.equal(await a.messageMove('1', 'Nirgends', { uid: true }), false);

// Away with it all. A mailbox with others below stays.
await assert.rejects(a.mailboxDelete('Flow'));
await b.mailboxClose();
await a.mailboxDelete('Flow/Klein');
await a.mailboxDelete('Flow');
assert(!(await a.list()).some((box) => box.path === 'Flow'));
await a.logout();
await b.logout();
console.log('appended, flagged, copied, moved, deleted; the second client heard of it');
JS
node flow.mjs
