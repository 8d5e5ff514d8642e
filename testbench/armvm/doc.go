// Package armvm boots a small ARM machine, as a set-top box has one: QEMU's
// `virt` board with one Cortex-A7 and 128 MB, Debian's armmp kernel, BusyBox, a
// data disk with ext4 and a network that reaches the host as 10.0.2.2. The
// instructions are emulated, so its times say little; the kernel is real, so what
// it says of memory and writes holds for a box.
//
// It needs the programs qemu-system-arm, mkfs.ext4, apt-get and dpkg-deb
// (testbench/setup/install.sh system), no root rights, and once the network, for
// kernel and BusyBox.
package armvm
