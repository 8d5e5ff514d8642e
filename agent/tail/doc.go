// Package tail shows the events of a running agent as they are recorded: a
// ring in its memory, a stream on its socket, and readable lines of them.
package tail
