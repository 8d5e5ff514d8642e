// Package protocol is the contract between a box and the centre: what a box
// can report (Event), how events travel (Batch), what the centre answers
// (Ack), on which topics, and every limit. SPEC.md states the same in words,
// with numbered rules; testdata/vectors states it in bytes.
//
// The package does no I/O, keeps no global state and imports nothing else of
// this project. All times are in milliseconds: "mono" counts since the box
// started (CLOCK_BOOTTIME, so standby counts too), "wall" is UTC since 1970.
package protocol
