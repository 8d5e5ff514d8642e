// Package feeds plays fourteen provinces' business systems: who subscribes, what
// becomes of them day by day, what is sold and what is on offer. It writes that
// as the provinces' own files, each in its dialect and with the dirt of the
// field, and beside them the plain truth, so that what the platform makes of the
// files can be held against it.
//
// The people are those of a fleet's town, and more beside them who have no box
// that reports. What the package writes depends on its Config alone.
package feeds
