package provision

import (
	"maps"
	"sync"
	"sync/atomic"
)

// Why a claim, or a connection, is refused. These words stand on the wire, in
// metrics and in lists; none of them is ever given another meaning.
const (
	ReasonMalformed    = "malformed"     // no claim at all
	ReasonProof        = "proof"         // not made with the credential, or not signed by the key of the box
	ReasonCSR          = "csr"           // asks for what is not given
	ReasonCredential   = "credential"    // there is no such credential, or another secret
	ReasonClaimRevoked = "claim_revoked" // the credential was revoked
	ReasonClaimExpired = "claim_expired" // for new boxes
	ReasonClaimFull    = "claim_full"    // as many boxes as it is for have come of it
	ReasonProvince     = "province"      // the credential is of another
	ReasonUnlisted     = "unlisted"      // the serial is not on the credential's list
	ReasonTaken        = "taken"         // the box has a certificate of another key
	ReasonSerialTaken  = "serial_taken"  // the serial is another box's
	ReasonBoxTaken     = "box_taken"     // the box id is another serial's
	ReasonKeyTaken     = "key_taken"     // the key is another box's
	ReasonRevoked      = "revoked"       // the box was revoked
	ReasonUnknown      = "unknown"       // a renewal of a box that has no certificate
	ReasonBusy         = "busy"          // nothing was decided
	ReasonBare         = "bare"          // a box that has a certificate came without
	ReasonForeign      = "foreign"       // the certificate is not of our authority
	ReasonEnded        = "ended"         // its time is over
	ReasonName         = "name"          // it is another box's
	ReasonVoid         = "void"          // its key was replaced
)

// Counts counts by word. The zero value is ready; safe for concurrent use.
type Counts struct {
	mu sync.Mutex
	n  map[string]uint64
}

func (c *Counts) add(word string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[string]uint64{}
	}
	c.n[word]++
}

// All returns a copy.
func (c *Counts) All() map[string]uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.n)
}

// Of is the count of one word.
func (c *Counts) Of(word string) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n[word]
}

// Stats counts since the start.
type Stats struct {
	// Claims counts claims and renewals by what came of them: claimed, again,
	// renewed, rekey, busy, or the reason of the refusal.
	Claims Counts
	// Turned counts connections refused, by reason.
	Turned Counts
	// Suspects counts signs of clones, by kind.
	Suspects Counts
	// Failures counts calls to the registry's file that failed.
	Failures atomic.Uint64
}

// Stats returns the live counters.
func (r *Registry) Stats() *Stats { return &r.stats }
