//go:build !race

package settings

// argonMemory is the memory that a hash of a password takes, in KiB.
const argonMemory = 19456
