// Package uplink sends an outbox's batches to the centre over MQTT and applies
// the acks that come back. One goroutine owns connecting, the window of batches
// under way, and closing; the MQTT client is thrown away with each connection
// and stores nothing. A broker's PUBACK means nothing here.
//
// Everything from outside is injected, and an Uplink has no state but its own:
// one process can run thousands.
package uplink
