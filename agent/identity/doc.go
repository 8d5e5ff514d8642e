// Package identity keeps a box's key and certificate [P-11]: it makes the key at the
// first boot, claims a certificate with the credential that the image brings, renews
// it, and starts over when the centre says so.
//
// Two files lie in the agent's folder, both for its owner only and replaced as a
// whole: identity.next is a key that the centre has not certified yet, identity.pem a
// key with its certificate. A key is on flash before the centre first hears of it, and
// a certificate before it is used; so a power cut at any point costs a repeat.
package identity
