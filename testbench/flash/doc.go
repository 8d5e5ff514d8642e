// Command flash measures what keeping events costs a box's flash: bytes and
// write requests at the block device, the file system's journal included, for
// our outbox and for the ways that other agents keep theirs. Each way runs
// alone on a fresh ext4 with blocks of 4 KiB (small images would get 1 KiB and
// flatter everybody) on a loop device.
//
// Commits that follow one another without a pause share the tick of an inode's
// time and so the journal's work; on a box they are seconds apart. So each way
// is measured twice: back to back, and with a pause before each commit that is
// longer than a tick.
package main
