package agent

// Clock tells a box's times. Safe for concurrent use.
type Clock interface {
	// MonoMs is milliseconds since the box started, standby included
	// (CLOCK_BOOTTIME). It never goes back.
	MonoMs() uint64
	// WallMs is the box's own idea of UTC in milliseconds, often wrong until
	// something told it the time. No decision may rest on it.
	WallMs() uint64
}
