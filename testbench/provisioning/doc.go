// Package provisioning tries the certificates of boxes with all real parts: the
// agent's key and its questions, TLS, the broker, the registry with its authority.
package provisioning
