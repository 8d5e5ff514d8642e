package settings

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// One-time codes by RFC 6238 as every authenticator knows them: SHA-1, six digits,
// steps of 30 seconds. A code of the step before or after is taken too, for clocks
// that differ.
const (
	totpStep    = 30 * time.Second
	totpSecret  = 20 // bytes
	recoverable = 10 // recovery codes
)

var base32Text = base32.StdEncoding.WithPadding(base32.NoPadding)

// totpCode is the code of a step.
func totpCode(secret []byte, step int64) string {
	mac := hmac.New(sha1.New, secret)
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(step))
	mac.Write(b[:])
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 15
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[at:])&0x7fffffff)%1_000_000)
}

// totpMatch returns the step of which a code is, if it is of one that was not used:
// later than last.
func totpMatch(secret []byte, code string, now time.Time, last int64) (step int64, ok bool) {
	at := now.Unix() / int64(totpStep/time.Second)
	for n := at - 1; n <= at+1; n++ {
		same := subtle.ConstantTimeCompare([]byte(totpCode(secret, n)), []byte(code)) == 1
		if same && n > last {
			step, ok = n, true
		}
	}
	return step, ok
}

func newTOTP() []byte {
	secret := make([]byte, totpSecret)
	_, _ = rand.Read(secret) // never fails: it ends the program instead
	return secret
}

// totpURI is what a QR code holds for an authenticator.
func totpURI(name string, secret []byte) string {
	const issuer = "IPTV"
	u := url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + issuer + ":" + name,
		RawQuery: url.Values{"secret": {base32Text.EncodeToString(secret)}, "issuer": {issuer}}.Encode()}
	return u.String()
}

// newRecovery draws recovery codes, 50 bits each, as 7KQ2M-XW4PD.
func newRecovery() []string {
	codes := make([]string, recoverable)
	for n := range codes {
		text := rand.Text()
		codes[n] = text[:5] + "-" + text[5:10]
	}
	return codes
}

// plainCode is a code as it was meant: people write spaces and small letters.
func plainCode(code string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(code))
}
