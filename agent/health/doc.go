// Package health samples how the box and the agent on it do, and records it as
// health events [P-3.10].
package health
