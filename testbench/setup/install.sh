#!/bin/sh
# Installs the Debian packages that the named parts of the tests need, says
# which, and does nothing when they are there. Usage: install.sh PART ...
#   browser  Chromium, Node.js and npm, a CJK font for the screenshots
#   arm      QEMU's user-mode emulator, to run the box's binary
set -eu

missing=""
need() { # need COMMAND PACKAGE
	command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}
for part in "$@"; do
	case "$part" in
	browser)
		need chromium chromium
		need node nodejs
		need npm npm
		[ -e /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc ] || missing="$missing fonts-noto-cjk"
		;;
	arm) need qemu-arm qemu-user ;;
	*)
		echo "install.sh: unknown part '$part'; known: browser, arm" >&2
		exit 2
		;;
	esac
done
[ -n "$missing" ] || exit 0

root=""
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null 2>&1 || {
		echo "install.sh: these Debian packages are missing:$missing" >&2
		echo "install.sh: run as root: apt-get install --no-install-recommends$missing" >&2
		exit 1
	}
	root=sudo
fi
echo "Installing Debian packages:$missing"
$root apt-get update -qq
# shellcheck disable=SC2086 # a list of names
DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends $missing >/dev/null
