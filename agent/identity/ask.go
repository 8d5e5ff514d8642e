package identity

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"time"

	"iptvdc/protocol"
)

// ask claims a certificate for key, or renews for it, and takes the answer.
func (k *Keeper) ask(ctx context.Context, key *ecdsa.PrivateKey, claim bool) (time.Duration, error) {
	csr, err := request(key, k.c.Box)
	if err != nil {
		return 0, err
	}
	q := Question{Topic: protocol.ClaimTopic(k.c.Province, k.c.Box), Answer: protocol.IssueTopic(k.c.Province, k.c.Box)}
	c := protocol.Claim{Serial: k.c.Serial, CSR: csr}
	if claim {
		protocol.ProveClaim(q.Topic, &c, k.c.Claim)
		q.User, q.Password = k.c.Claim.ID, k.c.Claim.Secret
		var b [8]byte
		if _, err := rand.Read(b[:]); err != nil {
			return 0, err
		}
		q.Client = fmt.Sprintf("%s.%x", k.c.Claim.ID, b)
	} else {
		sum := sha256.Sum256(protocol.ClaimBytes(q.Topic, &c))
		if c.Proof, err = ecdsa.SignASN1(rand.Reader, k.held.key, sum[:]); err != nil {
			return 0, err
		}
		q.User, q.Password, q.Client, q.Certificate = k.c.Box, k.c.Token, k.c.Box+".renew", k.Certificate()
	}
	q.Packet = protocol.AppendClaim(nil, &c)
	q.Mine = func(packet []byte) bool {
		i, err := protocol.ParseIssue(packet)
		return err == nil && i.For == protocol.IssueFor(csr)
	}
	k.mu.Lock()
	k.stats.Claims++
	k.mu.Unlock()
	answer, err := k.c.Ask(ctx, q)
	if err != nil {
		return 0, err
	}
	issue, err := protocol.ParseIssue(answer)
	if err != nil {
		return 0, err
	}
	k.Heard(issue.ServerMs, k.c.MonoMs())
	return k.take(&issue, key)
}

const (
	maxPause  = 24 * time.Hour // a box must come back by itself
	busyPause = 30 * time.Second
	otherwise = time.Hour
)

// take applies an answer about key.
func (k *Keeper) take(i *protocol.Issue, key *ecdsa.PrivateKey) (time.Duration, error) {
	pause := func(def time.Duration) time.Duration {
		d := min(time.Duration(i.RetryS)*time.Second, maxPause)
		if d == 0 {
			d = def
		}
		d += k.upTo(d)
		k.rest = k.c.MonoMs() + uint64(d.Milliseconds())
		return d
	}
	switch i.Code {
	case protocol.IssueGranted:
		return looks, k.keep(key, i.Chain)
	case protocol.IssueBusy:
		return pause(busyPause), nil
	case protocol.IssueRekey:
		k.c.Log.Warn("the centre wants another key of this box", "why", i.Why)
		return k.rekey(key)
	}
	k.mu.Lock()
	k.stats.Refused++
	k.stats.State, k.stats.Why = "refused", i.Why
	k.mu.Unlock()
	k.c.Log.Error("the centre gives this box no certificate; recording goes on", "why", i.Why)
	return pause(otherwise), nil
}
