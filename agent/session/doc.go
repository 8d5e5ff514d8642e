// Package session knows which boot of the box this is, who the box is, and how
// its clock maps to the centre's. It stamps what is recorded.
package session
