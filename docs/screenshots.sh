#!/usr/bin/env bash
# Takes the pictures of the README and the docs from a running demo.
set -euo pipefail
cd "$(dirname "$0")/.."
port=8097
bin/gomtin demo --listen 127.0.0.1:$port >/dev/null & demo=$!
profile=$(mktemp -d)
trap 'kill $demo; rm -rf "$profile"' EXIT
for _ in $(seq 60); do curl -fs "http://127.0.0.1:$port/topics/doan-the-dang.json" | grep -q 'quy-che-phoi-hop' && break; sleep 0.5; done
shot() { # NAME WIDTH HEIGHT PATH [FLAGS]
	chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update --disable-sync \
		--hide-scrollbars --user-data-dir="$profile" --window-size="$2,$3" --screenshot="docs/$1.png" ${5:-} "http://127.0.0.1:$port$4" 2>/dev/null
}
article=$(curl -fs "http://127.0.0.1:$port/topics/doan-the-dang" | grep -o '/articles/[0-9a-f]*' | tail -n 1)
shot home 1200 900 /
shot topic 1200 1000 /topics/y-te
shot article 1000 1400 "$article"
shot home-phone 500 1400 /
