#!/bin/busybox sh
# The first program, in the initramfs: finds the read-only root, a disk that begins
# with a squashfs, and the data partition, an ext4 labelled stbdata, whatever their
# order; mounts both and hands over to the root's init. A data partition that is
# not there or cannot be mounted stops nothing: the agent then holds events in
# memory, and says so.
/bin/busybox mkdir -p /proc /sys /dev /root
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for m in /modules/*.ko; do
	[ ! -e "$m" ] || insmod "$m" || echo "init: $m is not loaded"
done

root=""
data=""
look() {
	for d in /sys/class/block/*; do
		d=/dev/${d##*/}
		[ -b "$d" ] || continue
		if [ "$(dd if="$d" bs=4 count=1 2>/dev/null)" = hsqs ]; then
			root=$d
		elif [ "$(dd if="$d" bs=1 skip=1144 count=7 2>/dev/null)" = stbdata ]; then
			data=$d
		fi
	done
}
n=0
while look; [ -z "$root" ] || [ -z "$data" ]; do
	[ $n -lt 50 ] || break # 5 s
	n=$((n + 1))
	usleep 100000
done
if [ -z "$root" ] || ! mount -t squashfs -o ro "$root" /root; then
	echo "init: no root file system; disks: $(ls /sys/class/block)"
	poweroff -f
fi
if [ -z "$data" ] || ! mount -t ext4 -o noatime,nodev,nosuid@NOEXEC@ "$data" /root@MOUNT@; then
	echo "init: no data partition; disks: $(ls /sys/class/block)"
fi
mount --move /proc /root/proc
mount --move /sys /root/sys
mount --move /dev /root/dev
exec switch_root /root /sbin/init
