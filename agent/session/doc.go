// Package session knows which boot of the box this is, who the box is, and how
// its clock maps to the centre's; it stamps what is recorded. Its Machine makes
// complete events of what pages and the middleware report piece by piece, and
// tells of power cuts. DESIGN.md of package agent has its states and rules.
package session
