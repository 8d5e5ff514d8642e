// Package outbox keeps a box's events until the centre has acknowledged them.
//
// Outbox is the decision logic: numbering, sealing, the chain, the floor, what
// an ack deletes, what is evicted when flash is full, and when a new epoch
// begins. It does no I/O of its own; a Disk commits each Change atomically and
// durably, and memory follows the commit, never leads it. SQLite is the Disk of
// a real box, Memory that of light boxes and simulations: the very same Outbox
// runs over both. DESIGN.md gives the reasons.
package outbox
