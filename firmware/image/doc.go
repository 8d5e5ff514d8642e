// Package image makes firmware of an agent, a target and a configuration: what is
// laid over a box's root, images of file systems, and packages for the systems
// that firmware is built with, with a manifest and a bill of materials. The same
// input gives the same bytes.
//
// It calls mksquashfs, mke2fs, debugfs and xz (testbench/setup/install.sh firmware).
package image
