#!/bin/bash
# One life of the service under a real systemd; prints one "ok NAME" line for each thing seen, and ends 0 when all were.
# Arguments: the checkout, a folder with the site-packages of its virtual environment.
set -eu
checkout=$1 packages=$2

say() { echo "ok $1"; }
wait_for() { # what, command...
    local what=$1; shift
    for _ in $(seq 300); do "$@" >/dev/null 2>&1 && { say "$what"; return; }; sleep 0.1; done
    echo "not seen: $what"; journalctl -u reminderd -o cat --no-pager | tail -30; exit 1
}

mkdir -p /opt/reminderd /etc/reminderd/jobs.d
cp -r "$packages" /opt/reminderd/packages
cp -r "$checkout/reminderd" /opt/reminderd/packages/
cat > /usr/local/bin/reminderd <<'SCRIPT'
#!/bin/sh
PYTHONPATH=/opt/reminderd/packages exec /usr/bin/python3 -m reminderd "$@"
SCRIPT
chmod 755 /usr/local/bin/reminderd
chmod -R a+rX /opt/reminderd
cp "$checkout/systemd/reminderd.service" /etc/systemd/system/

reminderd sandbox --port 0 --quiet --ledger /run/ledger.jsonl --ready-file /run/sandbox.json >/run/sandbox.log 2>&1 &
sandbox=$!
trap 'kill $sandbox' EXIT
wait_for "the sandbox listens" test -s /run/sandbox.json
url=$(sed -nE 's/.*"url": *"([^"]+)".*/\1/p' /run/sandbox.json)
token=$(python3 -c 'import sys; sys.path.insert(0, "/opt/reminderd/packages"); from reminderd.gateway.sandbox import AUTH_ID, AUTH_TOKEN; print(AUTH_ID, AUTH_TOKEN)')
cat > /etc/reminderd/reminderd.yaml <<SETTINGS
plivo:
  auth_id: ${token% *}
  auth_token: ${token#* }
  sender: "+14155550100"
  url: $url
SETTINGS
cat > /etc/reminderd/jobs.d/tick.yaml <<'JOB'
schedule: {every: 1s, from: "2026-01-01T00:00:00Z"}
to: "+14155550101"
message: "It is {{ due_at.isoformat() }}."
JOB

systemctl daemon-reload
systemctl start reminderd
say "started, so READY was sent"
systemctl show -p StatusText reminderd | grep -q "1 jobs" && say "STATUS is shown"
wait_for "a message is accepted" test -s /run/ledger.jsonl

echo 'schedule: {cron: "0 9 * *"}' > /etc/reminderd/jobs.d/broken.yaml
if systemctl reload reminderd; then echo "not seen: a broken file fails the reload"; exit 1; fi
say "a broken file fails the reload"
rm /etc/reminderd/jobs.d/broken.yaml
systemctl reload reminderd && say "a good reload succeeds"

systemctl kill -s KILL --kill-who=main reminderd
wait_for "it is killed" sh -c 'systemctl show -p NRestarts reminderd | grep -q =1'
wait_for "it is started again" systemctl is-active reminderd
before=$(wc -l < /run/ledger.jsonl)
wait_for "it sends again" sh -c "test \$(wc -l < /run/ledger.jsonl) -gt $before"

systemctl stop reminderd
systemctl show -p Result reminderd | grep -q =success && say "it stops cleanly"
python3 - <<'CHECK' && say "nothing was accepted twice"
import collections, json
texts = collections.Counter(json.loads(line)["text"] for line in open("/run/ledger.jsonl"))
twice = [text for text, number in texts.items() if number > 1]
assert not twice, twice
CHECK
journalctl -u reminderd -o cat --no-pager | grep -q "delivery.accepted job=tick" && say "the journal has its events"
