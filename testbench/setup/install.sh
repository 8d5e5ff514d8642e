#!/bin/sh
# Installs the Debian packages that the named parts of the tests need, says
# which, and does nothing when they are there. Usage: install.sh PART ...
#   browser  Chromium, Node.js and npm, a CJK font for the screenshots
#   arm      QEMU's user-mode emulator, to run the box's binary
#   system   QEMU's board emulator and what makes its disks, to boot an ARM machine
#   flash    what makes and mounts a file system of our own, and mosquitto as a peer
#   es3      JE, an interpreter of ECMAScript 3, to run the SDK for EPG pages
#   prometheus  promtool, to check and try out alert rules; its service is kept from
#            starting
#   brokers  mosquitto and RabbitMQ, their services kept from starting; NATS, two
#            versions, built into bin/brokers
#   databases  PostgreSQL, MariaDB and ClickHouse, their services kept from starting:
#            what own data sources are asked of
#   app      what makes Android packages: aapt, zipalign, apksigner, smali, Java
#   firmware what mkimage calls: squashfs-tools, e2fsprogs, xz
#   firmware-lint  what checks the formats of firmware: shellcheck, checkpolicy, m4, lintian, systemd,
#            rauc and swupdate with openssl and cpio, their services kept from starting
#   chdb     ClickHouse's engine as a library, from npm into bin/chdb: a peer in benches
set -eu

missing=""
services="" # that come with packages and must not run
chdb=""
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
	system)
		need qemu-system-arm qemu-system-arm
		[ -x /usr/sbin/mkfs.ext4 ] || missing="$missing e2fsprogs"
		;;
	flash)
		need mkfs.ext4 e2fsprogs
		need findmnt util-linux
		need mosquitto_pub mosquitto-clients
		[ -x /usr/sbin/mosquitto ] || missing="$missing mosquitto"
		services="$services mosquitto"
		;;
	firmware)
		need mksquashfs squashfs-tools
		need xz xz-utils
		[ -x /usr/sbin/mke2fs ] || missing="$missing e2fsprogs"
		;;
	firmware-lint)
		need shellcheck shellcheck
		need checkpolicy checkpolicy
		need m4 m4
		need lintian lintian
		need systemd-analyze systemd
		need rauc rauc
		need swupdate swupdate
		need openssl openssl
		need cpio cpio
		services="$services rauc swupdate swupdate-progress"
		;;
	prometheus)
		need promtool prometheus
		services="$services prometheus"
		;;
	es3) perl -MJE -e 1 2>/dev/null || missing="$missing libje-perl" ;;
	brokers)
		[ -x /usr/sbin/mosquitto ] || missing="$missing mosquitto"
		[ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || missing="$missing rabbitmq-server"
		services="$services mosquitto rabbitmq-server epmd"
		for version in 2.12.4 2.15.2; do
			nats="$(cd "$(dirname "$0")/../.." && pwd)/bin/brokers/nats-$version"
			[ -x "$nats/nats-server" ] && continue
			echo "Building NATS $version"
			# Not of this module: nothing that is shipped depends on it.
			GOBIN="$nats" go install "github.com/nats-io/nats-server/v2@v$version"
		done
		;;
	databases)
		ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing="$missing postgresql"
		need mariadbd mariadb-server
		need clickhouse-server clickhouse-server
		services="$services postgresql mariadb clickhouse-server"
		;;
	app)
		need aapt aapt
		need zipalign zipalign
		need apksigner apksigner
		need smali libsmali-java
		need keytool openjdk-17-jre-headless
		[ -e /usr/share/android-framework-res/framework-res.apk ] || missing="$missing android-framework-res"
		;;
	chdb) # unpacked below, once npm is there
		need npm npm
		chdb=yes
		;;
	*)
		echo "install.sh: unknown part '$part'; known: browser, arm, system, flash, es3, prometheus, brokers, databases, app, firmware, firmware-lint, chdb" >&2
		exit 2
		;;
	esac
done
unpack_chdb() {
	folder="$(cd "$(dirname "$0")/../.." && pwd)/bin/chdb"
	[ -e "$folder/libchdb.so" ] && return
	echo "Fetching ClickHouse's engine from npm (170 MB)"
	mkdir -p "$folder"
	(cd "$folder" && npm pack --silent @chdb/lib-linux-x64-gnu@26.5.3 >/dev/null)
	tar -xzf "$folder"/chdb-lib-linux-x64-gnu-26.5.3.tgz -C "$folder" --strip-components=1 package/libchdb.so
	rm "$folder"/chdb-lib-linux-x64-gnu-26.5.3.tgz
}
[ -n "$missing" ] || {
	[ -z "$chdb" ] || unpack_chdb
	exit 0
}

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
policy=/usr/sbin/policy-rc.d # asked by packages before they start a service
if [ -n "$services" ] && [ ! -e "$policy" ]; then
	trap '$root rm -f "$policy"' EXIT
	printf '#!/bin/sh\nexit 101\n' | $root tee "$policy" >/dev/null
	$root chmod 755 "$policy"
fi
# shellcheck disable=SC2086 # a list of names
DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends $missing >/dev/null
if [ -n "$services" ] && [ -d /run/systemd/system ]; then
	for service in $services; do # nor at the next boot
		case "$missing" in *mosquitto* | *rabbitmq* | *prometheus* | *swupdate*) $root systemctl disable --quiet "$service" || true ;; esac
	done
fi
[ -z "$chdb" ] || unpack_chdb
