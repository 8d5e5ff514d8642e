// Command boxbench runs whole agents beside each other, each alone, fed with
// the same events at the same rate: ours, mosquitto_pub as the floor (it keeps
// nothing), and agents as they are often written. It prints what each takes:
// program, anonymous memory, processor time, bytes at the block device and
// bytes on the wire an event.
package main
