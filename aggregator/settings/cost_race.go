//go:build race

package settings

// argonMemory under the race detector, which makes a real hash take seconds. It looks
// for races in tests, not for strength.
const argonMemory = 64
