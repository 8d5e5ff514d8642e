// Package agent is the core of the program on the box: it takes events in,
// keeps them until the centre has them, and counts what it had to drop. The
// packages below it are its parts: localapi takes events from pages and
// middleware, session knows the box's boots and identity, outbox keeps, uplink
// sends. DESIGN.md tells how they work together and what each failure does.
package agent
