// Command boxboot boots the emulated board (testbench/armvm) from an image that
// mkimage made, as a box in the field boots: read-only squashfs, ext4 at /data,
// BusyBox init that starts the agent again whenever it ends. It posts events
// through the machine's network, cuts its power at random moments, kills and
// freezes the agent, has it take an update and one that
// dies at its first instruction (-update), resets the box to an empty disk, and at the end compares what
// it was answered with what a real aggregator on the host holds.
//
// With -base it only writes what the board's images are laid over, as tars.
package main
