package protocol

import "fmt"

// Fault classes what is wrong with bytes from outside, because the centre
// treats the classes differently [P-6].
type Fault uint8

const (
	Malformed  Fault = iota // not what the rules describe; counted, never acked
	BadCRC                  // bytes changed on the way; counted, never acked
	BadLimit                // a limit of section 2.4 exceeded; quarantined if the CRC is good
	BadCodec                // a codec this version does not know; quarantined
	BadVersion              // a future version of the sealed fields; ack code 5

	BadSignature // a packet to a box that none of its keys has signed [P-8.1]
)

var faultNames = names{"malformed", "crc", "limit", "codec", "version", "signature"}

func (f Fault) String() string { return faultNames.word(uint8(f)) }

// Error is a refusal of bytes or values from outside. Field names the culprit
// as SPEC.md does, Why says what was found and what is allowed.
type Error struct {
	Fault Fault
	Field string
	Why   string
}

func (e *Error) Error() string { return e.Field + ": " + e.Why }

func faultf(f Fault, field, format string, args ...any) *Error {
	return &Error{Fault: f, Field: field, Why: fmt.Sprintf(format, args...)}
}
