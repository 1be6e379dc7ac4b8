# Microsoft's own Graph library (msgraph-sdk for Python) against the demo's sandbox, over https (msgraph_flows.py).
# It knows nothing but public settings: base URL, CA file, allowed host, a credential.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
python3 -m venv venv || { echo "python3 -m venv does not work (Debian: python3-venv)"; exit 1; }
# Its $batch module imports Deprecated and requests, which it does not ask for. Byte code is not worth its minutes.
venv/bin/pip install --quiet --disable-pip-version-check --no-compile \
  msgraph-sdk==1.65.0 msgraph-core==1.5.2 azure-core==1.41.0 Deprecated==1.3.1 requests==2.34.2
python3 - <<'PY' >ca.pem
from card import admin
print(admin("GET", "/ca")["pem"])
PY
SSL_CERT_FILE=$PWD/ca.pem NO_PROXY=localhost,127.0.0.1 venv/bin/python -W ignore "$here/msgraph_flows.py"
