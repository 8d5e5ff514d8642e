// Package crashfs is a file system that remembers: every change a program makes
// to its files is written into a Journal, and from the journal come the disks
// that a power cut after any of these changes could have left.
//
// Mount puts it, by FUSE, over an ordinary folder, so that the program under
// test (in this process or another) runs unchanged, with the very system calls
// it makes in the field. Hooks refuse single changes (I/O error, no space) or
// act right before one, as killing the program does. Journal.Walk goes through
// the recorded changes and State.Image builds the files as they may lie on the
// disk after a cut at that point.
//
// The models are those of handbooks on crash consistency (ALICE, CrashMonkey,
// LazyFS): what was synced is there; what was not may be missing, there, there
// in any mixture of sectors, or there up to a point that cuts a write in two.
package crashfs
