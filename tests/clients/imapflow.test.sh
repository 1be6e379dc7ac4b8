# imapflow reads and changes Anna's mailbox while nodemailer, as Ben, sends to it (imapflow.mjs).
# These versions run on Debian's own Node.js (18) as well as on newer ones.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
command -v node >/dev/null || { echo "node is not installed (Debian: nodejs)"; exit 1; }
command -v npm >/dev/null || { echo "npm is not installed (Debian: npm)"; exit 1; }
major=$(node -p 'process.versions.node.split(".")[0]')
[ "$major" -ge 18 ] || { echo "node $major is too old: 18 or later is needed"; exit 1; }
# Modules are found beside the script that imports them, so it runs from this temporary folder.
npm install --silent --no-audit --no-fund --ignore-scripts imapflow@1.7.8 nodemailer@7.0.9
cp "$here/imapflow.mjs" .
# What Graph has in the Inbox, as the SHA-256 of its octets: the oracle, read without Postern.
python3 - >oracle.json <<'P'
import hashlib, json
from card import Graph, account
graph = Graph(account("anna")["mailbox"])
found = graph.all("/me/mailFolders/inbox/messages?$select=id&$top=200")
print(json.dumps([hashlib.sha256(graph.mime(m["id"])).hexdigest() for m in found]))
P
node imapflow.mjs
