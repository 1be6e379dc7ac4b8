# Microsoft's own sign-in library (msal for Python) against `postern sandbox`, over https (msal_flows.py).
# It knows nothing but public settings: authority, CA file, instance_discovery=False.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ -x "${POSTERN:-}" ] || { echo "POSTERN does not name the program"; exit 1; }
command -v openssl >/dev/null || { echo "openssl is not installed"; exit 1; }
python3 -m venv venv || { echo "python3 -m venv does not work (Debian: python3-venv)"; exit 1; }
venv/bin/pip install --quiet --disable-pip-version-check msal==1.39.0 PyJWT==2.15.1 requests==2.34.2
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=daemon" -keyout key.pem -out cert.pem 2>/dev/null

"$POSTERN" sandbox --json --pages --ca-file ca.pem >card.json 2>log &
sandbox=$!
trap 'kill "$sandbox" 2>/dev/null; wait "$sandbox" 2>/dev/null || true' EXIT
for _ in $(seq 150); do
  [ -s card.json ] && break
  kill -0 "$sandbox" 2>/dev/null || { echo "the sandbox did not start:"; cat log; exit 1; }
  sleep 0.2
done
[ -s card.json ] || { echo "the sandbox printed no card"; exit 1; }
# With these set, requests would not look at the CA file that it is given, or ask a proxy for localhost.
env -u REQUESTS_CA_BUNDLE -u CURL_CA_BUNDLE NO_PROXY=localhost,127.0.0.1 venv/bin/python -W ignore "$here/msal_flows.py"
