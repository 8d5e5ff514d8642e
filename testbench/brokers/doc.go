// Package brokers proves that the platform loses and doubles nothing behind
// brokers that are not its own: mosquitto, RabbitMQ and NATS, as their makers
// ship them, each with a password for every box. Its tests run the real
// programs; DESIGN.md holds the matrix of a run.
//
// Without BROKERS in the environment only the embedded broker is tried;
// BROKERS=all tries all, BROKERS=nats,mosquitto the named ones.
package brokers
