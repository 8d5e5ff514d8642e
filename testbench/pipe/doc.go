// Package pipe shows that the broker between boxes and aggregator is a
// disposable pipe: what it took, confirmed with a PUBACK and forgot is sent
// again and kept once [P-2.3, I4], and so is what the ledger did not take [S6].
// The boxes' uplinks and outboxes, the consumer, the intake and the SQLite ledger
// are those of production; the broker knows nothing of boxes.
package pipe
