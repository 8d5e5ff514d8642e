#!/bin/sh
# Builds dist from src: the same bytes from the same sources wherever it runs.
#   ./build.sh          install, check the types, bundle (make web)
#   ./build.sh bundle   bundle only
set -eu
cd "$(dirname "$0")"

if [ "${1:-}" != bundle ]; then
  npm ci --ignore-scripts --no-audit --no-fund
  npx --no-install tsc --noEmit
fi

rm -rf dist
mkdir dist
cp src/index.html src/reader.html src/icon.svg src/manifest.webmanifest src/icons/*.png dist/
esbuild() {
  go tool esbuild --bundle --minify --log-level=warning --legal-comments=none \
    --target=es2022,chrome111,firefox113,safari16.4 --define:process.env.NODE_ENV='"production"' "$@"
}
esbuild src/boot.ts --format=iife --outfile=dist/boot.js
esbuild src/worker.ts --format=iife --outfile=dist/worker.js # served as /sw.js, after the list of files
# what main.js, analysis.js, people.js, data.js, boxes.js and shell.js have in common is shared.js; a second file in
# common would need a name of its own, and esbuild refuses two of one name: together.ts
esbuild src/main.tsx src/analysis.tsx src/people.tsx src/data.tsx src/boxes.tsx src/shell.tsx --format=esm --splitting --chunk-names=shared --jsx=automatic --jsx-import-source=preact --outdir=dist
esbuild src/reader.ts --format=esm --outfile=dist/reader.js
esbuild src/charts.ts --format=esm --outfile=dist/charts.js
esbuild src/boards/gridstack.ts --format=esm --outfile=dist/gridstack.js
esbuild src/app.css --outfile=dist/app.css

# what is bundled is given on under its own licences
for p in preact @preact/signals @preact/signals-core echarts zrender tslib gridstack; do
  for f in LICENSE LICENSE.txt NOTICE; do
    if [ -f "node_modules/$p/$f" ]; then
      printf '==== %s %s ====\n\n' "$p" "$f"
      cat "node_modules/$p/$f"
      printf '\n'
    fi
  done
done >dist/licences.txt

for f in dist/*; do
  printf '%8d bytes %7d gzip  %s\n' "$(wc -c <"$f")" "$(gzip -9nc "$f" | wc -c)" "$f"
done
