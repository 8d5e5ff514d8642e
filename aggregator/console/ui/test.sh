#!/bin/sh
# Runs the tests of what needs no browser. Node reads no TypeScript, hence the
# bundling; the types of the tests are checked as well.
set -eu
cd "$(dirname "$0")"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
npx --no-install tsc --noEmit -p test
go tool esbuild --bundle --platform=node --format=esm --target=node20 --log-level=warning \
  --jsx=automatic --jsx-import-source=preact \
  --out-extension:.js=.mjs --outdir="$out" test/*.test.ts
node --test --test-reporter=spec "$out"/*.mjs
